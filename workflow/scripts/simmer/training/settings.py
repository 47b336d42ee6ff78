"""What a training run is told: the recipe a trial chose, and the settings all trials share."""

from dataclasses import dataclass
from typing import Literal

from simmer.base.errors import ConfigError

Precision = Literal["fp32", "bf16"]
Memory = Literal["full", "kahan", "stochastic", "lean"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The hyperparameters of one trial that act on training rather than on the model's shape.

    Attributes:
        learning_rate: peak of the schedule.
        weight_decay: decoupled decay of matrices; biases, norms and positions are not decayed.
        warmup_fraction: share of all planned steps over which the rate rises linearly.
        dropout: probability, used in the model.
        batch_size: windows per optimizer step, whatever the micro-batch.
        label_smoothing: share of a label that is moved to one half.
        focal_gamma: how much less a window counts the better it is answered already, see `training.loss`.
        input_form: one of `features.columns.INPUT_FORMS`.
    """

    learning_rate: float
    weight_decay: float
    warmup_fraction: float
    dropout: float
    batch_size: int
    label_smoothing: float
    focal_gamma: float
    input_form: str


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """What all trials of a campaign share, as in the config block `training`.

    Attributes:
        patience_epochs: epochs without improvement of the validation log-loss before stopping.
        min_improvement: smallest drop of the validation log-loss that counts as improvement.
        gradient_clip_norm: global norm to which gradients are clipped.
        final_learning_rate_fraction: where the cosine schedule ends, relative to its peak.
        divergence_factor: a train loss above this multiple of the prior's log-loss, over a whole
            epoch, counts as diverged.
    """

    patience_epochs: int
    min_improvement: float
    gradient_clip_norm: float
    final_learning_rate_fraction: float
    divergence_factor: float

    def __post_init__(self) -> None:
        if self.patience_epochs < 1 or self.gradient_clip_norm <= 0 or self.divergence_factor <= 1:
            raise ConfigError(
                f"config block `training`: found {self}; expected patience_epochs >= 1, "
                "gradient_clip_norm > 0 and divergence_factor > 1"
            )


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How a trial is computed on this machine; recorded once, then kept over every resume.

    The numbers of a run depend on all of it to the last bit (activation checkpointing excepted), so a
    resumed trial reuses what the first start recorded.

    Attributes:
        device: `cpu`, `cuda` or `mps`.
        precision: arithmetic of the model.
        threads: CPU threads.
        memory: how weights and moments are kept, see `simmer.training.optimizer` and `in_backward`.
        activation_checkpointing: compute activations twice instead of keeping them.
        compiled: run the model through `torch.compile`.
    """

    device: str
    precision: Precision
    threads: int
    memory: Memory = "full"
    activation_checkpointing: bool = False
    compiled: bool = False
