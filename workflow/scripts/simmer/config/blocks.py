"""The configuration as it is written: its blocks, key by key. What a part of the library uses it declares."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from simmer.base.errors import ConfigError
from simmer.base.mistakes import contradiction, shown
from simmer.base.settings import AutoOrFlag, AutoOrWhole, Finite, Flag, Number, Real, Whole, settings
from simmer.data.settings import DataSettings
from simmer.features.labels import Basis
from simmer.features.splits import SplitSpec
from simmer.search.settings import SearchSettings
from simmer.search.space_config import Dimensions, Values
from simmer.thermal.settings import ThermalSettings
from simmer.training.settings import Memory, Precision, TrainingSettings


def _each_once(values: tuple) -> tuple:
    if len(set(values)) != len(values):
        raise contradiction(f"found {shown(list(values))}, expected each of them once")
    return values


def _scale_name(name: str) -> str:
    if not re.fullmatch("[A-Za-z0-9]+", name):
        raise contradiction(f"found {shown(name)}, expected letters and digits, such as 20M")
    return name


EachOnce = AfterValidator(_each_once)
ScaleName = Annotated[str, AfterValidator(_scale_name)]


@settings
class FeatureBlock:
    """What the model sees beside the 25 columns of its ticker."""

    vix: Annotated[
        Flag, Field(description="Adds eight features of the VIX, which must be among the tickers.")
    ]


@settings
class DatasetBlock:
    """What is predicted, from what, and where the splits lie."""

    ticker: Annotated[str, Field(description="The ticker whose rise is predicted, from its own features.")]
    context_days: Annotated[Whole, Field(ge=1, description="Days in a window, the decision row included.")]
    horizons_days: Annotated[
        tuple[Annotated[Whole, Field(ge=1, le=60)], ...],
        Field(
            min_length=1,
            json_schema_extra={"uniqueItems": True},
            description="Days ahead that a label looks; one study per scale and horizon.",
        ),
        EachOnce,
    ]
    threshold: Annotated[
        Real,
        Field(
            ge=0,
            lt=1,
            description="Rise that makes a label positive (0.01 is one per cent over the close of the "
            "decision row).",
        ),
    ]
    basis: Annotated[Basis, Field(description="Whether a future high or only a future close counts.")]
    split: Annotated[
        SplitSpec,
        Field(
            description="Walk-forward split by date, either by fractions of the decision rows or by the "
            "last dates of train and validation (then set both fractions to null). The rest is test, which "
            "the search never reads."
        ),
    ]
    min_validation_decisions: Annotated[
        Whole,
        Field(ge=1, description="The chain refuses a validation split with fewer labelled decisions."),
    ]


@settings
class ModelBlock:
    """What all models share."""

    patch_days: Annotated[Whole, Field(ge=1, description="Days in a patch.")]
    stride_days: Annotated[Whole, Field(ge=1, description="Days from one patch to the next.")]


@settings
class ScaleBlock:
    """One scale."""

    budget_parameters: Annotated[Whole, Field(ge=1000, description="Parameters aimed at.")]
    n_trials: Annotated[
        Whole,
        Field(ge=1, le=1000, description="Trials per horizon. Raising it runs the difference."),
    ]
    epochs_max: Annotated[
        Whole,
        Field(
            ge=1,
            description="Epochs of a trial, at most; the learning rate schedule ends there.",
        ),
    ]
    space: Annotated[
        Dimensions,
        Field(description="Dimensions that replace those of `search.space` at this scale."),
    ]
    default: Annotated[
        Values, Field(description="Values that replace those of `search.default` at this scale.")
    ]


@settings
class SearchBlock(SearchSettings):
    """How a study searches."""

    space: Annotated[
        Dimensions,
        Field(
            description="The range of every hyperparameter: `{low, high, log}` or `{values: [...]}`. An "
            "overlay that turns one into the other sets the old keys to null."
        ),
    ]
    default: Annotated[Values, Field(description="The first trial of every study.")]


@settings
class ExecutionSettings:
    """The keys of config block `training` that say how, not what, to compute."""

    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"],
        Field(description="Where to train; `auto` takes an accelerator if there is one."),
    ]
    precision: Annotated[
        Literal["auto", Precision],
        Field(
            description="Arithmetic of the model; `auto` measures whether bf16 is faster here. Weights are "
            "kept as `memory` says."
        ),
    ]
    memory: Annotated[
        Literal["auto", Memory],
        Field(
            description="How weights and moments are kept. `full`: in fp32 (16 bytes per parameter at the "
            "peak); `kahan`: bf16 and what its rounding left over (8); `stochastic`: bf16, rounded by "
            "chance (6); all three are AdamW. `lean`: Adafactor in bf16 (2), another optimizer. `auto` "
            "takes the first that fits into this machine at this scale, and computes activations twice "
            "rather than change the optimizer."
        ),
    ]
    compile: Annotated[
        AutoOrFlag,
        Field(
            description="Whether models run through `torch.compile`; `auto` does it on CUDA. Compiled "
            "kernels are kept in `simmer/compiled` of the user's cache folder (`~/.cache`, on macOS "
            "`~/Library/Caches`). Only with memory `full`."
        ),
    ]
    threads: Annotated[
        AutoOrWhole,
        Field(
            description="CPU threads of a trial; `auto` divides the machine's cores by `--cores`, the "
            "number of trials side by side."
        ),
    ]
    checkpoint_interval_s: Annotated[
        Number,
        Field(
            ge=0,
            description="Seconds between checkpoints, at least; stretched to a hundred times one write "
            "where that is longer.",
        ),
    ]
    time_limit_s: Annotated[
        Number | None,
        Field(
            gt=0,
            description="Wall-clock time after which a trial ends with what it has, pauses for heat counted "
            "in. A limit that bites makes a search depend on the speed of the machine; trials that it ended "
            "stay as they are when it is lifted.",
        ),
    ]

    def __post_init__(self) -> None:
        if self.precision == "fp32" and self.memory not in ("auto", "full"):
            raise ConfigError(
                f"config block `training`: found precision fp32 with memory {self.memory}, which keeps "
                "weights in bf16; expected memory `full` or `auto`, or precision `bf16` or `auto`"
            )


@settings
class TrainingBlock(TrainingSettings, ExecutionSettings):
    """What all trials share."""


@settings
class HardwareLogBlock:
    """Hardware samples in each trial's log."""

    interval_s: Annotated[
        Number,
        Field(gt=0, description="Seconds between samples of CPU, memory and temperature."),
    ]


