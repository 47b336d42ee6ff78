"""Tickers of a configuration, and facts about well-known tickers."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from simmer.base.settings import settings

# etf: a traded price; index: a price level, often without volume in its early years;
# no_volume_index: a level without trading volume, such as the VIX.
Kind = Literal["etf", "index", "no_volume_index"]
KINDS = get_args(Kind)

# The ticker of the features in `features.vix`.
VIX_TICKER = "VIX"


@dataclass(frozen=True)
class KnownTicker:
    """Facts about a well-known ticker.

    Attributes:
        kind: one of `KINDS`.
        symbol: the vendor's name of it.
        first_date: first bar of the vendor's history (ISO); for a fund the day of its listing.
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

    # A ticker is a part of file names, where an underscore ends it.
    ticker: Annotated[
        str,
        _named(
            r"^[A-Z0-9]([A-Z0-9.-]{0,14}[A-Z0-9])?$",
            "1 to 16 capital letters, digits, dots or hyphens (an index without its ^), such as GSPC",
            "Name of the ticker and of its files, without the caret of an index.",
        ),
    ]
    kind: Annotated[
        Kind,
        Field(
            description="`etf`: must have volume and a price range each day; `index`: a day without them is "
            "only a warning; `no_volume_index`: a level without trading volume, such as the VIX. It has no "
            "feature table of its own bars and indicators (a25), because indicators need volume."
        ),
    ]
    file: Annotated[
        str | None,
        _named(
            r"\S",
            "the name of a CSV file",
            "With source `csv`, the file inside `folder`; default `<TICKER>.csv`.",
        ),
    ] = None
    symbol: Annotated[
        str | None,
        _named(
            r"^\^?[A-Z0-9.=-]{1,20}$",
            "a symbol such as ^DJI",
            "With source `yahoo`, the vendor's symbol; built in for SPY, DIA, QQQ, DJI (`^DJI`), IXIC, GSPC "
            "and VIX, otherwise the ticker itself by default.",
        ),
    ] = None
    snapshot: Annotated[
        str | None,
        _named(
            r"^[0-9a-f]{16}$",
            "16 hexadecimal digits",
            "Id of the snapshot to use, 16 hexadecimal digits printed by `make register` and `make fetch`; "
            "by default `data.snapshot` chooses.",
        ),
    ] = None

    @property
    def vendor_symbol(self) -> str:
        """The vendor's name of the ticker."""
        known = KNOWN_TICKERS.get(self.ticker)
        return self.symbol or (known.symbol if known else self.ticker)
