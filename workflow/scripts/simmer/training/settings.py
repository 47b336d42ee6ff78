"""What a training run is given: the recipe of a trial, and the settings all trials share."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from simmer.base.settings import Finite, Real, Whole, settings
from simmer.features.columns import InputForm

Precision = Literal["fp32", "bf16"]
Memory = Literal["full", "kahan", "stochastic", "lean"]


def hyperparameter(description: str, *, unit: str, **bounds: float) -> Any:
    """Return what is declared of a hyperparameter: its meaning, its unit in figures, and which values it has.

    Args:
        description: what it does.
        unit: what it is counted in, in few words.
        bounds: `ge`, `gt`, `le` or `lt`; a value outside them cannot mean anything.
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
    # Whatever the micro-batch.
    batch_size: Annotated[Whole, hyperparameter("Windows per optimizer step.", unit="windows per step", ge=1)]
    label_smoothing: Annotated[
        Real,
        hyperparameter(
            "Share of a label that is moved to one half, in the training loss alone.",
            unit="share of a label",
            ge=0,
            lt=1,
        ),
    ]
    focal_gamma: Annotated[
        Real,
        hyperparameter(
            "How much less a window counts in the training loss the better it is answered already; 0 is "
            "plain cross-entropy.",
            unit="exponent of the loss",
            ge=0,
        ),
    ]
    input_form: Annotated[
        InputForm,
        hyperparameter(
            "How values reach the model. `train_scaled`: by mean and deviation of train; `window_norm`: by "
            "those of the window itself; `price_relative`: prices and averages as a ratio to Close, ranges "
            "over Close, volume over its own mean.",
            unit="how inputs are normalised",
        ),
    ]


@settings
class TrainingSettings:
    """What all trials of a campaign share."""

    patience_epochs: Annotated[
        Whole, Field(ge=1, description="Epochs without improvement before a trial stops.")
    ]
    min_improvement: Annotated[
        Finite,
        Field(ge=0, description="Smallest drop of the validation log-loss that counts as improvement."),
    ]
    gradient_clip_norm: Annotated[
        Finite, Field(gt=0, description="Global norm to which gradients are clipped.")
    ]
    final_learning_rate_fraction: Annotated[
        Finite,
        Field(ge=0, le=1, description="Where the cosine schedule ends, relative to its peak."),
    ]
    divergence_factor: Annotated[
        Finite,
        Field(
            gt=1,
            description="A train loss above this multiple of the prior's log-loss, over a whole epoch, ends "
            "the trial as diverged.",
        ),
    ]


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
