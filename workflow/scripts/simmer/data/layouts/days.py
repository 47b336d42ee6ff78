"""Dates and times into days of the exchange, and the interval of bars that are not daily."""

import warnings
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from simmer.base.words import count
from simmer.data.layouts.dates import Stamps
from simmer.data.layouts.declared import to_write

AS_WRITTEN = "as written"
_CONVERTIBLE = (np.datetime64("1700-01-01"), np.datetime64("2250-01-01"))
_FEWEST = 4  # rows from which an interval is told
_LONG = ((5, 9, "weekly"), (26, 33, "monthly"), (85, 95, "quarterly"), (360, 370, "yearly"))


@dataclass(frozen=True, kw_only=True)
class Days:
    """Days of the exchange.

    Attributes:
        days: [n] datetime64[D].
        zone: the time zone in which they are days; None for dates that need none.
        problem: why they are ambiguous, and what decides; None if they are not.
    """

    days: np.ndarray
    zone: str | None = None
    problem: str | None = None


def zone_of(calendar: str) -> str | None:
    """Return the time zone of an exchange calendar; None if the calendar is unknown."""
    import exchange_calendars
    from pandas.errors import Pandas4Warning

    try:
        with warnings.catch_warnings():
            # As in `simmer.data.sessions`. Of any month, because the zone is always the same.
            warnings.simplefilter("ignore", Pandas4Warning)
            return str(exchange_calendars.get_calendar(calendar, start="2018-01-02", end="2018-02-01").tz)
    except exchange_calendars.errors.InvalidCalendarName:
        return None


def days_of(stamps: Stamps, *, calendar: str, declared: str | None) -> Days:
    """Return the days of the bars: those of the exchange, and not of UTC or another zone.

    Args:
        stamps: all of them read.
        calendar: exchange_calendars name; its time zone is that of the exchange.
        declared: the time zone of the days, as in the ticker's entry. A time with an offset is converted to
            it, one without is in it.
    """
    written = stamps.days
    is_plain = not stamps.has_offset.any()
    if (is_plain and not stamps.seconds.any()) or len(written) == 0:
        return Days(days=written)
    if declared == AS_WRITTEN:
        return Days(days=written, zone=AS_WRITTEN)
    zone = declared or zone_of(calendar)
    if zone is None or written.min() < _CONVERTIBLE[0] or written.max() > _CONVERTIBLE[1]:
        return Days(days=written)
    if is_plain and declared is not None:
        return Days(days=written, zone=zone)
    local = _in_zone(stamps, zone)
    converted = local.astype("datetime64[D]")
    if declared is not None:
        return Days(days=converted, zone=zone)
    if (converted == written).all():
        return Days(days=written, zone=AS_WRITTEN if is_plain else zone)
    shifted = count(int((converted != written).sum()), "row")
    row = int(np.argmax(converted != written))
    between = f"{written[row]} or {converted[row]}"
    if is_plain:
        return Days(
            days=written,
            problem=f"times of day without a time zone: {between} in {shifted}, depending on whether they "
            f"are in {zone}, the zone of {calendar}, or in UTC; if they are those of the exchange, "
            + to_write({"timezone": zone}),
        )
    if (local == converted).all():
        return Days(days=converted, zone=zone)
    if not stamps.seconds.any() and stamps.offsets.any():
        # Midnight of a zone other than UTC can only be the day there.
        return Days(days=written, zone=AS_WRITTEN)
    return Days(
        days=written,
        problem=f"the time is neither midnight of {zone}, the zone of {calendar}, nor of another exchange: "
        f"{between} in {shifted}; to take the day in UTC or at the exchange, "
        + to_write({"timezone": "UTC"}, {"timezone": zone}),
    )


def _in_zone(stamps: Stamps, zone: str) -> np.ndarray:
    moments = pd.DatetimeIndex(stamps.instants).tz_localize("UTC").tz_convert(ZoneInfo(zone))
    return moments.tz_localize(None).to_numpy().astype("datetime64[s]")


def interval_of(stamps: Stamps) -> str | None:
    """Return the interval of bars that are not daily, in words; None for daily ones."""
    moments = np.unique(stamps.instants)
    if len(moments) < _FEWEST:
        return None
    if len(np.unique(stamps.days)) * 1.5 < len(moments):
        step = int(np.median(np.diff(moments).astype(np.int64)))
        if step % 3600 == 0:
            return "hourly" if step == 3600 else f"{step // 3600}-hour"
        return f"{step // 60}-minute" if step % 60 == 0 else f"{step}-second"
    return interval_of_days(stamps.days)


def interval_of_days(days: np.ndarray) -> str | None:
    """Return the interval of bars that are rarer than daily, in words; None for others."""
    different = np.unique(days)
    step = float(np.median(np.diff(different).astype(np.int64))) if len(different) >= _FEWEST else 1.0
    if step < _LONG[0][0]:
        return None
    return next((name for least, most, name in _LONG if least <= step <= most), f"{step:.0f}-day")
