"""Text into dates and times of day, by forms as those of strptime."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow
import pyarrow.compute

# %b is the name of a month in English, in full or its first three letters.
_ORDERS = ("%Y{0}%m{0}%d", "%m{0}%d{0}%Y", "%d{0}%m{0}%Y", "%m{0}%d{0}%y", "%d{0}%m{0}%y", "%y{0}%m{0}%d")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
FORMS = (
    *(order.format(sign) for sign in "-/." for order in _ORDERS),
    "%Y%m%d",
    *("%b %d, %Y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b-%d-%Y", "%Y-%b-%d"),
)
# By name, the digits of a number of seconds since 1970 or of a part of a second, and how many are a second.
EPOCHS = {
    "epoch_s": ("[0-9]{9,10}", 1),
    "epoch_ms": ("[0-9]{12,13}", 10**3),
    "epoch_us": ("[0-9]{15,16}", 10**6),
    "epoch_ns": ("[0-9]{18,19}", 10**9),
}
_EXAMPLE = {"%Y": "2018", "%y": "18", "%m": "12", "%d": "31", "%b": "Dec", "%H": "16", "%M": "00", "%S": "00"}
_DIGITS = {"Y": "{4}", "y": "{2}", "m": "{1,2}", "d": "{1,2}", "H": "{1,2}", "M": "{2}", "S": "{2}"}
_GROUPS = {"Y": "year4", "y": "year2", "m": "month", "d": "day", "H": "hour", "M": "minute", "S": "second"}
_ZONE = r"(?P<zone>Z|UTC|GMT|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9])"
_TIME = (
    r"(?:[ T]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)?"
    rf"(?: ?{_ZONE})?)?"
)
_DAY_S = 86_400
# POSIX: 69 to 99 are years of the last century.
_PIVOT = 69


@dataclass(frozen=True, kw_only=True)
class Stamps:
    """Dates and times as they are written, one per row.

    Attributes:
        days: [n] datetime64[D].
        seconds: seconds since midnight, [n] int64.
        offsets: seconds by which the clock is ahead of UTC, [n] int64; 0 without an offset.
        has_offset: [n] bool.
        read: where the text could be read, [n] bool; the other values are arbitrary.
    """

    days: np.ndarray
    seconds: np.ndarray
    offsets: np.ndarray
    has_offset: np.ndarray
    read: np.ndarray

    @property
    def instants(self) -> np.ndarray:
        """The moments in UTC, [n] datetime64[s]; a time without an offset is taken as UTC."""
        return self.days.astype("datetime64[s]") + (self.seconds - self.offsets).astype("timedelta64[s]")

    def at(self, rows: np.ndarray) -> "Stamps":
        """Return the stamps of some rows."""
        return Stamps(
            days=self.days[rows],
            seconds=self.seconds[rows],
            offsets=self.offsets[rows],
            has_offset=self.has_offset[rows],
            read=self.read[rows],
        )


def possible_forms(texts: pyarrow.Array) -> dict[str, Stamps]:
    """Return the forms by which most texts can be read, each once if several give the same dates.

    Empty for no text or if no form reads any. More than one form means that the dates are ambiguous.
    """
    found: dict[str, Stamps] = {}
    best = 1
    for form in (*FORMS, *EPOCHS):
        stamps = read_dates(texts, form)
        count = int(stamps.read.sum())
        if count > best:
            found, best = {}, count
        if count == best and not any(_same(stamps, other) for other in found.values()):
            found[form] = stamps
    return found


def read_dates(texts: pyarrow.Array, form: str) -> Stamps:
    """Read dates of a known form, with a time of day and an offset behind them or not."""
    if form in EPOCHS:
        return _read_epoch(texts, *EPOCHS[form])
    groups = pyarrow.compute.extract_regex(texts, _pattern(form))
    read = groups.is_valid().to_numpy(zero_copy_only=False)
    parts = {name.name: groups.field(place) for place, name in enumerate(groups.type)}

    def number(name: str) -> np.ndarray:
        if name not in parts:
            return np.zeros(len(texts), dtype=np.int64)
        filled = pyarrow.compute.if_else(pyarrow.compute.equal(parts[name], ""), "0", parts[name])
        return np.where(read, _ints(filled), 0)

    years = number("year4")
    if "year2" in parts:
        years = number("year2")
        years = years + np.where(years >= _PIVOT, 1900, 2000)
    months = number("month")
    if "name" in parts:
        names = pyarrow.compute.utf8_slice_codeunits(pyarrow.compute.ascii_lower(parts["name"]), 0, 3)
        short = pyarrow.array([month[:3] for month in _MONTHS])
        months = _filled(pyarrow.compute.index_in(names, value_set=short)) + 1
    hours, minutes, seconds = number("hour"), number("minute"), number("second")
    dates = number("day")
    read = read & (months >= 1) & (months <= 12) & (dates >= 1) & (years >= 1)
    read &= (hours < 24) & (minutes < 60) & (seconds < 60)
    first = (np.where(read, years - 1970, 0)).astype("datetime64[Y]").astype("datetime64[M]")
    first = first + np.where(read, months - 1, 0).astype("timedelta64[M]")
    days = first.astype("datetime64[D]") + np.where(read, dates - 1, 0).astype("timedelta64[D]")
    read &= days.astype("datetime64[M]") == first  # no 30th of February
    offsets, has_offset = _offsets(parts.get("zone"), len(texts))
    return Stamps(
        days=days,
        seconds=hours * 3600 + minutes * 60 + seconds,
        offsets=np.where(read, offsets, 0),
        has_offset=has_offset & read,
        read=read,
    )


def written_like(form: str) -> str:
    """Return the last day of 2018 in a form of dates."""
    if form in EPOCHS:
        return f"{1546214400 * EPOCHS[form][1]}, since 1970"
    for sign, text in _EXAMPLE.items():
        form = form.replace(sign, text)
    return form


def _read_epoch(texts: pyarrow.Array, digits: str, parts: int) -> Stamps:
    fits = pyarrow.compute.match_substring_regex(texts, f"^{digits}$")
    read = fits.to_numpy(zero_copy_only=False)
    # 19 digits may be beyond int64.
    whole = np.array(
        [int(text) // parts if fit else 0 for text, fit in zip(texts.to_pylist(), read, strict=True)],
        dtype=np.int64,
    )
    return Stamps(
        days=(whole // _DAY_S).astype("datetime64[D]"),
        seconds=whole % _DAY_S,
        offsets=np.zeros(len(texts), dtype=np.int64),
        has_offset=read,
        read=read,
    )


@cache
def _pattern(form: str) -> str:
    tokens = re.findall(r"%.|.", form)
    return f"(?i)^{''.join(_tokens(tokens))}{'' if '%H' in tokens else _TIME}$"


def _tokens(tokens: list[str]) -> Iterator[str]:
    for place, token in enumerate(tokens):
        if token == "%z":
            yield _ZONE
        elif token == "%b":
            yield "(?P<name>" + "|".join(f"{month[:3]}(?:{month[3:]})?" for month in _MONTHS) + ")"
        elif token.startswith("%"):
            beside = "".join(tokens[max(place - 1, 0) : place] + tokens[place + 1 : place + 2])
            digits = _DIGITS[token[1]]
            digits = "{2}" if "%" in beside and digits == "{1,2}" else digits
            yield f"(?P<{_GROUPS[token[1]]}>[0-9]{digits})"
        else:
            yield " +" if token == " " else re.escape(token)


def _offsets(zones: pyarrow.Array | None, rows: int) -> tuple[np.ndarray, np.ndarray]:
    if zones is None:
        return np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=bool)
    offsets = {text: _offset(text) for text in pyarrow.compute.unique(zones).to_pylist() if text is not None}
    texts = zones.to_pylist()
    has_offset = np.array([bool(text) for text in texts], dtype=bool)
    return np.array([offsets.get(text, 0) for text in texts], dtype=np.int64), has_offset


def _offset(text: str) -> int:
    if text[:1] not in ("+", "-") or len(text) < 5:
        return 0
    seconds = int(text[1:3]) * 3600 + int(text[-2:]) * 60
    return -seconds if text.startswith("-") else seconds


def _ints(texts: pyarrow.Array) -> np.ndarray:
    return _filled(pyarrow.compute.cast(texts, pyarrow.int64()))


def _filled(numbers: pyarrow.Array) -> np.ndarray:
    return pyarrow.compute.fill_null(numbers, -1).to_numpy(zero_copy_only=False).astype(np.int64)


def _same(one: Stamps, other: Stamps) -> bool:
    return bool((one.read == other.read).all() and (one.days == other.days)[one.read].all())
