"""Config block `data`: where the bars come from and which tickers there are."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from simmer.base.errors import ConfigError
from simmer.base.files import sha256_of_bytes, to_json
from simmer.base.settings import IsoDate, meaning, settings
from simmer.base.text import quote
from simmer.data.tickers import TickerSpec


@settings
class DataSettings:
    """Raw daily bars."""

    source: Annotated[
        Literal["bundled", "csv", "yahoo"],
        Field(
            description="`bundled`: real S&P 500 (`GSPC`) and Nasdaq Composite (`IXIC`) bars, 1999 to 2018, "
            "that ship inside the `arch` package; `csv`: your own files, with columns Date, Open, High, "
            "Low, Close, Volume; `yahoo`: snapshots that `make fetch` took from Yahoo Finance."
        ),
    ]
    folder: Annotated[
        str | None,
        Field(
            description="Folder of your files, with source `csv`; the working directory if null. Links that "
            "lead out of it are refused."
        ),
    ]
    end: Annotated[
        IsoDate | None,
        Field(
            description="With source `yahoo`, the first day that is not fetched any more (ISO), at least "
            "two sessions before today."
        ),
    ]
    adjustment: Annotated[
        Literal["dividends", "none"],
        Field(
            description="With source `yahoo`: `dividends` computes prices that dividends do not move from "
            "the raw ones; `none` leaves them as traded. Splits are adjusted by the vendor."
        ),
    ]
    calendar: Annotated[
        str,
        Field(
            description="Exchange calendar whose sessions the bars must cover (a name known to "
            "exchange_calendars), such as XNYS."
        ),
    ]
    tickers: Annotated[tuple[TickerSpec, ...], Field(min_length=1, description="The tickers to acquire.")]

    def __post_init__(self) -> None:
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
                "an ISO date such as 2026-01-01, so that everybody gets the same bars"
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
        return meaning(self) | {"tickers": meaning(self.ticker(name))}

    def request_digest(self, name: str) -> str:
        """Return a digest of `request`, which the entry of the bars carries."""
        return sha256_of_bytes(to_json(self.request(name)).encode())[:16]

    def kinds(self) -> dict[str, str]:
        """Return the kind of each ticker."""
        return {spec.ticker: spec.kind for spec in self.tickers}
