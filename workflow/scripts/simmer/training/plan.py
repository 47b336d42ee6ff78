"""The plan, the progress and the outcome of a training run."""

from dataclasses import dataclass, field
from typing import Any, Literal

from simmer.model.shape import ModelShape
from simmer.training.settings import Execution, Recipe, TrainingSettings
from simmer.training.windows import Windows


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything a training run needs: model shape, data, hyperparameters, settings and limits."""

    shape: ModelShape
    train: Windows
    validation: Windows
    recipe: Recipe
    settings: TrainingSettings
    execution: Execution
    epochs_max: int
    micro_batch: int
    seed: int
    base_rate: float
    prior_log_loss: float


@dataclass
class Progress:
    """The part of a checkpoint that is not tensors."""

    epoch: int = 0
    step_in_epoch: int = 0
    curve: list[dict[str, Any]] = field(default_factory=list)
    train_s: float = 0.0
    checkpoint_s: float = 0.0
    checkpoints: int = 0

    def best_epoch(self) -> int | None:
        """Return the epoch with the lowest validation log-loss (the first one of ties), or None."""
        if not self.curve:
            return None
        return min(self.curve, key=lambda record: record["validation"]["log_loss"])["epoch"]


Ending = Literal["last_epoch", "patience", "halving", "time_limit", "diverged"]


@dataclass(frozen=True)
class Outcome:
    """A finished run.

    Attributes:
        curve: one record per finished epoch.
        best_epoch: number of the best epoch, from 1; None without any.
        reason: explanation if it ended early.
        weights_sha256: digest of the final weights.
    """

    curve: list[dict[str, Any]]
    best_epoch: int | None
    ended: Ending
    reason: str | None
    train_s: float
    checkpoint_s: float
    checkpoints: int
    weights_sha256: str
