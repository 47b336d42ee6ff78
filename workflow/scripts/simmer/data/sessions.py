"""Days on which an exchange was open."""

import warnings
from datetime import UTC, datetime
from typing import Any

import numpy as np

from simmer.base.errors import ConfigError, DataError
from simmer.base.text import quote


def sessions(calendar: str, first: np.datetime64, last: np.datetime64) -> np.ndarray:
    """Return the sessions from `first` to `last`, both included, [n] datetime64[D].

    Args:
        calendar: exchange_calendars name, such as "XNYS".
        first: first day.
        last: last day.

    Raises:
        ConfigError: for an unknown calendar.
        DataError: when the calendar does not cover these days.
    """
    days = _between(calendar, first, last).sessions.to_numpy().astype("datetime64[D]")
    return days[(days >= first) & (days <= last)]


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
    found = _between(calendar, day - np.timedelta64(31, "D"), day + np.timedelta64(1, "D"))
    days = found.sessions[(found.closes <= now).to_numpy()].to_numpy().astype("datetime64[D]")
    if len(days) == 0:
        raise DataError(
            f"calendar {calendar} has no session that ended in the month before {day}; expected one: check "
            "the clock of this machine"
        )
    return days[-1]


def _between(calendar: str, first: np.datetime64, last: np.datetime64) -> Any:
    """Return the calendar for the days from `first` to `last`; errors as `sessions`."""
    import exchange_calendars
    from pandas.errors import Pandas4Warning

    # Without explicit bounds the calendar covers only the 20 years before the current day. It also requires
    # at least one session between its bounds, hence the extra week.
    week_before = first - np.timedelta64(7, "D")
    try:
        with warnings.catch_warnings():
            # The pinned exchange_calendars uses behaviour that pandas 4 will change.
            warnings.simplefilter("ignore", Pandas4Warning)
            return exchange_calendars.get_calendar(calendar, start=str(week_before), end=str(last))
    except exchange_calendars.errors.InvalidCalendarName as error:
        raise ConfigError(
            f"calendar {quote(calendar)} is unknown; expected a name of exchange_calendars, such as XNYS"
        ) from error
    except ValueError as error:
        raise DataError(
            f"calendar {calendar} has no sessions for {first} to {last} ({error}); expected a calendar that "
            "covers these days: set the calendar of the ticker's exchange"
        ) from error
