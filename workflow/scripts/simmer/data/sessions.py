"""Days on which an exchange was open, as far as its calendar in exchange_calendars knows them."""

import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np

from simmer.base.errors import ConfigError, DataError
from simmer.base.text import quote, shortened

_DAY = np.timedelta64(1, "D")
_LONGEST_REASON = 120


class UnknownSessions(DataError):
    """A calendar cannot be computed for these days."""


@dataclass(frozen=True)
class KnownSessions:
    """Sessions of the days that a calendar covers.

    Attributes:
        days: [n] datetime64[D], ascending.
        covered: first and last day that the calendar covers, of those asked for; None if it covers none.
        lack: why it does not cover all of them, a sentence; None if it does.
    """

    days: np.ndarray
    covered: tuple[np.datetime64, np.datetime64] | None
    lack: str | None

    def cover(self, days: np.ndarray) -> np.ndarray:
        """Return which days are covered, [n] bool."""
        if self.covered is None:
            return np.zeros(len(days), dtype=bool)
        return (days >= self.covered[0]) & (days <= self.covered[1])


def known_sessions(calendar: str, first: np.datetime64, last: np.datetime64) -> KnownSessions:
    """Return the sessions from `first` to `last`, both included, as far as the calendar covers these days.

    Args:
        calendar: exchange_calendars name, such as "XNYS".
        first: first day.
        last: last day.

    Raises:
        ConfigError: for an unknown calendar.
    """
    try:
        found, covered, lack = _covering(calendar, first, last)
    except UnknownSessions as error:
        return KnownSessions(np.array([], dtype="datetime64[D]"), None, str(error))
    days = _days(found.sessions)
    return KnownSessions(days[(days >= first) & (days <= last)], covered, lack)


def sessions(calendar: str, first: np.datetime64, last: np.datetime64) -> np.ndarray:
    """Return the sessions from `first` to `last`, both included, [n] datetime64[D].

    Args: as of `known_sessions`.

    Raises:
        ConfigError: for an unknown calendar.
        DataError: when the calendar does not cover all these days.
    """
    found = known_sessions(calendar, first, last)
    if found.lack is not None:
        raise DataError(f"{found.lack}; expected a calendar that covers {first} to {last}")
    return found.days


def expected_days(calendar: str, days: np.ndarray) -> np.ndarray:
    """Return the sessions in the span of ascending days, and those of the days that the calendar lacks.

    Args:
        calendar: as of `known_sessions`.
        days: [n] datetime64[D], at least one.

    Raises:
        ConfigError: for an unknown calendar.
    """
    known = known_sessions(calendar, days[0], days[-1])
    return np.union1d(known.days, days[~known.cover(days)])


def last_complete_session(calendar: str, now: datetime) -> np.datetime64:
    """Return the day of the last session that is over, datetime64[D].

    Args:
        calendar: exchange_calendars name, such as "XNYS".
        now: with a time zone.

    Raises:
        ConfigError: for an unknown calendar.
        DataError: when the calendar does not cover the month before.
    """
    day = np.datetime64(now.astimezone(UTC).date())
    # A session of tomorrow's date may be over where the sun rises first.
    found, covered, lack = _covering(calendar, day - 31 * _DAY, day + _DAY)
    if covered[1] < day:
        raise DataError(f"{lack}; expected one that covers {day}: install a newer exchange_calendars")
    days = _days(found.sessions[(found.closes <= now).to_numpy()])
    if len(days) == 0:
        raise DataError(
            f"calendar {calendar} has no session that ended in the month before {day}; expected one: check "
            "the clock of this machine"
        )
    return days[-1]


def end_of_session(calendar: str, day: np.datetime64) -> datetime | None:
    """Return when the session of a day ends, in UTC; None if there is none, or the calendar does not know.

    Raises:
        ConfigError: for an unknown calendar.
    """
    try:
        found, _, _ = _covering(calendar, day, day)
    except UnknownSessions:
        return None
    ends = found.closes[_days(found.sessions) == day]
    return None if ends.empty else ends.iloc[0].to_pydatetime()


def _covering(
    calendar: str, first: np.datetime64, last: np.datetime64
) -> tuple[Any, tuple[np.datetime64, np.datetime64], str | None]:
    """Return the library's calendar, which of these days it covers, and why not all; raises as `_load`."""
    # The library requires at least one session between the bounds, hence the extra week.
    start = first - 7 * _DAY
    try:
        return _load(calendar, start, last), (first, last), None
    except UnknownSessions:
        earliest, latest = _bounds(calendar)
        if (earliest is None or start >= earliest) and (latest is None or last <= latest):
            raise
    begin = first if earliest is None else max(first, earliest)
    end = last if latest is None else min(last, latest)
    span = " ".join(
        f"{word} {day}" for word, day in (("from", earliest), ("until", latest)) if day is not None
    )
    lack = None if (begin, end) == (first, last) else f"{_library(calendar)} is known only {span}"
    if begin > end:
        raise UnknownSessions(str(lack))
    return _load(calendar, start if earliest is None else max(start, earliest), end), (begin, end), lack


def _load(calendar: str, *bounds: np.datetime64) -> Any:
    """Return the library's calendar between two days; without them it covers 20 years until next year.

    Raises:
        ConfigError: for an unknown calendar.
        UnknownSessions: when the library cannot compute it.
    """
    from exchange_calendars import errors, get_calendar
    from pandas.errors import Pandas4Warning

    try:
        with warnings.catch_warnings():
            # The pinned exchange_calendars uses behaviour that pandas 4 will change.
            warnings.simplefilter("ignore", Pandas4Warning)
            return get_calendar(calendar, *map(str, bounds))
    except errors.InvalidCalendarName as error:
        raise ConfigError(
            f"calendar {quote(calendar)} is unknown; expected a name of exchange_calendars, such as XNYS"
        ) from error
    # MEASURED: of the 71 calendars of the pinned version, ASEX, XBEL, XBSE and XCYS (Orthodox Easter) raise
    # NotImplementedError for all days and XTAE ValueError for days before 2026. AIXK, XBOM, XHKG, XKRX, XSAU,
    # XSES, XSHG and XTKS raise ValueError outside their bounds.
    except (errors.CalendarError, ValueError, TypeError, LookupError, RuntimeError) as error:
        reason = shortened(f"{type(error).__name__}: {error}", _LONGEST_REASON)
        raise UnknownSessions(f"{_library(calendar)} cannot be computed ({reason})") from error


def _bounds(calendar: str) -> tuple[np.datetime64 | None, np.datetime64 | None]:
    """Return the first and the last day that the library knows of a calendar; None without a bound."""
    kind = type(_load(calendar))
    return tuple(
        None if bound is None else np.datetime64(bound.date())
        for bound in (kind.bound_min(), kind.bound_max())
    )


def _library(calendar: str) -> str:
    return f"calendar {calendar} of exchange_calendars {version('exchange_calendars')}"


def _days(sessions: Any) -> np.ndarray:
    return sessions.to_numpy().astype("datetime64[D]")
