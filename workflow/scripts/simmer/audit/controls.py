"""Two controls whose answer is known before they are trained: nothing to learn, and something to learn.

Both train the model of `control_training`, and are scored on the validation rows alone.
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

# A shuffled control has an interval for each horizon, and all of them are to hold at the same time. MEASURED:
# of 900 sound controls of about 710 rows two had an AUC off one half; at a level of 0.995, 10 of 900.
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
    """A trained control, as it is written and read as JSON.

    Attributes:
        control: "shuffled" or "planted".
        seed: of labels or bars, weights, order of windows and dropout.
        train_decisions: windows it was trained on.
        decisions: validation rows, all of them judged; `base_rate` is the share of positives among them.
        ended: how the run ended; anything but "last_epoch" says that the control was not made.
        auc: of the last epoch; `None` where the run did not get there, like `skill`.
        skill: 1 - log-loss / log-loss of the base rate of the very rows that are judged.
        attainable_auc, attainable_skill: of the known chances, on the same rows; `None` without such.
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
    """Return the same labels in a random order."""
    return np.random.default_rng(seed).permutation(labels)


def shuffled(dataset: Dataset, *, seed: int, permute: Permute = permuted) -> Dataset:
    """Return the dataset with the labels of train and of validation in a random order, each on its own.

    Rates stay, and with them everything a model may know without looking at a window.
    """
    labels = dataset.labels.copy()
    for split in ("train", "validation"):
        rows = dataset.decision_rows(split)
        labels[rows] = permute(dataset.labels[rows], derive_seed(seed, "labels", split))
    return replace(dataset, labels=labels)


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
        control: "shuffled" or "planted", which says what the labels of `dataset` are.
        chance: of a label of 1, for each validation row, where it is known.

    Raises:
        DatasetError: when validation is too short for a bootstrap.
        Interrupted: the guard asked to stop.
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
        train_decisions=len(dataset.train),
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

    The skill is held against the rate of the judged rows, not of train. Nobody could have known that rate,
    which is why reports do not use it; here it is what makes "no skill" certain: no answer that ignores the
    windows can do better on these rows, however far the rate has moved since train.
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
