"""Config block `data`: where the bars come from and which tickers there are."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from simmer.base.errors import ConfigError
from simmer.base.files import sha256_of_bytes, to_json
from simmer.base.text import quote
from simmer.data.tickers import TickerSpec

SOURCES = ("bundled", "csv", "yahoo")
ADJUSTMENTS = ("dividends", "none")


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """Where bars come from.

    Attributes:
        source: one of `SOURCES`.
        folder: with the source csv, the folder of the user's files; the working directory if `None`.
        end: with the source yahoo, the first day that is not asked for any more (ISO).
        adjustment: with the source yahoo, one of `ADJUSTMENTS`: what is made of the raw prices.
        calendar: exchange_calendars name such as "XNYS".
        tickers: all tickers.
    """

    source: str
    folder: str | None
    end: str | None
    adjustment: str
    calendar: str
    tickers: tuple[TickerSpec, ...]

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise ConfigError(f"data.source is {quote(self.source)}; expected one of {', '.join(SOURCES)}")
        if self.adjustment not in ADJUSTMENTS:
            raise ConfigError(
                f"data.adjustment is {quote(self.adjustment)}; expected one of {', '.join(ADJUSTMENTS)}"
            )
        names = [spec.ticker for spec in self.tickers]
        if len(set(names)) != len(names):
            raise ConfigError(f"data.tickers are {names}; expected each ticker once")
        if self.source == "yahoo":
            self.last_day()

    def last_day(self) -> date:
        """Return `end` as a date.

        Raises:
            ConfigError: when there is none, or it is no date.
        """
        try:
            return date.fromisoformat(str(self.end))
        except ValueError as error:
            raise ConfigError(
                f"data.end is {quote(self.end)}; the source yahoo needs the first day that is left out, as "
                'an ISO date in quotes such as "2026-01-01", so that everybody gets the same bars'
            ) from error

    def ticker(self, name: str) -> TickerSpec:
        """Return the entry of a ticker by its name.

        Raises:
            ConfigError: when there is none.
        """
        for spec in self.tickers:
            if spec.ticker == name:
                return spec
        known = ", ".join(spec.ticker for spec in self.tickers)
        raise ConfigError(f"found no ticker {quote(name)} in data.tickers; expected one of {known}")

    def request(self, name: str) -> dict[str, Any]:
        """Return all that decides what the bars of a ticker are, as plain values.

        Raises:
            ConfigError: when there is no such ticker.
        """
        return asdict(self) | {"tickers": asdict(self.ticker(name))}

    def request_digest(self, name: str) -> str:
        """Return a digest of `request`, which the entry of the bars carries."""
        return sha256_of_bytes(to_json(self.request(name)).encode())[:16]

    def kinds(self) -> dict[str, str]:
        """Return the kind of each ticker."""
        return {spec.ticker: spec.kind for spec in self.tickers}
