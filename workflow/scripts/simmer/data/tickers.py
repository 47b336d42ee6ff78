"""The tickers of a configuration: what each one is and, for own files, where it lies."""

import re
from dataclasses import dataclass

from simmer.data.problems import quote
from simmer.errors import ConfigError

KINDS = ("index", "etf")

# A ticker becomes a file name, and an underscore separates it from what the file holds.
_TICKER = re.compile(r"[A-Z0-9]([A-Z0-9.-]{0,14}[A-Z0-9])?")


@dataclass(frozen=True)
class TickerSpec:
    """One ticker of the configuration; `file` is the user's own CSV, `None` for every other source."""

    ticker: str
    kind: str
    file: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.ticker, str) or not _TICKER.fullmatch(self.ticker):
            raise ConfigError(
                f"ticker is {quote(self.ticker)}; expected 1 to 16 capital letters, digits, dots or hyphens "
                "(an index without its ^), for it names the files"
            )
        if self.kind not in KINDS:
            raise ConfigError(
                f"kind of {self.ticker} is {quote(self.kind)}; expected one of {', '.join(KINDS)}"
            )
        if self.file is not None and (not isinstance(self.file, str) or not self.file.strip()):
            raise ConfigError(f"file of {self.ticker} is {quote(self.file)}; expected the path of a CSV file")
