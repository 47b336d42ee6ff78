"""The two kinds of controls, shuffled labels and a planted signal, and their scores.

Both train the model of `control_training` and are scored on the validation rows only. The expected result is
known beforehand: no skill on shuffled labels, skill on the planted signal.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from simmer.audit.control_training import ControlRecipe, ControlSetting, train_control
from simmer.base.logs import PROGRESS
from simmer.base.seeds import derive_seed
from simmer.base.words import horizons
from simmer.evidence.bootstrap import Interval, interval
from simmer.evidence.metrics import PROBABILITY_FLOOR, auc, auc_of_rows, checked
from simmer.features.dataset import Dataset
from simmer.thermal.guard import GuardProtocol

# Shuffled controls have an interval per horizon, and all must hold at once. MEASURED: of 900 leak-free
# controls of about 710 rows, two had an interval without one half; at a level of 0.995, 10 of 900.
LEVEL = 0.999
N_RESAMPLES = 4000

logger = logging.getLogger(__name__)

Permute = Callable[[np.ndarray, int], np.ndarray]


@dataclass(frozen=True)
class Score:
    """A score and its block-bootstrap interval of level `LEVEL`."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class ControlResult:
    """The scores of a trained control; the fields are the keys of its JSON.

    Attributes:
        control: "shuffled" or "planted".
        seed: of labels or bars, weights, order of windows and dropout.
        train_decisions: number of train windows, pooled ones included.
        decisions: number of validation rows, all of them scored.
        base_rate: share of positives among these.
        ended: how the training ended; only "last_epoch" gives a valid control.
        auc: of the last epoch; `None` if training ended earlier, like `skill`.
        skill: 1 - log-loss / log-loss of the share of positives among the scored rows.
        attainable_auc, attainable_skill: of the true label probabilities on the same rows; `None` if these
            are not known.
    """

    control: str
    horizon_days: int
    seed: int
    train_decisions: int
    decisions: int
    base_rate: float
    ended: str
    epochs: int
    auc: Score | None
    skill: Score | None
    attainable_auc: float | None
    attainable_skill: float | None
    train_s: float


def permuted(labels: np.ndarray, seed: int) -> np.ndarray:
    """Return the labels in a random order."""
    return np.random.default_rng(seed).permutation(labels)


def shuffled(dataset: Dataset, *, seed: int, permute: Permute = permuted) -> Dataset:
    """Return the dataset with the labels of train and of validation shuffled separately.

    So are those of each pooled ticker. The base rates stay the same.
    """
    labels = dataset.labels.copy()
    for split in ("train", "validation"):
        rows = dataset.decision_rows(split)
        labels[rows] = permute(dataset.labels[rows], derive_seed(seed, "labels", split))
    pooled = (
        replace(part, labels=permute(part.labels, derive_seed(seed, "labels", part.ticker)))
        for part in dataset.pooled
    )
    return replace(dataset, labels=labels, pooled=tuple(pooled))


def run_control(
    dataset: Dataset,
    setting: ControlSetting,
    recipe: ControlRecipe,
    *,
    control: str,
    seed: int,
    guard: GuardProtocol,
    folder: Path,
    chance: np.ndarray | None = None,
) -> ControlResult:
    """Train one control as `train_control` does and score it.

    Args:
        control: "shuffled" or "planted", the kind of labels in `dataset`.
        chance: true P(label = 1) of each validation row, if known.

    Raises:
        DatasetError: when validation is too short for a bootstrap.
        Interrupted: when the guard asks to stop.
    """
    name = f"{control} control at {horizons([dataset.label_spec.horizon_days])}"
    logger.log(PROGRESS, "train the %s for %d epochs", name, recipe.epochs)
    trained = train_control(dataset, setting, recipe, seed=seed, guard=guard, folder=folder)
    labels, horizon = dataset.labels_of("validation"), dataset.label_spec.horizon_days
    scores = (None, None)
    if trained.probabilities is not None:
        scores = _scores(labels, trained.probabilities, horizon=horizon, seed=seed)
    return ControlResult(
        control=control,
        horizon_days=horizon,
        seed=seed,
        train_decisions=len(dataset.train) + sum(len(part.decision_rows) for part in dataset.pooled),
        decisions=len(labels),
        base_rate=float(labels.mean()),
        ended=trained.outcome.ended,
        epochs=len(trained.outcome.curve),
        auc=scores[0],
        skill=scores[1],
        attainable_auc=None if chance is None else auc(labels, chance),
        attainable_skill=None if chance is None else _skill(*_losses(labels, chance)),
        train_s=trained.outcome.train_s,
    )


def _scores(labels: np.ndarray, probabilities: np.ndarray, *, horizon: int, seed: int) -> tuple[Score, Score]:
    """Return AUC and skill.

    The skill compares with the rate of positives in the scored rows, not in train. The report does not use
    that rate, as it is not known beforehand. Here it makes "no skill" certain: no constant prediction is
    better on these rows, whatever the rate in train was.
    """
    losses, constant = _losses(labels, probabilities)

    def scored(statistic: Callable[[np.ndarray], float | None]) -> Score:
        found: Interval = interval(
            statistic, len(labels), horizon=horizon, seed=seed, level=LEVEL, n_resamples=N_RESAMPLES
        )
        return Score(found.estimate, found.low, found.high)

    return (
        scored(auc_of_rows(labels, probabilities)),
        scored(lambda rows: _skill(losses[rows], constant[rows])),
    )


def _losses(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    labels, probabilities = checked(labels, probabilities)
    kept = np.clip(probabilities, PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR)
    answers = (kept, np.full(len(labels), labels.mean()))
    model, constant = (-np.where(labels == 1, np.log(answer), np.log1p(-answer)) for answer in answers)
    return model, constant


def _skill(losses: np.ndarray, constant: np.ndarray) -> float:
    return 1 - float(losses.mean() / constant.mean())
