"""Scores of predicted probabilities against labels of 0 and 1; an undefined score is `None`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simmer.base.errors import DatasetError

# The spacing of float32 below 1: a float32 sigmoid cannot state more certainty than this.
PROBABILITY_FLOOR = 2.0**-24
# Predictions that spread less than one percentage point do not tell windows apart.
COLLAPSED_STD = 0.01
DECISION_THRESHOLD = 0.5


@dataclass(frozen=True)
class Scores:
    """All scores of one set of predictions; log-loss in nats, everything else on the scale 0..1."""

    log_loss: float
    auc: float | None
    auc_se: float | None
    brier: float
    recall: float | None
    prediction_min: float
    prediction_max: float
    prediction_mean: float
    prediction_std: float
    collapsed: bool


def score(labels: np.ndarray, probabilities: np.ndarray) -> Scores:
    """Score predicted probabilities.

    Args:
        labels: [n] of 0 and 1.
        probabilities: [n] predicted P(label = 1).

    Raises:
        DatasetError: when the two do not match, are empty, or hold other values.
    """
    labels, probabilities = checked(labels, probabilities)
    spread = float(probabilities.std())
    return Scores(
        log_loss=log_loss(labels, probabilities),
        auc=auc(labels, probabilities),
        auc_se=auc_standard_error(labels, probabilities),
        brier=brier(labels, probabilities),
        recall=recall(labels, probabilities),
        prediction_min=float(probabilities.min()),
        prediction_max=float(probabilities.max()),
        prediction_mean=float(probabilities.mean()),
        prediction_std=spread,
        collapsed=spread < COLLAPSED_STD,
    )


def log_loss(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean negative log-likelihood in nats; probabilities keep `PROBABILITY_FLOOR` off 0 and 1.

    Raises:
        DatasetError: as `score`.
    """
    return float(row_log_losses(labels, probabilities).mean())


def row_log_losses(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return the negative log-likelihood of each row, [n] nats, as `log_loss` averages it.

    Raises:
        DatasetError: as `score`.
    """
    labels, probabilities = checked(labels, probabilities)
    kept = np.clip(probabilities, PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR)
    return -np.where(labels == 1, np.log(kept), np.log1p(-kept))


def auc(labels: np.ndarray, probabilities: np.ndarray) -> float | None:
    """Return the chance that a positive is ranked above a negative, ties counting half.

    This is the Mann-Whitney U statistic over the number of pairs, from mid-ranks; `None` when a class is
    absent.

    Raises:
        DatasetError: as `score`.
    """
    return auc_of_rows(labels, probabilities)(np.arange(len(labels)))


def auc_of_rows(labels: np.ndarray, probabilities: np.ndarray) -> Callable[[np.ndarray], float | None]:
    """Return the function from row numbers, with repeats, to the `auc` of these rows.

    The probabilities are sorted once: a resample then takes no time to speak of.

    Raises:
        DatasetError: as `score`.
    """
    labels, probabilities = checked(labels, probabilities)
    distinct, group = np.unique(probabilities, return_inverse=True)

    def of_rows(rows: np.ndarray) -> float | None:
        groups, positive = group[rows], labels[rows] == 1
        positives = int(positive.sum())
        negatives = len(groups) - positives
        if positives == 0 or negatives == 0:
            return None
        sizes = np.bincount(groups, minlength=len(distinct))
        mid_ranks = np.cumsum(sizes) - (sizes - 1) / 2
        rank_sum = float(mid_ranks[groups[positive]].sum())
        return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)

    return of_rows


def auc_standard_error(labels: np.ndarray, probabilities: np.ndarray) -> float | None:
    """Return the standard error of the AUC, or `None` when a class is absent.

    Hanley and McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC)
    curve", Radiology 143 (1982) 29-36, with their negative-exponential Q1 and Q2. It takes the labels as
    independent; overlapping horizons make it too small, which is why reports use a block bootstrap.

    Raises:
        DatasetError: as `score`.
    """
    area = auc(labels, probabilities)
    if area is None:
        return None
    positives = int(np.sum(labels))
    negatives = len(labels) - positives
    q1 = area / (2 - area)
    q2 = 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (positives - 1) * (q1 - area**2) + (negatives - 1) * (q2 - area**2)
    # Rounding can leave a variance just below 0 where it is 0, at an AUC of 0 or 1.
    return float(np.sqrt(max(variance, 0.0) / (positives * negatives)))


def brier(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean squared difference between probability and label.

    Raises:
        DatasetError: as `score`.
    """
    labels, probabilities = checked(labels, probabilities)
    return float(np.square(probabilities - labels).mean())


def recall(
    labels: np.ndarray, probabilities: np.ndarray, threshold: float = DECISION_THRESHOLD
) -> float | None:
    """Return the share of positives predicted at the threshold or above, or `None` without positives.

    Raises:
        DatasetError: as `score`.
    """
    labels, probabilities = checked(labels, probabilities)
    of_positives = probabilities[labels == 1]
    return float((of_positives >= threshold).mean()) if of_positives.size else None


def checked(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return labels as [n] int64 and probabilities as [n] float64.

    Raises:
        DatasetError: when the two do not match, are empty, or hold other values than a score allows.
    """
    # In float64 and as integers: float32 sums and int8 differences would lose digits or wrap round.
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, dtype=np.float64)
    if labels.ndim != 1 or labels.shape != probabilities.shape or labels.size == 0:
        raise DatasetError(
            f"labels have shape {labels.shape}, probabilities {probabilities.shape}; expected two "
            "equally long series with at least one value"
        )
    if not np.isin(labels, (0, 1)).all():
        raise DatasetError("labels hold other values than 0 and 1; score the labels of a dataset")
    # Written so that NaN fails it too.
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise DatasetError(
            "probabilities are not all between 0 and 1; apply the sigmoid, refuse diverged trials"
        )
    return labels.astype(np.int64), probabilities
