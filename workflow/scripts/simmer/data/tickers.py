"""Tickers of a configuration, and facts about well-known tickers."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from simmer.base.settings import settings, since
from simmer.base.text import TICKER_PATTERN
from simmer.data.kinds import Kind

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

    ticker: Annotated[
        str,
        _named(
            rf"^{TICKER_PATTERN}$",
            "1 to 16 capital letters and digits, between them `.`, `-`, `&` or `=`, before them `^`, such as "
            "GSPC, BRK-B, 7203.T or EURUSD=X",
            "Name of the ticker and of its files, such as GSPC, BRK-B, 7203.T, M&M.NS, EURUSD=X, BTC-USD or "
            '^GSPC. Quote what YAML reads as something else: `"ON"`, `"7203"`, `"0700"`.',
        ),
    ]
    kind: Annotated[
        Kind,
        Field(
            description="`etf`: a fund, must have volume and a price range each day; `stock`: a share, may "
            "have none on a quarter of its days; `index`: may have none on any day; `crypto`: volumes may "
            "have decimals; `currency`: a rate, has no volume and may lack a few holidays; "
            "`no_volume_index`: a level without volume, such as the VIX. The last two have no features of "
            "volume."
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
            r"^\^?[A-Z0-9.&=-]{1,20}$",
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

    calendar: Annotated[
        str | None,
        _named(
            r"\S",
            "a name such as XTKS",
            "Calendar of the ticker's exchange, a name of exchange_calendars such as XNYS, XETR or XTKS; "
            "`24/7` if every day is a session, `24/5` for all weekdays; by default `data.calendar`.",
        ),
    ] = since(None)

    @property
    def vendor_symbol(self) -> str:
        """The vendor's name of the ticker."""
        known = KNOWN_TICKERS.get(self.ticker)
        return self.symbol or (known.symbol if known else self.ticker)
