"""The tickers of a configuration: what each one is, where it comes from, and what is known of it."""

import re
from dataclasses import dataclass

from simmer.base.errors import ConfigError
from simmer.base.text import quote

# etf: a traded price; index: a price level, often without volume in its early years;
# no_volume_index: a level that nobody trades, such as the VIX.
KINDS = ("etf", "index", "no_volume_index")

# The ticker whose features `features.vix` adds.
VIX_TICKER = "VIX"

# A ticker becomes a file name, and an underscore separates it from what the file holds.
_TICKER = re.compile(r"[A-Z0-9]([A-Z0-9.-]{0,14}[A-Z0-9])?")
_SYMBOL = re.compile(r"\^?[A-Z0-9.=-]{1,20}")
_SNAPSHOT = re.compile(r"[0-9a-f]{16}")


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


@dataclass(frozen=True)
class TickerSpec:
    """One ticker of the configuration.

    Attributes:
        ticker: its name, which is also that of its files.
        kind: one of `KINDS`.
        file: with the source csv, the path of the file inside the folder; `<TICKER>.csv` if `None`.
        symbol: with the source yahoo, the vendor's name; that of `KNOWN_TICKERS`, or the ticker, if `None`.
        snapshot: the pinned snapshot; the first one that was kept if `None`.
    """

    ticker: str
    kind: str
    file: str | None = None
    symbol: str | None = None
    snapshot: str | None = None

    def __post_init__(self) -> None:
        if not _matches(_TICKER, self.ticker):
            raise ConfigError(
                f"ticker is {quote(self.ticker)}; expected 1 to 16 capital letters, digits, dots or hyphens "
                "(an index without its ^), for it names the files"
            )
        if self.kind not in KINDS:
            raise ConfigError(
                f"kind of {self.ticker} is {quote(self.kind)}; expected one of {', '.join(KINDS)}"
            )
        if self.file is not None and (not isinstance(self.file, str) or not self.file.strip()):
            raise ConfigError(f"file of {self.ticker} is {quote(self.file)}; expected the name of a CSV file")
        if self.symbol is not None and not _matches(_SYMBOL, self.symbol):
            raise ConfigError(f"symbol of {self.ticker} is {quote(self.symbol)}; expected one such as ^DJI")
        if self.snapshot is not None and not _matches(_SNAPSHOT, self.snapshot):
            raise ConfigError(
                f"snapshot of {self.ticker} is {quote(self.snapshot)}; expected 16 hexadecimal digits"
            )

    @property
    def vendor_symbol(self) -> str:
        """What the vendor calls the ticker."""
        known = KNOWN_TICKERS.get(self.ticker)
        return self.symbol or (known.symbol if known else self.ticker)


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
