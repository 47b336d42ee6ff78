"""Download daily bars from Yahoo through yfinance: the whole history of one symbol, with retries.

Only this module uses the network; it imports yfinance on first use.
"""

import logging
import random
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

from simmer.base.errors import ConfigError, DataError
from simmer.base.files import user_facing_os_errors
from simmer.base.logs import PROGRESS
from simmer.base.text import quote
from simmer.data.sessions import sessions
from simmer.data.tables import DATE_DTYPE
from simmer.data.vendor import VENDOR_COLUMNS, VENDOR_DTYPES, days_of, require_vendor_frame

# The vendor refuses requests for more than 100 years (ranaroussi/yfinance#263).
REACH = timedelta(days=36_159)
MIN_ROWS = 250
SESSIONS_UNTIL_SETTLED = 2

_EARLIEST = date(1900, 1, 1)
# Longer than any closure of a common exchange (XNYS in 2001: six days).
_LONGEST_CLOSURE = timedelta(days=30)
_FIRST_PAUSE_S, _PAUSE_GROWTH = 5.0, 2.0
_FIRST_PAUSE_LIMITED_S, _PAUSE_GROWTH_LIMITED = 30.0, 4.0
_INSTEAD = "or use the source csv with files of your own, or bundled"
_LATER = "run the same command again later"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Answer:
    frame: pd.DataFrame
    zone: str
    symbol: str


@dataclass(frozen=True)
class _Failure:
    found: str
    advice: str
    cause: Exception | None = None
    first_pause_s: float | None = _FIRST_PAUSE_S  # None: do not retry
    pause_growth: float = _PAUSE_GROWTH


def fetch_bars(
    symbol: str,
    *,
    end: date,
    cache_folder: Path,
    pause: Callable[[float], None] = time.sleep,
    jitter: Callable[[], float] = random.random,
    attempts: int = 4,
    timeout_s: float = 30,
) -> pd.DataFrame:
    """Fetch all daily bars of one symbol before `end`, at most 99 years.

    A fund's capital gain is added to the dividend of its day, unless the dividend is at least as large: then
    the vendor has already included it (ranaroussi/yfinance#2666). A missing volume becomes 0.

    Args:
        symbol: the vendor's name, such as "^DJI".
        end: the day after the last day to fetch.
        cache_folder: for yfinance's time zones and cookies; a process uses its first folder to the end.
        pause: called with the seconds to wait before a retry: 5, 10, 20; after HTTP 429 30, 120, 480.
        jitter: returns a number from 0 to 1; each wait is multiplied by 1 + jitter / 2.
        attempts: largest number of requests.
        timeout_s: timeout of one request.

    Returns:
        `VENDOR_COLUMNS`, dates of the exchange's time zone, no missing number.

    Raises:
        ConfigError: when yfinance is not installed.
        DataError: when the vendor cannot be reached, does not know the symbol, or its answer is not a table
            of bars before `end`.
        LedgerError: when `cache_folder` cannot be written.
    """
    yfinance = _import_yfinance()
    with user_facing_os_errors(cache_folder):
        cache_folder.mkdir(parents=True, exist_ok=True)
    yfinance.cache.set_cache_location(str(cache_folder))
    # By default the client turns errors into empty tables, and waits and retries by itself.
    yfinance.config.debug.hide_exceptions = False
    yfinance.config.network.retries = 0
    for attempt in range(attempts):
        answer = _ask(yfinance, symbol, end, timeout_s)
        if isinstance(answer, _Answer):
            return _vendor_frame(answer, symbol=symbol, end=end)
        if answer.first_pause_s is None or attempt == attempts - 1:
            break
        seconds = answer.first_pause_s * answer.pause_growth**attempt * (1 + jitter() / 2)
        text = "%s; attempt %d of %d in %.0f s"
        logger.log(PROGRESS, text, answer.found, attempt + 2, attempts, seconds)
        pause(seconds)
    raise DataError(f"{answer.found}; {answer.advice}, {_INSTEAD}") from answer.cause


