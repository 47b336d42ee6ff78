"""Settings of a training run: the recipe of a trial, and the settings all trials share."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from simmer.base.settings import Number, Real, Whole, settings, since
from simmer.features.columns import InputForm

Precision = Literal["fp32", "bf16"]
Memory = Literal["full", "kahan", "stochastic", "lean"]
Kernels = Literal["torch", "simmer"]
Schedule = Literal["constant", "cosine"]


def hyperparameter(description: str, *, unit: str, **bounds: float) -> Any:
    """Return the declaration of a hyperparameter: description, unit in figures, and bounds.

    Args:
        description: its effect.
        unit: unit, in a few words.
        bounds: `ge`, `gt`, `le` or `lt`; a value outside them is meaningless.
    """
    return Field(description=description, json_schema_extra={"unit": unit}, **bounds)


@settings
class Recipe:
    """The hyperparameters of one trial that act on training rather than on the model's shape."""

    learning_rate: Annotated[Real, hyperparameter("Peak of the schedule.", unit="peak of the schedule", gt=0)]
    # Biases, norms and positions are not decayed.
    weight_decay: Annotated[
        Real, hyperparameter("Decoupled decay of matrices.", unit="decoupled, of matrices", ge=0)
    ]
    warmup_fraction: Annotated[
        Real,
        hyperparameter(
            "Share of all steps over which the rate rises.", unit="share of all steps", ge=0, le=1
        ),
    ]
    dropout: Annotated[
        Real, hyperparameter("Probability of dropping an activation.", unit="probability", ge=0, lt=1)
    ]
    # Independent of the micro-batch.
    batch_size: Annotated[Whole, hyperparameter("Windows per optimizer step.", unit="windows per step", ge=1)]
    label_smoothing: Annotated[
        Real,
        hyperparameter(
            "Share by which a label is moved towards one half, in the training loss only.",
            unit="share of a label",
            ge=0,
            lt=1,
        ),
    ]
    focal_gamma: Annotated[
        Real,
        hyperparameter(
            "Exponent of the focal loss: the higher it is, the less a well-predicted window counts in the "
            "training loss; 0 is plain cross-entropy.",
            unit="exponent of the loss",
            ge=0,
        ),
    ]
    input_form: Annotated[
        InputForm,
        hyperparameter(
            "How inputs are normalised. `train_scaled`: by mean and standard deviation of train; "
            "`window_norm`: by those of the window itself; `price_relative`: prices and averages as a ratio "
            "to Close, ranges over Close, volume over its own mean.",
            unit="how inputs are normalised",
        ),
    ]
    average_epochs: Annotated[
        Real,
        hyperparameter(
            "Half-life of the average of the weights, which is evaluated and kept; 0: the last weights.",
            unit="half-life of the averaged weights in epochs",
            ge=0,
        ),
    ] = since(0.0)


@settings
class TrainingSettings:
    """Settings that all trials of a campaign share."""

    patience_epochs: Annotated[
        Whole, Field(ge=1, description="Epochs without improvement after which a trial stops.")
    ]
    min_improvement: Annotated[
        Number,
        Field(ge=0, description="Smallest drop of the validation log-loss that counts as improvement."),
    ]
    gradient_clip_norm: Annotated[
        Number, Field(gt=0, description="Global norm to which gradients are clipped.")
    ]
    final_learning_rate_fraction: Annotated[
        Number,
        Field(ge=0, le=1, description="Final learning rate of the cosine schedule, relative to its peak."),
    ]
    schedule: Annotated[
        Schedule,
        Field(
            description="Learning rate after the warm-up. `constant`: every epoch is worth keeping, if "
            "weights are averaged; `cosine`: falls until the last of `epochs_max` epochs."
        ),
    ] = since("cosine")
    divergence_factor: Annotated[
        Number,
        Field(
            gt=1,
            description="A mean train loss above this multiple of the base rate's log-loss ends the trial "
            "as diverged.",
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How a trial is computed on this machine; recorded at its first start and reused when it resumes.

    Results are bit-identical only with the same values (activation checkpointing makes no difference).

    Attributes:
        device: `cpu`, `cuda` or `mps`.
        precision: arithmetic of the model.
        threads: CPU threads of each replica.
        memory: storage of weights and moments, see `simmer.training.optimizer` and `in_backward`.
        activation_checkpointing: recompute activations instead of storing them.
        compiled: run the model through `torch.compile`.
        kernels: what computes layers and optimizer on a CPU: torch's operators, or simmer's kernels.
        replicas: copies of the model that compute parts of a batch at the same time.
    """

    device: str
    precision: Precision
    threads: int
    memory: Memory = "full"
    activation_checkpointing: bool = False
    compiled: bool = False
    kernels: Kernels = "torch"
    replicas: int = 1
