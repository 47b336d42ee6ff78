"""Check prefix invariance on the raw bars: features up to a day do not change when later days are added."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from simmer.audit.raw import FeatureBuilder, RawSeries, days_of
from simmer.base.checks import CheckResult, CheckStatus
from simmer.base.errors import DataError
from simmer.features.input_forms import price_relative

NEEDED = "bit-identical"
WEDNESDAY = 2


def cut_days(days: np.ndarray, border_days: Sequence[np.datetime64]) -> np.ndarray:
    """Return the days at whose end the raw series are cut, ascending datetime64[D].

    Around each border between splits: the days before, on and after it, and each day of the first whole week
    that follows, because a leaking weekly value shows on every day but the last. Then the first Wednesdays in
    the second half of the days after the first border, and the last two days.

    Args:
        days: of the raw bars, ascending.
        border_days: first day of validation and of test.
    """
    cuts = [*days[-2:]]
    for border in border_days:
        row = int(np.searchsorted(days, border))
        if row == len(days):
            continue  # a pooled ticker may end before
        week = row + int(np.argmax(_weekday(days[row:]) == 0))
        cuts += [*days[row - 1 : row + 2], *days[week : week + 5]]
    first = np.searchsorted(days, min(border_days))
    middle = days[(first + len(days)) // 2 :]
    cuts += [*middle[_weekday(middle) == WEDNESDAY][:3]]
    return np.unique(np.array(cuts, dtype="datetime64[D]"))


def check_prefixes(
    name: str, build: FeatureBuilder, raw: RawSeries, cuts: np.ndarray, *, relative: bool, pooled: str = ""
) -> list[CheckResult]:
    """Check that features of raw rows up to a day are bit-identical to the first rows of all features.

    Args:
        name: of the feature table.
        build: computes it from raw series.
        raw: the whole series.
        cuts: days at whose end the series are cut.
        relative: True to check the table's price-relative form as well, which is a model input.
        pooled: name of a pooled ticker; empty for the study's own.
    """
    whole, parts, refused = build(raw), {}, {}
    for day in cuts:
        try:
            parts[day] = build(raw.until(day))
        except DataError as error:
            refused[day] = str(error)
    results = [_result(f"prefix {name}", _differences(whole, parts), refused)]
    if relative:
        formed = {day: _formed(part) for day, part in parts.items()}
        results.append(
            _result(f"prefix price_relative {pooled}".rstrip(), _differences(_formed(whole), formed), refused)
        )
    return results


def check_table(name: str, table: pd.DataFrame, build: FeatureBuilder, raw: RawSeries) -> CheckResult:
    """Check that the table used for training is bit-identical to the one built from the raw bars."""
    difference = _difference(build(raw), table)
    again = "the table was built from other bars or by other code; delete it and build it again"
    return CheckResult.judged(
        f"table {name}",
        measured="different" if difference else "equal",
        needed=NEEDED,
        source=f"{len(table)} rows",
        fix=difference and f"{difference}: {again}",
    )


def _result(
    name: str, differences: dict[np.datetime64, str | None], refused: dict[np.datetime64, str]
) -> CheckResult:
    found = {day: difference for day, difference in differences.items() if difference is not None}
    every = [*differences, *refused]
    status, measured, fix = CheckStatus.OK, "equal at every cut", None
    if found:
        listing = "; ".join(f"cut after {day}: {difference}" for day, difference in list(found.items())[:3])
        fix = (
            f"{listing}. These values change when later bars are added: compute the feature from that day "
            "and earlier days only"
        )
        status, measured = CheckStatus.FAIL, f"different at {len(found)} cuts"
    elif refused:
        # A cut that leaves too few rows neither shows nor excludes a leak.
        day, why = next(iter(refused.items()))
        fix = f"{len(refused)} cuts give no table to compare, for example after {day}: {why}"
        status = CheckStatus.WARN if differences else CheckStatus.SKIP
        measured = f"equal at {len(differences)} cuts"
    source = f"{len(every)} cuts, {min(every)} to {max(every)}"
    return CheckResult(id=name, status=status, measured=measured, needed=NEEDED, source=source, fix=fix)


def _differences(
    whole: pd.DataFrame, parts: dict[np.datetime64, pd.DataFrame]
) -> dict[np.datetime64, str | None]:
    # Compare up to the cut, not to the last row of the part: a table that drops rows may hide a leak.
    return {day: _difference(whole[days_of(whole) <= day], part) for day, part in parts.items()}


def _difference(expected: pd.DataFrame, found: pd.DataFrame) -> str | None:
    """Return a description of the difference between two tables, or None."""
    if list(expected.columns) != list(found.columns) or len(expected) != len(found):
        shape, other = (f"{len(table)} rows of {len(table.columns)}" for table in (found, expected))
        return f"{shape} columns, expected {other}"
    changed = [name for name in expected.columns if _bits(expected[name]) != _bits(found[name])]
    if not changed:
        return None
    first = min(_first_change(expected[name], found[name]) for name in changed)
    more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
    return f"{', '.join(changed[:3])}{more} from {days_of(found)[first]}"


def _first_change(left: pd.Series, right: pd.Series) -> int:
    rows = (np.frombuffer(_bits(values), dtype=np.int64) for values in (left, right))
    return int(np.argmax(np.not_equal(*rows)))


def _formed(frame: pd.DataFrame) -> pd.DataFrame:
    names = list(frame.columns[1:])
    return pd.DataFrame(
        {"Date": frame["Date"], **dict(zip(names, price_relative(frame, names).T, strict=True))}
    )


def _bits(column: pd.Series) -> bytes:
    return np.ascontiguousarray(column.to_numpy()).tobytes()


def _weekday(days: np.ndarray) -> np.ndarray:
    # Day 0 of the epoch, 1970-01-01, was a Thursday; 0 is a Monday.
    return (days.astype(np.int64) + 3) % 7