def require_old_end(end: date, *, today: date, calendar: str) -> None:
    """Raise `ConfigError` if the last bar before `end` is so recent that the vendor may still revise it.

    Args:
        end: the day after the last day to fetch.
        today: the local date.
        calendar: exchange_calendars name; the last session before `end` must be at least 2 sessions before
            `today`.
    """
    newest = _sessions_before(today, calendar)[1 - SESSIONS_UNTIL_SETTLED]
    if np.datetime64(end) > newest:
        raise ConfigError(
            f"data.end is {end}; the vendor still revises the newest bars, so the last one must be at least "
            f"{SESSIONS_UNTIL_SETTLED} sessions of {calendar} before today ({today}): write {newest} or an "
            "earlier day"
        )


def require_complete_history(
    frame: pd.DataFrame, *, symbol: str, expected_first: date | None, end: date, calendar: str
) -> None:
    """Raise `DataError` if a table begins late, ends early or is short; `check_bars` finds gaps.

    Args:
        frame: `VENDOR_COLUMNS`, from `fetch_bars`.
        symbol: name in messages.
        expected_first: the first day of the history; None if unknown.
        end: the day after the last day to fetch.
        calendar: exchange_calendars name; the table must contain its last session before `end`.

    Raises:
        ConfigError: when the calendar does not cover these days.
    """
    advice = f"Fetch again later, {_INSTEAD}"
    if len(frame) < MIN_ROWS:
        raise DataError(
            f"the vendor has {len(frame)} bars of {symbol}; expected at least {MIN_ROWS}. {advice}"
        )
    first, last = (day.date() for day in (frame["Date"].iloc[0], frame["Date"].iloc[-1]))
    if expected_first is not None:
        # The first requested day may be in a closure of the exchange.
        latest = max(expected_first, _start(end) + _LONGEST_CLOSURE)
        if first > latest:
            raise DataError(
                f"the vendor's history of {symbol} begins on {first}; expected {expected_first}. {advice}"
            )
    expected_last = _sessions_before(end, calendar)[-1]
    # Some indices have bars on days when the exchange is closed.
    if np.datetime64(last) < expected_last:
        raise DataError(
            f"the vendor's history of {symbol} stops on {last}; expected {expected_last}, the last session "
            f"of {calendar} before {end}. {advice}"
        )


def _import_yfinance() -> ModuleType:
    try:
        import yfinance
    except ImportError as error:
        raise ConfigError(
            f"the source yahoo needs yfinance, which cannot be imported ({error}); install it with "
            "`.venv/bin/python -m pip install -c constraints.txt yfinance`, or use the source csv or bundled"
        ) from error
    return yfinance


def _sessions_before(day: date, calendar: str) -> np.ndarray:
    try:
        return sessions(calendar, np.datetime64(day - _LONGEST_CLOSURE), np.datetime64(day - timedelta(1)))
    except DataError as error:
        raise ConfigError(str(error)) from error


def _start(end: date) -> date:
    return end - REACH if end - _EARLIEST > REACH else _EARLIEST


def _ask(yfinance: ModuleType, symbol: str, end: date, timeout_s: float) -> _Answer | _Failure:
    # The client caches answers about past days, also wrong ones; without this a retry would repeat them.
    yfinance.data.YfData.cache_get.cache_clear()
    try:
        ticker = yfinance.Ticker(symbol)
        with warnings.catch_warnings():
            # yfinance enables deprecation warnings that concern only its own code.
            warnings.filterwarnings("ignore", category=DeprecationWarning, module="yfinance")
            frame = ticker.history(
                start=_start(end),
                end=end,
                interval="1d",
                auto_adjust=False,
                actions=True,
                repair=False,
                keepna=True,
                timeout=timeout_s,
            )
        if frame.empty:
            return _Failure(f"the vendor sent no bars of {symbol}", _LATER)
        metadata = ticker.history_metadata
        return _Answer(frame, metadata["exchangeTimezoneName"], metadata.get("symbol") or symbol)
    # Raised by the client on an unexpected answer. Before OSError, because some of them are OSErrors too.
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        found = quote(getattr(error, "doc", None) or f"{type(error).__name__}: {error}")
        return _Failure(
            f"the vendor's answer for {symbol} is not a chart of prices ({found})",
            f"{_LATER}, install the version of yfinance in constraints.txt",
            error,
        )
    except (yfinance.exceptions.YFException, OSError) as error:
        return _failure_of(error, symbol, yfinance)


