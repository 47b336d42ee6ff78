"""Check that standardisation uses train only and that later prices do not change earlier inputs."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from simmer.audit.labels import border_days
from simmer.audit.raw import FeatureBuilder, RawSeries
from simmer.base.checks import CheckResult
from simmer.features.columns import INPUT_FORMS
from simmer.features.dataset import Dataset
from simmer.features.labels import LabelSpec
from simmer.features.standardised import Standardised
from simmer.ledger.address import horizon_name

# Exactly rounded sums and numpy's agree to about 1e-13 over thousands of rows.
TOLERANCE = 1e-10

DatasetBuilder = Callable[[pd.DataFrame], Dataset]


def check_standardisation(dataset: Dataset, frame: pd.DataFrame) -> CheckResult:
    """Check the standardisation of a dataset built from `frame`, see `compare_standardisation`."""
    rows = int(dataset.train[-1]) + 1
    return compare_standardisation("", dataset, frame, rows=rows, spec=dataset.label_spec)


def compare_standardisation(
    name: str, channels: Standardised, frame: pd.DataFrame, *, rows: int, spec: LabelSpec
) -> CheckResult:
    """Check that mean and standard deviation are those of the rows up to the last train decision.

    They are computed again with exact sums and compared in units of each column's standard deviation.

    Args:
        name: of a pooled ticker; empty for the study's own.
        channels: computed from `frame`.
        frame: the feature table.
        rows: number of rows up to the last train decision.
        spec: of the labels.
    """
    worst, worst_name = 0.0, channels.feature_names[0]
    for column, feature in enumerate(channels.feature_names):
        values = frame[feature].to_numpy(dtype=np.float64)[:rows].tolist()
        mean = math.fsum(values) / rows
        std = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / rows)
        off = max(abs(channels.mean[column] - mean), abs(channels.std[column] - std)) / std
        if not off <= worst:
            worst, worst_name = off, feature
    inputs = frame[list(channels.feature_names)].to_numpy(dtype=np.float64)
    expected = ((inputs - channels.mean) / channels.std)[: len(channels.dates)].astype(np.float32)
    same = np.array_equal(expected, channels.features)
    fix = None
    if not same or worst > TOLERANCE:
        of = f"mean and deviation of {worst_name}" if worst > TOLERANCE else "the standardised values"
        fix = f"{of} are not those of the first {rows} rows: use only rows up to the last train decision"
    return CheckResult.judged(
        # Published audits have the check under this id.
        f"scaling {horizon_name(spec.horizon_days)} {name}".rstrip(),
        measured=f"{worst:.1e}",
        needed=f"{TOLERANCE:.0e}",
        unit="deviations",
        source=f"{len(channels.feature_names)} channels, {rows} rows",
        fix=fix,
    )


def check_future(
    raw: RawSeries, *, features: FeatureBuilder, build: DatasetBuilder, horizon: str, seed: int
) -> list[CheckResult]:
    """Check that inputs, labels and statistics stay bit-identical when later prices change.

    Prices are disturbed from three days on: the day after the last train decision (inputs and standardisation
    of train must stay), the first day of validation (labels of train too), and the first day of test
    (everything in train and validation).

    Args:
        raw: the whole series.
        features: computes the feature table from raw series.
        build: makes the dataset from that table.
        horizon: its name in results.
        seed: of the price factors.
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
            fix = f"{', '.join(changed)} depend on prices from {day} on: find the step that uses later prices"
        results.append(
            CheckResult.judged(
                f"future of {what} {horizon}",
                measured="changed" if changed else "bit-identical",
                needed="bit-identical",
                source=f"prices disturbed from {day}",
                fix=fix,
            )
        )
    return results


def _changed(whole: Dataset, other: Dataset, splits: tuple[str, ...], *, labels: bool) -> list[str]:
    pairs = {"mean": (whole.mean, other.mean), "deviation": (whole.std, other.std)}
    for split in splits:
        rows = whole.decision_rows(split)
        pairs[f"decision rows of {split}"] = (rows, other.decision_rows(split))
        # Inputs may use all rows up to the decision row.
        until = int(rows[-1]) + 1
        for form in INPUT_FORMS:
            pairs[f"{form} inputs of {split}"] = (whole.inputs(form)[:until], other.inputs(form)[:until])
        if labels:
            pairs[f"labels of {split}"] = (whole.labels[rows], other.labels[rows])
    return [name for name, (one, two) in pairs.items() if one.tobytes() != two.tobytes()]
