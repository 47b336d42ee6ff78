"""The tickers of a configuration: what each one is, where it comes from, and what is known of it."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from simmer.base.settings import settings

# etf: a traded price; index: a price level, often without volume in its early years;
# no_volume_index: a level that nobody trades, such as the VIX.
Kind = Literal["etf", "index", "no_volume_index"]
KINDS = get_args(Kind)

# The ticker whose features `features.vix` adds.
VIX_TICKER = "VIX"


@dataclass(frozen=True)
class KnownTicker:
    """What is known of a ticker beforehand.

    Attributes:
        kind: one of `KINDS`.
        symbol: the vendor's name for it.
        first_date: first bar of the vendor's history (ISO); for a fund the day it was listed.
    """

    kind: str
    symbol: str
    first_date: str


KNOWN_TICKERS = {
    "SPY": KnownTicker("etf", "SPY", "1993-01-29"),
    "DIA": KnownTicker("etf", "DIA", "1998-01-20"),
    "QQQ": KnownTicker("etf", "QQQ", "1999-03-10"),
    "DJI": KnownTicker("index", "^DJI", "1992-01-02"),
    "IXIC": KnownTicker("index", "^IXIC", "1971-02-05"),
    "GSPC": KnownTicker("index", "^GSPC", "1927-12-30"),
    "VIX": KnownTicker("no_volume_index", "^VIX", "1990-01-02"),
}


def _named(pattern: str, words: str, description: str) -> Any:
    return Field(pattern=pattern, json_schema_extra={"words": words}, description=description)


@settings(kw_only=False)
class TickerSpec:
    """One ticker of the configuration."""

    # A ticker becomes a file name, and an underscore separates it from what the file holds.
    ticker: Annotated[
        str,
        _named(
            r"^[A-Z0-9]([A-Z0-9.-]{0,14}[A-Z0-9])?$",
            "1 to 16 capital letters, digits, dots or hyphens (an index without its ^), such as GSPC",
            "Name of the ticker and of its files. Index carets are left out.",
        ),
    ]
    kind: Annotated[
        Kind,
        Field(
            description="`etf`: must have volume and a range each day; `index`: without them is only a "
            "warning; `no_volume_index`: a level without trades, such as the VIX, for which no table of 25 "
            "features (a25) is built."
        ),
    ]
    file: Annotated[
        str | None,
        _named(
            r"\S",
            "the name of a CSV file",
            "With source `csv`, the file inside `folder`; `<TICKER>.csv` if absent.",
        ),
    ] = None
    symbol: Annotated[
        str | None,
        _named(
            r"^\^?[A-Z0-9.=-]{1,20}$",
            "a symbol such as ^DJI",
            "With source `yahoo`, the vendor's name; known for SPY, DIA, QQQ, DJI (`^DJI`), IXIC, GSPC and "
            "VIX, else the ticker itself.",
        ),
    ] = None
    snapshot: Annotated[
        str | None,
        _named(
            r"^[0-9a-f]{16}$",
            "16 hexadecimal digits",
            "The snapshot to use, 16 hexadecimal digits as `make register` and `make fetch` print them; the "
            "first one that was kept if absent.",
        ),
    ] = None

    @property
    def vendor_symbol(self) -> str:
        """What the vendor calls the ticker."""
        known = KNOWN_TICKERS.get(self.ticker)
        return self.symbol or (known.symbol if known else self.ticker)