def _failure_of(error: Exception, symbol: str, yfinance: ModuleType) -> _Failure:
    status = getattr(getattr(error, "response", None), "status_code", None)
    reason = getattr(error, "yahoo_reason", None)
    if status == 429 or isinstance(error, yfinance.exceptions.YFRateLimitError):
        return _Failure(
            f"the vendor refused {symbol} because of too many requests (HTTP 429)",
            "wait an hour and run the same command again",
            error,
            _FIRST_PAUSE_LIMITED_S,
            _PAUSE_GROWTH_LIMITED,
        )
    if status == 404 or (reason is not None and "no data found" in reason.lower()):
        return _Failure(
            f"the vendor has no prices of {symbol} ({quote(reason or 'HTTP 404')})",
            "correct the symbol of this ticker in the configuration",
            error,
            first_pause_s=None,
        )
    if isinstance(error, OSError) and (status is None or status < 400):
        found = f"{type(error).__name__}: {quote(str(error).removeprefix('Failed to perform, '))}"
        return _Failure(f"cannot reach the vendor for {symbol} ({found})", "check the network", error)
    found = f"HTTP {status}" if status is not None else quote(reason or str(error))
    return _Failure(f"the vendor sent no prices of {symbol} ({found})", _LATER, error)


def _vendor_frame(answer: _Answer, *, symbol: str, end: date) -> pd.DataFrame:
    what = f"the vendor's table of {symbol}"
    found, index = answer.frame, answer.frame.index
    if answer.symbol.upper() != symbol.upper():
        raise DataError(f"{what} holds {quote(answer.symbol)}; expected {symbol}: check the symbol")
    names = {str(name) for name in found.columns} - {"Capital Gains"}
    if names != set(VENDOR_COLUMNS[1:]) or not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        listing = quote(", ".join(map(str, found.columns)))
        raise DataError(
            f"{what} has the columns {listing} and the index {index.dtype}; expected "
            f"{', '.join(VENDOR_COLUMNS[1:])} and dates with a time zone: install the version of yfinance in "
            f"constraints.txt, {_INSTEAD}"
        )
    # Dates are in the exchange's time zone; in UTC, bars from east of Greenwich would be a day early.
    days = index.tz_convert(answer.zone).tz_localize(None).normalize()
    columns = {name: pd.to_numeric(found[name], errors="coerce").to_numpy() for name in VENDOR_COLUMNS[1:]}
    frame = pd.DataFrame({"Date": days} | columns).astype(VENDOR_DTYPES | {"Date": DATE_DTYPE})
    if "Capital Gains" in found:
        frame["Dividends"] += _gains_beside_dividends(frame, found["Capital Gains"], symbol)
    require_vendor_frame(frame, what=what)
    late = frame["Date"].to_numpy().astype("datetime64[D]") >= np.datetime64(end)
    if late.any():
        raise DataError(f"{what} has bars on {days_of(frame, late)}; expected only days before {end}")
    return frame


def _gains_beside_dividends(frame: pd.DataFrame, found: pd.Series, symbol: str) -> np.ndarray:
    gains = pd.to_numeric(found, errors="coerce").to_numpy(dtype=np.float64)
    paid = gains != 0
    if paid.any():
        logger.warning(
            "%s paid out capital gains on %s; a gain larger than the dividend of its day is added to it",
            symbol,
            days_of(frame, paid),
        )
    return np.where(frame["Dividends"].to_numpy() >= gains, 0.0, gains)
