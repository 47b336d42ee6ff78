"""Score one model on a split that neither training nor the search used, with a threshold chosen before."""

from dataclasses import dataclass

import numpy as np

from simmer.base.errors import DatasetError
from simmer.evidence.calibration import calibration_error, recalibration
from simmer.evidence.metrics import brier, checked, log_loss, recall, score


@dataclass(frozen=True)
class FinalScores:
    """All scores of a final evaluation; log-loss in nats, counts in decisions, `None` where undefined.

    Attributes:
        rate: share of positives among the decisions; `average_precision` of random predictions.
        train_rate: base rate of train, the constant prediction that skills compare with.
        log_loss_skill: 1 is perfect, 0 equals the constant prediction, below 0 is worse.
        brier_skill: as `log_loss_skill`.
        calibration_error: in equal-mass bins; above 0 even for calibrated predictions.
        calibration_slope: 1 if calibrated, below 1 if too extreme; `None` if no finite slope exists.
        precision: share of positives among the decisions at or above `threshold`.
        recall: share of the positives at or above `threshold`.
        collapsed: True if all predictions are nearly equal.
    """

    decisions: int
    rate: float
    train_rate: float
    log_loss: float
    log_loss_skill: float
    auc: float | None
    average_precision: float | None
    brier: float
    brier_skill: float
    calibration_error: float
    calibration_slope: float | None
    calibration_intercept: float | None
    threshold: float
    precision: float | None
    recall: float | None
    prediction_min: float
    prediction_max: float
    prediction_mean: float
    prediction_std: float
    collapsed: bool


def final_scores(
    labels: np.ndarray, probabilities: np.ndarray, *, train_rate: float, threshold: float
) -> FinalScores:
    """Score the predictions of a split that neither training nor the search used.

    Args:
        labels: [n] of 0 and 1.
        probabilities: [n] predicted P(label = 1).
        train_rate: base rate of train. The rate of the scored split is not known beforehand; comparing with
            it would understate the skill.
        threshold: from `choose_threshold` on the validation split.

    Raises:
        DatasetError: when labels and probabilities cannot be scored, train has one class only, or the
            threshold is not a probability.
    """
    if not 0 < train_rate < 1:
        raise DatasetError(
            f"the base rate of train is {train_rate}; expected both classes: choose another label threshold "
            "or other dates"
        )
    if not 0 <= threshold <= 1:
        raise DatasetError(f"found threshold {threshold}, expected a probability; choose it on validation")
    labels, probabilities = checked(labels, probabilities)
    scores = score(labels, probabilities)
    constant = np.full(len(labels), train_rate)
    curve = recalibration(labels, probabilities)
    return FinalScores(
        decisions=len(labels),
        rate=float(labels.mean()),
        train_rate=float(train_rate),
        log_loss=scores.log_loss,
        log_loss_skill=1 - scores.log_loss / log_loss(labels, constant),
        auc=scores.auc,
        average_precision=average_precision(labels, probabilities),
        brier=scores.brier,
        brier_skill=1 - scores.brier / brier(labels, constant),
        calibration_error=calibration_error(labels, probabilities),
        calibration_slope=None if curve is None else curve.slope,
        calibration_intercept=None if curve is None else curve.intercept,
        threshold=float(threshold),
        precision=precision(labels, probabilities, threshold),
        recall=recall(labels, probabilities, threshold),
        prediction_min=scores.prediction_min,
        prediction_max=scores.prediction_max,
        prediction_mean=scores.prediction_mean,
        prediction_std=scores.prediction_std,
        collapsed=scores.collapsed,
    )


def average_precision(labels: np.ndarray, probabilities: np.ndarray) -> float | None:
    """Return the area under the steps of precision over recall (PR-AUC), or `None` without positives.

    The sum over distinct predictions, from the highest down, of precision times the gain in recall. Linear
    interpolation between the points would overstate precision (Davis and Goadrich, "The relationship between
    Precision-Recall and ROC curves", ICML 2006).

    Raises:
        DatasetError: when labels and probabilities cannot be scored.
    """
    labels, probabilities = checked(labels, probabilities)
    _, hits, chosen = _from_the_top(labels, probabilities)
    if hits[-1] == 0:
        return None
    return float((np.diff(hits, prepend=0) * hits / chosen).sum() / hits[-1])


def precision(labels: np.ndarray, probabilities: np.ndarray, threshold: float) -> float | None:
    """Return the share of positives among predictions at or above the threshold, or `None` without any.

    Raises:
        DatasetError: when labels and probabilities cannot be scored.
    """
    labels, probabilities = checked(labels, probabilities)
    chosen = labels[probabilities >= threshold]
    return float(chosen.mean()) if chosen.size else None


def choose_threshold(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the threshold with the highest F1: decisions with a prediction at or above it count as positive.

    F1 is 2 · hits / (predicted positives + positives). Of thresholds with the same F1 the highest is taken.
    For uninformative predictions the best threshold makes every decision positive. Choose on validation: the
    best of hundreds of thresholds is biased on the rows it was chosen on.

    Args:
        labels: [n] of 0 and 1, of the validation split.
        probabilities: [n] predicted P(label = 1).

    Raises:
        DatasetError: when the two cannot be scored, or there are no positives.
    """
    labels, probabilities = checked(labels, probabilities)
    values, hits, chosen = _from_the_top(labels, probabilities)
    if hits[-1] == 0:
        raise DatasetError(
            "found no positives in validation, expected at least one for F1; choose other dates or another "
            "label threshold"
        )
    # argmax takes the first of equals; equal fractions are equal as floats.
    return float(values[np.argmax(2 * hits / (chosen + hits[-1]))])


def _from_the_top(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    # Distinct predictions in descending order, with the positives and the decisions at or above each.
    values, group, sizes = np.unique(-probabilities, return_inverse=True, return_counts=True)
    hits = np.cumsum(np.bincount(group, weights=labels))
    return -values, hits, np.cumsum(sizes)
