"""A small transformer, trained by the same code as a trial, for a control whose answer is known."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from simmer.features.dataset import Dataset
from simmer.model.budgets import Geometry, solve_shape
from simmer.runs.fitting import windows_of
from simmer.search.space import Hyperparameters
from simmer.thermal.guard import GuardProtocol
from simmer.training.checkpoint import CheckpointStore
from simmer.training.evaluation import predict
from simmer.training.loop import TrainingRun
from simmer.training.plan import Outcome, Plan
from simmer.training.settings import Execution, TrainingSettings

BUDGET_PARAMETERS = 60_000
BUDGET_TOLERANCE = 0.02
CHECKPOINT_INTERVAL_S = 60.0  # about the time a control takes: what a stop loses is as little

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ControlSetting:
    """What a control shares with the trials of the campaign: data geometry, training settings, machine.

    Of `training` the patience is overruled.
    """

    geometry: Geometry
    training: TrainingSettings
    execution: Execution


@dataclass(frozen=True, kw_only=True)
class ControlRecipe:
    """How a control is trained: all of `epochs`, of which the last one is judged."""

    epochs: int
    hyperparameters: Hyperparameters


# To learn what is there: a rate that suits so small a model, and few epochs. MEASURED: from the fifth on it
# learns the noise of its train rows, and a fifth of the skill is gone after eight.
LEARNING = ControlRecipe(
    epochs=4,
    hyperparameters=Hyperparameters(
        depth=2,
        head_width=8,
        ff_ratio=4.0,
        learning_rate=1e-3,
        weight_decay=0.05,
        warmup_fraction=0.1,
        dropout=0.2,
        batch_size=64,
        label_smoothing=0.0,
        focal_gamma=0.0,
        input_form="price_relative",
    ),
)
# To learn what is not there: nothing holds it back from memorising its labels, so that a few validation
# windows among those of train would show at once. MEASURED: with all of them there, an AUC of 0.94.
MEMORISING = ControlRecipe(
    epochs=15,
    hyperparameters=replace(LEARNING.hyperparameters, learning_rate=3e-3, weight_decay=0.0, dropout=0.0),
)


@dataclass(frozen=True)
class Trained:
    """A trained control: how the run ended, and its answers on the validation rows.

    These are probabilities [n], None where the run did not come to its last epoch.
    """

    outcome: Outcome
    probabilities: np.ndarray | None


def train_control(
    dataset: Dataset,
    setting: ControlSetting,
    recipe: ControlRecipe,
    *,
    seed: int,
    guard: GuardProtocol,
    folder: Path,
) -> Trained:
    """Train on the train rows of a dataset and answer its validation rows.

    The number of epochs is fixed and the last one answers: choosing the epoch by the validation loss, as a
    search does, would find the luckiest of them, and luck on the very rows that are judged looks like skill.

    Args:
        dataset: its test rows are not touched.
        setting: of the campaign.
        recipe: of the control.
        seed: of weights, order of windows and dropout.
        guard: asked between steps.
        folder: for checkpoints; an empty one, or that of this very control.

    Raises:
        Interrupted: the guard asked to stop.
    """
    chosen, device = recipe.hyperparameters, setting.execution.device
    train, validation = (
        windows_of(dataset, split, chosen.input_form, device) for split in ("train", "validation")
    )
    rate = float(dataset.labels_of("train").mean())
    plan = Plan(
        shape=solve_shape(
            budget=BUDGET_PARAMETERS,
            tolerance=BUDGET_TOLERANCE,
            geometry=setting.geometry,
            depth=chosen.depth,
            head_width=chosen.head_width,
            ff_ratio=chosen.ff_ratio,
        ),
        train=train,
        validation=validation,
        recipe=chosen,
        # Patience would be a choice of the epoch by another name.
        settings=replace(setting.training, patience_epochs=recipe.epochs),
        execution=setting.execution,
        epochs_max=recipe.epochs,
        micro_batch=chosen.batch_size,
        seed=seed,
        base_rate=rate,
        prior_log_loss=float(-rate * np.log(rate) - (1 - rate) * np.log1p(-rate)),
    )
    run = TrainingRun(
        plan,
        store=CheckpointStore(folder),
        guard=guard,
        checkpoint_interval_s=CHECKPOINT_INTERVAL_S,
        on_epoch=_tell,
    )
    outcome = run.run()
    if outcome.ended != "last_epoch":
        return Trained(outcome, None)
    return Trained(outcome, predict(run.state.model, validation, between_batches=guard.inside_step))


def _tell(record: dict[str, Any]) -> None:
    logger.info(
        "control, epoch %d: train %.4f, validation %.4f",
        *(record["epoch"], record["train_log_loss"], record["validation"]["log_loss"]),
    )
