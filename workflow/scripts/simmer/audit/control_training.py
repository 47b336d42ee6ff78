"""Train a small transformer for a control, with the same code as a trial."""

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
CHECKPOINT_INTERVAL_S = 60.0  # about the time a whole control takes

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ControlSetting:
    """Settings that a control shares with the trials; patience and schedule in `training` are ignored."""

    geometry: Geometry
    training: TrainingSettings
    execution: Execution


@dataclass(frozen=True, kw_only=True)
class ControlRecipe:
    """The number of epochs, all of which are trained, and the hyperparameters of a control."""

    epochs: int
    hyperparameters: Hyperparameters


# For the planted signal: a learning rate for a small model, and few epochs. MEASURED: it overfits from the
# fifth epoch on and has lost a fifth of the skill after eight.
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
# For shuffled labels: no regularisation, so that the model memorises its labels and validation windows among
# those of train raise the score. MEASURED: with all of them in train, the AUC is 0.96.
MEMORISING = ControlRecipe(
    epochs=20,
    hyperparameters=replace(LEARNING.hyperparameters, weight_decay=0.0, dropout=0.0),
)


@dataclass(frozen=True)
class Trained:
    """A trained control.

    Attributes:
        outcome: how the training ended.
        probabilities: of the validation rows [n]; None if training ended before the last epoch.
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
    """Train on the train rows of a dataset and predict its validation rows.

    The number of epochs is fixed and the last epoch is used. Choosing the epoch by the validation loss, as
    the search does, would bias the score on the rows that are scored here.

    Args:
        dataset: its test rows are not used.
        setting: of the campaign.
        recipe: of the control.
        seed: of weights, order of windows and dropout.
        guard: called between steps.
        folder: for checkpoints; empty, or with checkpoints of this control.

    Raises:
        Interrupted: when the guard asks to stop.
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
        # Patience would choose the epoch by the validation loss; the recipes were measured with cosine.
        settings=replace(setting.training, patience_epochs=recipe.epochs, schedule="cosine"),
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
        on_epoch=_log_epoch,
    )
    outcome = run.run()
    if outcome.ended != "last_epoch":
        return Trained(outcome, None)
    predicted = predict(
        run.steps.evaluated(), validation, team=run.steps.team, between_batches=guard.inside_step
    )
    return Trained(outcome, predicted)


def _log_epoch(record: dict[str, Any]) -> None:
    logger.info(
        "control, epoch %d: log-loss %.4f on train, %.4f on validation",
        *(record["epoch"], record["train_log_loss"], record["validation"]["log_loss"]),
    )
