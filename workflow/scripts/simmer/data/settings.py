"""Config block `data`: the source of the bars and the tickers."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from simmer.base.errors import ConfigError
from simmer.base.settings import IsoDate, settings, since
from simmer.base.text import quote
from simmer.data.tickers import TickerSpec


@settings
class DataSettings:
    """Raw daily bars."""

    source: Annotated[
        Literal["bundled", "csv", "yahoo"],
        Field(
            description="`bundled`: real S&P 500 (`GSPC`) and Nasdaq Composite (`IXIC`) bars, 1999 to 2018, "
            "from the `arch` package; `csv`: your own files, in any common layout; "
            "`yahoo`: snapshots that `make fetch` downloaded from Yahoo Finance."
        ),
    ]
    folder: Annotated[
        str | None,
        Field(
            description="With source `csv`, the folder of your files: an absolute one, one that begins with "
            "`~` (your home folder), or one relative to the folder in which the campaign runs, which null "
            "stands for. Links that lead out of it are refused."
        ),
    ]
    end: Annotated[
        IsoDate | None,
        Field(
            description="With source `yahoo`, the day after the last day to fetch (ISO). It must be at least "
            "two sessions before today."
        ),
    ]
    adjustment: Annotated[
        Literal["dividends", "none"],
        Field(
            description="Of bars with dividends, from source `yahoo` or in an own file with an adjusted "
            "close: `dividends` adjusts the prices for them; `none` keeps them adjusted for splits only."
        ),
    ]
    calendar: Annotated[
        str,
        Field(
            description="Exchange calendar whose sessions the bars must cover: a name of exchange_calendars, "
            "such as XNYS, or `24/7`. The `calendar` of a ticker's entry wins."
        ),
    ]
    tickers: Annotated[tuple[TickerSpec, ...], Field(min_length=1, description="The tickers to acquire.")]
    snapshot: Annotated[
        Literal["pinned", "latest"],
        Field(
            description="`pinned`: the first snapshot of a ticker is used, even if its file changes later; "
            "`latest`: the own file as it is when a run starts, or the newest download of `make fetch`, so "
            "changed bars begin new studies. A ticker's own `snapshot` wins."
        ),
    ] = since("pinned")

    def __post_init__(self) -> None:
        names = [spec.ticker for spec in self.tickers]
        if len(set(names)) != len(names):
            raise ConfigError(f"data.tickers are {names}; expected each ticker once")
        if self.source == "yahoo":
            self.last_day()

    def last_day(self) -> date:
        """Return `end` as a date.

        Raises:
            ConfigError: when it is not set or not a date.
        """
        try:
            return date.fromisoformat(str(self.end))
        except ValueError as error:
            found = quote(self.end) if self.end else "not set"
            raise ConfigError(
                f"data.end is {found}; the source yahoo needs the day after the last day to fetch, "
                "so that every run gets the same bars: set an ISO date such as 2026-01-01"
            ) from error

    def ticker(self, name: str) -> TickerSpec:
        """Return the entry of the ticker called `name`.

        Raises:
            ConfigError: when there is no such ticker.
        """
        for spec in self.tickers:
            if spec.ticker == name:
                return spec
        known = ", ".join(spec.ticker for spec in self.tickers)
        raise ConfigError(f"found no ticker {quote(name)} in data.tickers; expected one of {known}")

    def takes_latest(self, spec: TickerSpec) -> bool:
        """True if the newest bars of a ticker are used, and not its first snapshot or the one it names."""
        return self.snapshot == "latest" and spec.snapshot is None and self.source != "bundled"

    def kinds(self) -> dict[str, str]:
        """Return the kind of each ticker, by name."""
        return {spec.ticker: spec.kind for spec in self.tickers}

    def calendar_of(self, spec: TickerSpec) -> str:
        """Return the calendar of a ticker's exchange."""
        return spec.calendar or self.calendar

    def calendars(self) -> dict[str, str]:
        """Return the calendar of each ticker, by name."""
        return {spec.ticker: self.calendar_of(spec) for spec in self.tickers}
