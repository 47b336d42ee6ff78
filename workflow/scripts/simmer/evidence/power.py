"""How large a difference a test split could have shown, so that "no difference" is not read as "equal".

The standard error is measured on the split, by the paired block bootstrap; it needs no assumption about the
size of the true difference. Power at the difference that happened to be found says nothing that the p-value
does not, and is not computed (Hoenig and Heisey, "The abuse of power", American Statistician 55 (2001)
19-24).
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from simmer.errors import DatasetError
from simmer.evidence.bootstrap import (
    LEVEL,
    N_RESAMPLES,
    Interval,
    checked_differences,
    interval,
    paired_difference,
)
from simmer.evidence.metrics import auc

SIGNIFICANCE = 1 - LEVEL
POWER = 0.8
# Below this share of the difference itself its variation is rounding, and a ratio of two such is noise.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Power:
    """What a split could have shown about the difference of two models, in the unit of their score.

    Attributes:
        standard_error: of the difference, by the block bootstrap.
        detectable: the smallest true difference found in `POWER` of such splits at `SIGNIFICANCE`.
        decisions: rows of the split.
        effective_decisions: independent rows that would carry as much, never more than there are; `None`
            where the score does not vary.
        variance_inflation: variance by blocks over variance as if rows were independent; `None` likewise.
    """

    standard_error: float
    detectable: float
    decisions: int
    effective_decisions: float | None
    variance_inflation: float | None


def detectable_difference(
    standard_error: float, *, significance: float = SIGNIFICANCE, power: float = POWER
) -> float:
    """Return the smallest true difference that a two-sided test finds with probability `power`.

    (z[1 - significance/2] + z[power]) standard errors, with z the quantiles of the normal distribution: 2.80
    at 5 % and 80 % (Bloom, "Minimum detectable effects", Evaluation Review 19 (1995) 547-556). It leaves out
    the chance of a significant result of the wrong sign, which is 1 in 1,000,000 there.

    Raises:
        DatasetError: when the standard error is negative or not finite, or `significance` and `power` are
            not probabilities with the power above the significance.
    """
    if not 0 <= standard_error < float("inf"):
        raise DatasetError(
            f"a standard error of {standard_error}; expected a finite one, bootstrap the split first"
        )
    if not 0 < significance < power < 1:
        raise DatasetError(
            f"a significance of {significance} and a power of {power}; expected probabilities with the "
            "power above the significance"
        )
    normal = NormalDist()
    return (normal.inv_cdf(1 - significance / 2) + normal.inv_cdf(power)) * standard_error


def loss_power(
    losses_a: np.ndarray,
    losses_b: np.ndarray,
    *,
    horizon: int,
    seed: int,
    mean_block: float | None = None,
    n_resamples: int = N_RESAMPLES,
) -> Power:
    """Return what the split could have shown about a difference in mean loss.

    Args:
        losses_a: [n] loss of each decision in the order of time, any unit (nats for log-loss).
        losses_b: [n], of the other model on the same rows.
        horizon: of the labels, in days.
        mean_block: in rows; `None` takes the default of the bootstrap.

    Raises:
        DatasetError: as `paired_difference`.
    """
    differences = checked_differences(losses_a, losses_b)
    found = paired_difference(
        losses_a, losses_b, horizon=horizon, seed=seed, mean_block=mean_block, n_resamples=n_resamples
    )
    # What resampling rows one by one comes to for a mean, without drawing any.
    independent = float(differences.std() / np.sqrt(len(differences)))
    return _power(found.interval, independent, len(differences))


def auc_power(
    labels: np.ndarray,
    probabilities_a: np.ndarray,
    probabilities_b: np.ndarray,
    *,
    horizon: int,
    seed: int,
    mean_block: float | None = None,
    n_resamples: int = N_RESAMPLES,
) -> Power:
    """Return what the split could have shown about a difference in AUC.

    Args:
        labels: [n] of 0 and 1 in the order of time.
        probabilities_a: [n] predicted P(label = 1).
        probabilities_b: [n], of the other model.
        horizon: of the labels, in days.
        mean_block: in rows; `None` takes the default of the bootstrap.

    Raises:
        DatasetError: when labels and probabilities do not match, a class is absent, or as `interval`.
    """
    difference = auc_difference(labels, probabilities_a, probabilities_b)
    n = len(labels)
    blocks = interval(
        difference, n, horizon=horizon, seed=seed, mean_block=mean_block, n_resamples=n_resamples
    )
    independent = interval(
        difference, n, horizon=horizon, seed=seed, mean_block=1, n_resamples=n_resamples
    ).standard_error
    return _power(blocks, independent, n)


def auc_difference(
    labels: np.ndarray, probabilities_a: np.ndarray, probabilities_b: np.ndarray
) -> Callable[[np.ndarray], float | None]:
    """Return the AUC of a minus that of b as a statistic of row numbers, `None` where a class is absent.

    Raises:
        DatasetError: when labels and probabilities do not match, from here or from the statistic.
    """
    labels = np.asarray(labels)
    probabilities_a, probabilities_b = np.asarray(probabilities_a), np.asarray(probabilities_b)
    # On all rows first: row numbers of the shorter series would cut a longer one to size in silence.
    auc(labels, probabilities_a)
    auc(labels, probabilities_b)

    def difference(rows: np.ndarray) -> float | None:
        area_a, area_b = auc(labels[rows], probabilities_a[rows]), auc(labels[rows], probabilities_b[rows])
        return None if area_a is None or area_b is None else area_a - area_b

    return difference


def _power(blocks: Interval, independent_error: float, n: int) -> Power:
    varies = independent_error > ROUNDING * abs(blocks.estimate)
    inflation = (blocks.standard_error / independent_error) ** 2 if varies else None
    return Power(
        standard_error=blocks.standard_error,
        detectable=detectable_difference(blocks.standard_error),
        decisions=n,
        # An inflation below 1 is mostly chance, and a claim of more rows than there are would rest on it.
        effective_decisions=None if inflation is None else n / max(inflation, 1.0),
        variance_inflation=inflation,
    )
