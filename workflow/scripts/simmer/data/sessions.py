"""Days on which an exchange was open."""

import warnings

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
    import exchange_calendars
    from pandas.errors import Pandas4Warning

    # Without explicit bounds the calendar covers only the 20 years before the current day. It also requires
    # at least one session between its bounds, hence the extra week.
    week_before = first - np.timedelta64(7, "D")
    try:
        with warnings.catch_warnings():
            # The pinned exchange_calendars uses behaviour that pandas 4 will change.
            warnings.simplefilter("ignore", Pandas4Warning)
            found = exchange_calendars.get_calendar(calendar, start=str(week_before), end=str(last))
    except exchange_calendars.errors.InvalidCalendarName as error:
        raise ConfigError(
            f"calendar {quote(calendar)} is unknown; expected a name of exchange_calendars, such as XNYS"
        ) from error
    except ValueError as error:
        raise DataError(
            f"calendar {calendar} has no sessions for {first} to {last} ({error}); expected a calendar that "
            "covers these days: set the calendar of the ticker's exchange"
        ) from error
    days = found.sessions.to_numpy().astype("datetime64[D]")
    return days[(days >= first) & (days <= last)]
