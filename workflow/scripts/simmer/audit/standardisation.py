"""Scaling from train alone: computed once more, and unmoved by whatever prices come later."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from simmer.audit.labels import border_days
from simmer.audit.raw import FeatureBuilder, RawSeries
from simmer.base.checks import CheckResult, CheckVerdict
from simmer.features.columns import INPUT_FORMS
from simmer.features.dataset import Dataset

# Exactly rounded sums against numpy's: of thousands of rows the two agree to about 1e-13.
TOLERANCE = 1e-10

DatasetBuilder = Callable[[pd.DataFrame], Dataset]


def check_scaling(dataset: Dataset, frame: pd.DataFrame) -> CheckResult:
    """Mean and deviation are those of the rows up to the last train decision, and of no others.

    Summed exactly, column by column, and compared in units of each column's deviation.

    Args:
        dataset: made of `frame`.
        frame: the feature table.
    """
    rows = int(dataset.train[-1]) + 1
    worst, worst_name = 0.0, dataset.feature_names[0]
    for column, name in enumerate(dataset.feature_names):
        values = frame[name].to_numpy(dtype=np.float64)[:rows].tolist()
        mean = math.fsum(values) / rows
        std = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / rows)
        off = max(abs(dataset.mean[column] - mean), abs(dataset.std[column] - std)) / std
        if not off <= worst:
            worst, worst_name = off, name
    scaled = (frame[list(dataset.feature_names)].to_numpy(dtype=np.float64) - dataset.mean) / dataset.std
    same = np.array_equal(scaled[: len(dataset.dates)].astype(np.float32), dataset.features)
    fine = worst <= TOLERANCE and same
    fix = None
    if not fine:
        of = f"mean and deviation of {worst_name}" if worst > TOLERANCE else "the scaled values"
        fix = f"{of} are not those of the first {rows} rows: scale by the rows up to the last train decision"
    return CheckResult(
        f"scaling {_horizon(dataset)}",
        CheckVerdict.OK if fine else CheckVerdict.FAIL,
        f"{worst:.1e}",
        f"{TOLERANCE:.0e}",
        "deviations",
        f"{len(dataset.feature_names)} channels, {rows} rows",
        fix,
    )


def check_future(
    raw: RawSeries, *, features: FeatureBuilder, build: DatasetBuilder, horizon: str, seed: int
) -> list[CheckResult]:
    """What is learned from stays the same to the last bit when later prices are other ones.

    Disturbed are, one after the other, all rows after the last train decision (inputs and scaling of train
    must stay), all rows from the first of validation on (train's labels, too), and all from the first of
    test on (everything of train and validation).

    Args:
        raw: all there is.
        features: makes the table that is trained on.
        build: makes the dataset of that table.
        horizon: what the results call it.
        seed: of the disturbances.
    """
    whole = build(features(raw))
    validation_day, test_day = border_days(whole, raw)
    after_train = whole.dates[whole.train[-1]].astype("datetime64[D]") + 1
    results = []
    for what, day, splits, labels in (
        ("train inputs", after_train, ("train",), False),
        ("train", validation_day, ("train",), True),
        ("train, validation", test_day, ("train", "validation"), True),
    ):
        disturbed = build(features(raw.disturbed_from(day, seed=seed)))
        changed = _changed(whole, disturbed, splits, labels=labels)
        fix = None
        if changed:
            fix = f"{', '.join(changed)} depend on prices from {day} on: find the step that looks ahead"
        results.append(
            CheckResult(
                f"future of {what} {horizon}",
                CheckVerdict.FAIL if changed else CheckVerdict.OK,
                "changed" if changed else "the same",
                "the same bit for bit",
                None,
                f"prices disturbed from {day}",
                fix,
            )
        )
    return results


def _changed(whole: Dataset, other: Dataset, splits: tuple[str, ...], *, labels: bool) -> list[str]:
    pairs = {"mean": (whole.mean, other.mean), "deviation": (whole.std, other.std)}
    for split in splits:
        rows = whole.decision_rows(split)
        pairs[f"decision rows of {split}"] = (rows, other.decision_rows(split))
        # Inputs reach back over all rows before the decision.
        until = int(rows[-1]) + 1
        for form in INPUT_FORMS:
            pairs[f"{form} inputs of {split}"] = (whole.inputs(form)[:until], other.inputs(form)[:until])
        if labels:
            pairs[f"labels of {split}"] = (whole.labels[rows], other.labels[rows])
    return [name for name, (one, two) in pairs.items() if one.tobytes() != two.tobytes()]


def _horizon(dataset: Dataset) -> str:
    return f"h{dataset.label_spec.horizon_days}"