@settings
class EvidenceSettings:
    """The final evaluation, on the test split."""

    seeds: Annotated[
        Whole,
        Field(
            ge=1,
            description="How often the winner of each study is trained again, each time from another seed. "
            "Fewer than three allow no verdict on scaling.",
        ),
    ]


@settings
class Document:
    """A whole configuration."""

    campaign: Annotated[
        str,
        Field(
            pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$",
            json_schema_extra={
                "words": "letters, digits, dots, hyphens and underscores, beginning with a "
                "letter or a digit, such as my-campaign"
            },
            description="Name of the campaign; every result carries the name under which it was computed.",
        ),
    ]
    seed: Annotated[
        Whole, Field(ge=0, description="Where all randomness starts. Another seed is another search.")
    ]
    data: DataSettings
    features: FeatureBlock
    dataset: DatasetBlock
    model: ModelBlock
    run_scales: Annotated[
        tuple[str, ...],
        EachOnce,
        Field(
            json_schema_extra={"uniqueItems": True},
            description="The scales that a command without a target runs, smallest first. Each must stand "
            "in `scales`. With `search.transfer` they also say which scale hands trials over to which.",
        ),
    ]
    budget_tolerance: Annotated[
        Finite,
        Field(
            gt=0,
            le=0.25,
            description="Largest accepted relative distance between counted parameters and the budget.",
        ),
    ]
    scales: Annotated[
        dict[ScaleName, ScaleBlock],
        Field(min_length=1, description="The table of scales, by name. `debug` serves tests."),
    ]
    search: SearchBlock
    training: TrainingBlock
    thermal: ThermalSettings
    hardware_log: HardwareLogBlock
    evidence: EvidenceSettings
