"""Rules of the days that have bars, by the calendar of the ticker's exchange."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from simmer.data.choices import NO_CHOICES, Choices
from simmer.data.kinds import RULES
from simmer.data.problems import Finding
from simmer.data.sessions import end_of_session, known_sessions

# Exchanges open on a few weekends for which calendars have no session, such as for a budget speech in India.
# On more days, the dates or the calendar are wrong.
WEEKEND_SHARE = 0.01
# With more bars on closed days the calendar is probably another one.
CLOSED_SHARE = 0.01
# Longer than any closure of a large exchange since 1990 (ten days in Tokyo, 2019; eleven in Shanghai, 2020).
LONGEST_CLOSURE_DAYS = 14
_DAY = np.timedelta64(1, "D")


def weekend_findings(frame: pd.DataFrame) -> Iterator[Finding]:
    """Yield an error for each bar on a Saturday or Sunday, as is right without a calendar."""
    days = _days_of(frame)
    yield from _on_weekends(days, np.flatnonzero(~np.is_busday(days)))


def session_findings(
    frame: pd.DataFrame, calendar: str, kind: str, now: datetime, choices: Choices = NO_CHOICES
) -> Iterator[Finding]:
    """Yield sessions without a bar, bars without a session, and a bar whose session is not over.

    Days that the calendar does not cover are not judged, which is a warning; only a long gap is found there.

    Args:
        frame: bars with dates from 1900 on.
        calendar: exchange_calendars name.
        kind: one of `KINDS`.
        now: with a time zone.
        choices: days vouched for count towards no share.

    Raises:
        ConfigError: for an unknown calendar.
    """
    # MEASURED: XNYS and real bars agree on every day from the first bar of each ticker to 2024, also for the
    # old indices (IXIC from 1971, DJI from 1985), so a gap before 1990 is an error too.
    days = _days_of(frame)
    known = known_sessions(calendar, days.min(), days.max())
    covered = known.cover(days)
    if known.lack is not None:
        checked = "no session was checked"
        if known.covered is not None:
            checked = f"sessions were checked from {known.covered[0]} to {known.covered[1]} only"
        yield Finding(None, "sessions", f"{checked}: {known.lack}", "warning")
        yield from _long_gaps(days, covered)
    yield from _missing(days, known.days, calendar, RULES[kind].gap_share, choices)
    left_out = "; the day is left out of the features of other tickers" if kind == "no_volume_index" else ""
    closed, at_weekend = covered & ~np.isin(days, known.days), ~np.is_busday(days)
    excepted = choices.excepted(days)
    weekends = np.flatnonzero(closed & at_weekend & ~excepted)
    if len(weekends) > WEEKEND_SHARE * len(days):
        yield from _on_weekends(days, weekends)
        closed[weekends] = False
    for row in np.flatnonzero(closed):
        message = f"{days[row]} is no {calendar} session{left_out}"
        yield Finding(int(row), "extra_session", message, "warning", days[row])
    unknown = int((closed & ~excepted).sum())
    if unknown > CLOSED_SHARE * len(days):
        message = (
            f"{unknown} of {len(days)} bars are on days without a {calendar} session; check the calendar"
        )
        yield Finding(None, "closed_days", message, "warning")
    yield from _unfinished(days, calendar, now)


def _days_of(frame: pd.DataFrame) -> np.ndarray:
    return frame["Date"].to_numpy().astype("datetime64[D]")


def _on_weekends(days: np.ndarray, rows: np.ndarray) -> Iterator[Finding]:
    for row in rows:
        message = f"{days[row]} is a Saturday or Sunday; expected a trading day"
        yield Finding(int(row), "weekend", message, "error", days[row])


def _missing(
    days: np.ndarray, sessions: np.ndarray, calendar: str, share: float, choices: Choices
) -> Iterator[Finding]:
    missing = np.setdiff1d(sessions, days)
    others = missing[~choices.excepted(missing)]
    if share and 0 < len(others) <= share * len(sessions):
        message = f"no bar on {len(others)} of {len(sessions)} {calendar} sessions, first on {others[0]}"
        yield Finding(int(np.argmax(days > others[0])), "missing_session", message, "warning")
        missing = np.setdiff1d(missing, others)
    for day in missing:
        row, message = int(np.argmax(days > day)), f"no bar for the {calendar} session {day} before this line"
        yield Finding(row, "missing_session", message, "error", day)


def _long_gaps(days: np.ndarray, covered: np.ndarray) -> Iterator[Finding]:
    gaps = np.diff(days).astype(int)
    for row in np.flatnonzero((gaps > LONGEST_CLOSURE_DAYS) & ~(covered[1:] & covered[:-1])) + 1:
        message = f"{gaps[row - 1]} days from the bar before; expected at most {LONGEST_CLOSURE_DAYS}"
        yield Finding(int(row), "missing_session", message, "error")


def _unfinished(days: np.ndarray, calendar: str, now: datetime) -> Iterator[Finding]:
    # In the earliest time zone a session of tomorrow's date may have begun; a session ends within a day.
    row = int(days.argmax())
    if days[row] < np.datetime64(now.astimezone(UTC).date()) - _DAY:
        return
    end = end_of_session(calendar, days[row])
    if end is not None and end > now:
        message = (
            f"the {calendar} session {days[row]} ends at {end:%H:%M} UTC and was not over: the bar may still "
            "change; leave it out until then"
        )
        yield Finding(row, "unfinished", message, "warning")
