"""Daily bars from Yahoo through yfinance: the whole history of one symbol, asked for patiently, or refused.

Only this module touches the network, and yfinance is imported only when it does.
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

# The vendor refuses to answer for more than 100 years of days (ranaroussi/yfinance#263).
REACH = timedelta(days=36_159)
MIN_ROWS = 250
SESSIONS_UNTIL_SETTLED = 2

_EARLIEST = date(1900, 1, 1)
# No exchange in use closes for longer (XNYS in 2001: six days).
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
    first_pause_s: float | None = _FIRST_PAUSE_S  # None: asking again is no use
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
    """Fetch all daily bars of one symbol before `end`, at most 99 years of them.

    A capital gain that a fund pays out is added to the dividend of its day, unless the dividend is as large:
    then the vendor has counted it in already (ranaroussi/yfinance#2666). A missing volume comes out as 0.

    Args:
        symbol: the vendor's name, such as "^DJI".
        end: the first day that is left out.
        cache_folder: where yfinance keeps time zones and cookies; the first one of a process stays in use.
        pause: called with seconds before another attempt: 5, 10, 20; after HTTP 429 30, 120, 480.
        jitter: called for a number from 0 to 1; each pause is longer by half of it.
        attempts: how often to ask at most.
        timeout_s: how long one answer may take.

    Returns:
        `VENDOR_COLUMNS`, dates as on the exchange's calendar, no missing number.

    Raises:
        ConfigError: when yfinance is not installed.
        DataError: when the vendor cannot be reached, does not know the symbol, or its answer is no table of
            bars before `end`.
        LedgerError: when `cache_folder` cannot be written.
    """
    yfinance = _import_yfinance()
    with user_facing_os_errors(cache_folder):
        cache_folder.mkdir(parents=True, exist_ok=True)
    yfinance.cache.set_cache_location(str(cache_folder))
    # By default errors become empty tables, and the client would sleep between retries of its own.
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
    """Refuse an `end` whose last bar may still change: vendors revise a bar in the days after it.

    Args:
        end: the first day that is left out.
        today: the date here.
        calendar: exchange_calendars name.

    Raises:
        ConfigError: when the last session before `end` is not at least 2 sessions before `today`, or the
            calendar does not know these days.
    """
    newest = _sessions_before(today, calendar)[1 - SESSIONS_UNTIL_SETTLED]
    if np.datetime64(end) > newest:
        raise ConfigError(
            f"data.end is {end}; the vendor still revises the newest bars, so the last one must lie "
            f"{SESSIONS_UNTIL_SETTLED} sessions of {calendar} before today ({today}): write {newest} or an "
            "earlier day"
        )


def require_complete_history(
    frame: pd.DataFrame, *, symbol: str, expected_first: date | None, end: date, calendar: str
) -> None:
    """Refuse a table that begins late, stops early or is short; the days between are for `check_bars`.

    Args:
        frame: `VENDOR_COLUMNS`, from `fetch_bars`.
        symbol: what messages call it.
        expected_first: the known first day of the history; None if it is not known.
        end: the first day that was not asked for.
        calendar: exchange_calendars name; of its sessions, the last one before `end` must be there.

    Raises:
        ConfigError: when the calendar does not know these days.
        DataError: saying what was expected.
    """
    advice = f"Fetch again later, {_INSTEAD}"
    if len(frame) < MIN_ROWS:
        raise DataError(
            f"the vendor has {len(frame)} bars of {symbol}; expected at least {MIN_ROWS}. {advice}"
        )
    first, last = (day.date() for day in (frame["Date"].iloc[0], frame["Date"].iloc[-1]))
    if expected_first is not None:
        # The edge of what was asked for may fall into a closure.
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
    # The client remembers answers about the past, bad ones too: asked again, it would repeat them.
    yfinance.data.YfData.cache_get.cache_clear()
    try:
        ticker = yfinance.Ticker(symbol)
        with warnings.catch_warnings():
            # The client turns on warnings that are meant for its own authors.
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
    # What the client runs into when an answer has another form than it thinks. Some of it is an OSError too.
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        found = quote(getattr(error, "doc", None) or f"{type(error).__name__}: {error}")
        return _Failure(
            f"the vendor's answer for {symbol} is no chart of prices ({found})",
            f"{_LATER}, install the yfinance of constraints.txt",
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
            "mend the symbol of this ticker in the configuration",
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
        raise DataError(f"{what} is about {quote(answer.symbol)}; expected {symbol}: check the symbol")
    names = {str(name) for name in found.columns} - {"Capital Gains"}
    if names != set(VENDOR_COLUMNS[1:]) or not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        listing = quote(", ".join(map(str, found.columns)))
        raise DataError(
            f"{what} has the columns {listing} and the index {index.dtype}; expected "
            f"{', '.join(VENDOR_COLUMNS[1:])} and dates with a time zone: install the yfinance of "
            f"constraints.txt, {_INSTEAD}"
        )
    # A day is a day of the exchange; in UTC, bars east of Greenwich would move to the day before.
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
            "%s paid out capital gains on %s; where the dividend of the day is smaller they are added to it",
            symbol,
            days_of(frame, paid),
        )
    return np.where(frame["Dividends"].to_numpy() >= gains, 0.0, gains)
