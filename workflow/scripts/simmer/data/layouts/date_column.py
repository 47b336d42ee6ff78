"""The dates of a file: the one form by which they can be read, and the days of the exchange that they are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow
import pyarrow.compute

from simmer.base.text import quote
from simmer.data.bars_csv import advice_for
from simmer.data.layouts.cells import is_missing
from simmer.data.layouts.dates import Stamps, possible_forms, read_dates, written_like
from simmer.data.layouts.days import days_of
from simmer.data.layouts.declared import to_write
from simmer.data.layouts.names import TIME


@dataclass(frozen=True, kw_only=True)
class DateColumn:
    """Dates of a file.

    Attributes:
        form: see `simmer.data.layouts.dates`.
        stamps: dates and times as they are written.
        days: days of the exchange, [n] datetime64[D], arbitrary where nothing was read; None if ambiguous.
        zone: the time zone in which they are days; None for plain dates.
        faults: line or None, rule and message of what is wrong.
    """

    form: str
    stamps: Stamps
    days: np.ndarray | None
    zone: str | None
    faults: tuple[tuple[int | None, str, str], ...]


def dates_of(
    texts: Mapping[str, pyarrow.Array], lines: np.ndarray, *, calendar: str, declared: Mapping[str, Any]
) -> DateColumn:
    """Read the dates of a file.

    Args:
        texts: by meaning, the texts, [n]; a column with times of day belongs to the dates.
        lines: the line of each row, [n] int64.
        calendar: exchange_calendars name of the exchange.
        declared: keys of the ticker's entry.
    """
    column = _with_time(texts["Date"], texts[TIME]) if TIME in texts else texts["Date"]
    forms, faults = _forms(column, declared.get("date_format"))
    stamps = _without_odd_times(read_dates(column, forms[0]))
    for row in np.flatnonzero(~stamps.read):
        text = column[int(row)].as_py()
        message = f"Date is {quote(text)}; expected a date like {written_like(forms[0])}{advice_for(text)}"
        faults.append((int(lines[row]), "date_format", message))
    days = zone = None
    if len(forms) == 1 and stamps.read.any():
        found = days_of(stamps.at(stamps.read), calendar=calendar, declared=declared.get("timezone"))
        faults += [(None, "timezone", found.problem)] if found.problem else []
        days, zone = np.array(stamps.days), found.zone
        days[stamps.read] = found.days
    return DateColumn(form=forms[0], stamps=stamps, days=days, zone=zone, faults=tuple(faults))


_UNREADABLE = (
    None,
    "dates",
    f"no date is in a form that is known; {to_write({'date_format': '%d.%m.%Y'})}, with the right form",
)


def _forms(
    column: pyarrow.Array, declared: str | None
) -> tuple[list[str], list[tuple[int | None, str, str]]]:
    """Return the possible forms, at least one, and why they are not exactly one."""
    if declared is not None:
        return [declared], []
    known = column.filter(pyarrow.array(~is_missing(column)))
    possible = list(possible_forms(known))
    if not possible:
        # Each line has its own problem below, with what is wrong there.
        return ["%Y-%m-%d"], [_UNREADABLE][: len(known) > 1]
    if len(possible) == 1:
        return possible, []
    message = (
        f"dates such as {quote(known[0].as_py())} can be read in several ways, and no day above 12 decides; "
        + to_write(*({"date_format": form} for form in possible))
    )
    return possible, [(None, "date_format", message)]


def _without_odd_times(stamps: Stamps) -> Stamps:
    """Return stamps in which a time is not read if most dates have none, and an offset likewise."""
    read = stamps.read
    if not read.any():
        return stamps
    if stamps.has_offset.any():
        most = stamps.has_offset[read].mean() >= 0.5
        return replace(stamps, read=read & (stamps.has_offset == most))
    if (stamps.seconds[read] == 0).mean() > 0.5:
        return replace(stamps, read=read & (stamps.seconds == 0))
    return stamps


def _with_time(dates: pyarrow.Array, times: pyarrow.Array) -> pyarrow.Array:
    compact = r"^([0-9]{2})([0-9]{2})([0-9]{2})$"
    spread = pyarrow.compute.replace_substring_regex(times, compact, r"\1:\2:\3")
    return pyarrow.compute.binary_join_element_wise(dates, spread, " ")
