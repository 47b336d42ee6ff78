"""Tickers of a configuration, and facts about well-known tickers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field

from simmer.base.errors import ConfigError
from simmer.base.settings import EachOnce, IsoDate, settings, since
from simmer.base.text import TICKER_PATTERN, quote
from simmer.data.kinds import Kind

# Columns that `columns` may name, and all keys that say how a file is read.
ColumnName = Literal[
    *("Date", "Time", "Open", "High", "Low", "Close", "Volume"),
    *("Adj Close", "Dividends", "Stock Splits", "Ticker"),
]
READING_KEYS = ("columns", "date_format", "decimal", "separator", "timezone", "order")
# The keys that say which days of a file are used, and what of its findings is right.
CHOICE_KEYS = ("start", "end", "exceptions", "accept")

# Findings that need consent before a first snapshot is kept.
Acceptable = Literal["split", "jump", "frozen", "closed_days", "unfinished"]
ACCEPTABLE = get_args(Acceptable)
_LONGEST_REASON = 200

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


def is_day(text: object) -> bool:
    """True if a text is an ISO date such as 2018-12-31."""
    if not isinstance(text, str) or not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_reason(text: object) -> bool:
    """True if a text can be a reason: some words on one line of at most 200 characters."""
    return (
        isinstance(text, str) and bool(text.strip()) and text.isprintable() and len(text) <= _LONGEST_REASON
    )


def _with_iso_days(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    # YAML parses a date without quotes as a date, as a key too.
    return {day.isoformat() if type(day) is date else day: why for day, why in value.items()}


def is_date_form(text: str) -> bool:
    """True if a text is the form of a date: day, month and year once each, or the name of an epoch."""
    if re.fullmatch("epoch_(s|ms|us|ns)", text):
        return True
    signs = re.findall("%.?", text)
    return (
        set(signs) <= {f"%{sign}" for sign in "YymbdHMSz"}
        and len(set(signs)) == len(signs)
        and "%d" in signs
        and len({"%m", "%b"} & set(signs)) == len({"%Y", "%y"} & set(signs)) == 1
        and ("%M" in signs) == ("%H" in signs) >= ("%S" in signs)
    )


def is_zone(text: str) -> bool:
    """True if a text is the name of a time zone."""
    try:
        ZoneInfo(text)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return False
    return True


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
            "and VIX, otherwise the ticker itself by default. With source `csv`, the ticker's name in a file "
            "that names it.",
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
    columns: Annotated[
        Mapping[ColumnName, str] | None,
        Field(
            description="With source `csv`, columns of the file by ours, `{Close: Last, Volume: Shares}`. "
            "Columns that are not named here are found by their names if they are needed, else left out."
        ),
    ] = since(None)
    date_format: Annotated[
        str | None,
        Field(
            examples=["%d/%m/%Y"],
            description="With source `csv`, the form of the dates by the signs of strptime, such as "
            "`%d/%m/%Y`, or `epoch_s`, `epoch_ms`, `epoch_us`, `epoch_ns` for numbers since 1970; needed "
            "only if the dates can be read in two ways.",
        ),
    ] = since(None)
    decimal: Annotated[
        Literal[".", ","] | None,
        Field(description="With source `csv`, the sign before decimals; needed only if it is ambiguous."),
    ] = since(None)
    separator: Annotated[
        Literal[",", ";", "tab"] | None,
        Field(description="With source `csv`, what separates fields; needed only if it is ambiguous."),
    ] = since(None)
    timezone: Annotated[
        str | None,
        Field(
            examples=["Europe/London"],
            description="With source `csv`, the time zone whose days the bars are, such as `Europe/London` "
            "or `UTC`, for dates with a time of day; by default that of the exchange if all times agree.",
        ),
    ] = since(None)
    order: Annotated[
        Literal["oldest_first", "newest_first"] | None,
        Field(description="With source `csv`, the order that the rows must have; by default either is read."),
    ] = since(None)

    start: Annotated[
        IsoDate | None,
        Field(
            examples=["2005-01-01"],
            description="First day that is used (ISO); earlier bars are left out before the checks. The "
            "snapshot keeps the file as it came.",
        ),
    ] = since(None)
    end: Annotated[
        IsoDate | None,
        Field(
            examples=["2024-12-31"],
            description="Last day that is used (ISO); later bars are left out before the checks.",
        ),
    ] = since(None)
    exceptions: Annotated[
        Mapping[str, str] | None,
        BeforeValidator(_with_iso_days),
        Field(
            description="Days vouched for, with the reason: `{2020-10-01: the vendor has no bar}`. A session "
            "without a bar or without prices, a bar on a closed day, a day without volume or without a "
            "range, and a large move are then recorded instead of refused; at most one bar in a hundred. No "
            "bar is added."
        ),
    ] = since(None)
    accept: Annotated[
        tuple[Acceptable, ...],
        EachOnce,
        Field(
            description="Findings of the whole file that are right. Without it a file with one of them does "
            "not become the first snapshot: `split` (a move like a split without adjustment), `jump` (the "
            "Close doubles or halves in a day), `frozen` (five equal bars in a row), `closed_days` (over 1 % "
            "of the bars on closed days), `unfinished` (a session that is not over)."
        ),
    ] = since(())

    def __post_init__(self) -> None:
        for key in ("start", "end"):
            if getattr(self, key) is not None and not is_day(getattr(self, key)):
                raise ConfigError(
                    f"{key}: found {quote(getattr(self, key))}, expected a date such as 2005-01-01"
                )
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ConfigError(f"end: found {self.end}, expected a day from start, {self.start}, on")
        for day, reason in (self.exceptions or {}).items():
            if not is_day(day):
                raise ConfigError(f"exceptions: found the day {quote(day)}, expected one such as 2020-10-01")
            if not is_reason(reason):
                raise ConfigError(
                    f"exceptions: found the reason {quote(reason)} for {day}, expected why the day is right, "
                    f"on one line of at most {_LONGEST_REASON} characters"
                )
        if self.date_format is not None and not is_date_form(self.date_format):
            raise ConfigError(
                f"date_format: found {quote(self.date_format)}, expected day, month and year once each, such "
                "as %d/%m/%Y, or epoch_s, epoch_ms, epoch_us or epoch_ns"
            )
        if self.timezone is not None and not is_zone(self.timezone):
            raise ConfigError(
                f"timezone: found {quote(self.timezone)}, expected the name of a time zone, such as "
                "America/New_York, Europe/London or UTC"
            )

    @property
    def vendor_symbol(self) -> str:
        """The vendor's name of the ticker."""
        known = KNOWN_TICKERS.get(self.ticker)
        return self.symbol or (known.symbol if known else self.ticker)
