"""Check labels, splits and their borders by a plain loop over raw prices."""

from collections.abc import Iterator, Mapping

import numpy as np

from simmer.audit.raw import RawSeries
from simmer.base.checks import CheckResult, CheckStatus
from simmer.features.dataset import Dataset
from simmer.features.labels import LabelSpec
from simmer.ledger.address import horizon_name

SPLITS = ("train", "validation")  # only the report may use the labels of test


def check_labels(dataset: Dataset, raw: RawSeries) -> CheckResult:
    """Check every label of train and validation against a plain loop over the raw High or Close."""
    days = [dataset.dates[dataset.decision_rows(split)] for split in SPLITS]
    labels = [dataset.labels_of(split) for split in SPLITS]
    name = f"labels {horizon_name(dataset.label_spec.horizon_days)}"
    return compare_labels(name, np.concatenate(days), np.concatenate(labels), dataset.label_spec, raw)


def compare_labels(
    name: str, days: np.ndarray, labels: np.ndarray, spec: LabelSpec, raw: RawSeries
) -> CheckResult:
    """Check the labels of decision days, [n] each, against a plain loop over the raw High or Close."""
    closes = raw.bars["Close"].tolist()
    reached = raw.bars["High"].tolist() if spec.basis == "high" else closes
    rows_of_days, wrong = _rows_of_days(raw), []
    for day, label in zip(days.astype("datetime64[D]"), labels, strict=True):
        today = rows_of_days[day]
        hits = False
        for ahead in range(1, spec.horizon_days + 1):
            if reached[today + ahead] >= closes[today] * (1 + spec.threshold):
                hits = True
        if bool(label) != hits:
            wrong.append(str(day))
    fix = None
    if wrong:
        fix = (
            f"labels of {', '.join(wrong[:3])}{' and others' if len(wrong) > 3 else ''} differ: compute them "
            "from raw prices, with the horizon, threshold and basis of the configuration"
        )
    return CheckResult.judged(
        name,
        measured=len(wrong),
        needed=0,
        unit="labels that differ",
        source=f"{len(labels)} labels",
        fix=fix,
    )


def check_borders(dataset: Dataset, raw: RawSeries) -> CheckResult:
    """Check that no label of train or validation uses a day of the next split."""
    days = {split: dataset.dates[dataset.decision_rows(split)] for split in SPLITS}
    borders = dict(zip(SPLITS, border_days(dataset, raw), strict=True))
    return compare_borders("", days, borders, dataset.label_spec, raw)


def compare_borders(
    name: str,
    days: Mapping[str, np.ndarray],
    borders: Mapping[str, np.datetime64],
    spec: LabelSpec,
    raw: RawSeries,
) -> CheckResult:
    """Check that no label uses a day from a border on.

    Args:
        name: of a pooled ticker; empty for the study's own.
        days: decision days by split.
        borders: first day of the split that follows each of them.
        spec: of the labels.
        raw: the bars.
    """
    beyond = [f"{split} {day}" for split in days for day in _beyond(days[split], borders[split], spec, raw)]
    fix = None
    if beyond:
        fix = (
            f"labels of {', '.join(beyond[:3])} use days of the next split: purge as many rows as the horizon"
        )
    return CheckResult.judged(
        f"borders {horizon_name(spec.horizon_days)} {name}".rstrip(),
        measured=len(beyond),
        needed=0,
        unit="labels beyond",
        source=", ".join(days),
        fix=fix,
    )


def _beyond(
    days: np.ndarray, border: np.datetime64, spec: LabelSpec, raw: RawSeries
) -> Iterator[np.datetime64]:
    rows_of_days = _rows_of_days(raw)
    for day in days.astype("datetime64[D]"):
        last = rows_of_days[day] + spec.horizon_days
        if last >= len(raw.days) or raw.days[last] >= border:
            yield day


def check_splits(dataset: Dataset) -> CheckResult:
    """Check that train comes before validation, neither has gaps, and each is purged by the horizon."""
    horizon = dataset.label_spec.horizon_days
    starts, found = (dataset.context_days - 1, dataset.borders[0]), []
    for split, start, end in zip(SPLITS, starts, dataset.borders, strict=True):
        rows = dataset.decision_rows(split)
        if (np.diff(rows) != 1).any():
            found.append(f"{split} has gaps or is out of order")
        if rows[0] != start:
            found.append(f"{split} starts at row {rows[0]}, expected {start}")
        purged = end - 1 - rows[-1]
        if purged != horizon:
            found.append(f"{split} has {purged} purged rows, expected {horizon}")
    shared = np.intersect1d(dataset.train, dataset.validation)
    if len(shared) or dataset.train[-1] >= dataset.validation[0]:
        found.append(f"train and validation share {len(shared)} rows or are out of order")
    needed = f"in order, {horizon} purged"
    return CheckResult.judged(
        f"splits {horizon_name(dataset.label_spec.horizon_days)}",
        measured=f"{len(found)} errors" if found else needed,
        needed=needed,
        unit="rows",
        source="dataset",
        fix=f"{'; '.join(found)}: split by date and purge by the horizon" if found else None,
    )


def check_base_rate(by_horizon: Mapping[int, Dataset], split: str) -> CheckResult:
    """Check that on the rows shared by all horizons, a longer horizon has more positives.

    Fewer positives are impossible (FAIL). An equal number may mean that the horizon has no effect (WARN).
    """
    horizons = sorted(by_horizon)
    shared = by_horizon[horizons[-1]].decision_rows(split)
    for horizon in horizons:
        shared = np.intersect1d(shared, by_horizon[horizon].decision_rows(split))
    positives = [int(by_horizon[horizon].labels[shared].sum()) for horizon in horizons]
    steps = np.diff(positives)
    status, fix = CheckStatus.OK, None
    if len(steps) and steps.min() <= 0:
        status = CheckStatus.FAIL if steps.min() < 0 else CheckStatus.WARN
        fix = "make labels use the days of their own horizon, and the same threshold, basis and prices"
    rates = [
        f"{horizon_name(days)} {count / len(shared):.4f}"
        for days, count in zip(horizons, positives, strict=True)
    ]
    return CheckResult(
        id=f"base rate {split}",
        status=CheckStatus.SKIP if len(horizons) == 1 else status,
        measured=", ".join(rates),
        needed="rising",
        unit="share",
        source=f"{len(shared)} shared rows",
        fix=fix,
    )


def border_days(dataset: Dataset, raw: RawSeries) -> tuple[np.datetime64, np.datetime64]:
    """Return the first day of validation and of test, from the raw bars.

    The dataset may have no test rows, so the first test day is the bar after the last row before the border.
    """
    days = raw.days
    last_before = [dataset.dates[border - 1].astype("datetime64[D]") for border in dataset.borders]
    first, second = (days[np.searchsorted(days, day) + 1] for day in last_before)
    return first, second


def _rows_of_days(raw: RawSeries) -> dict[np.datetime64, int]:
    return {day: row for row, day in enumerate(raw.days)}
