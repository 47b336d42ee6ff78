"""Schema of the configuration file, block by block; some blocks are declared where they are used."""

import dataclasses
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from simmer.base.errors import ConfigError
from simmer.base.mistakes import contradiction, shown
from simmer.base.settings import (
    AutoAllNoneOrWhole,
    AutoOrFlag,
    AutoOrWhole,
    EachOnce,
    Number,
    Whole,
    settings,
    since,
)
from simmer.config.dataset import DatasetBlock, FeatureBlock
from simmer.data.settings import DataSettings
from simmer.search.settings import SearchSettings
from simmer.search.space_config import Dimensions, Values
from simmer.thermal.settings import ThermalSettings
from simmer.training.settings import Kernels, Memory, Precision, TrainingSettings


def _scale_name(name: str) -> str:
    if not re.fullmatch("[A-Za-z0-9]+", name):
        raise contradiction(f"found {shown(name)}, expected letters and digits, such as 20M")
    return name


_LARGE_BYTES = 1 << 30  # of a file of weights
ScaleName = Annotated[str, AfterValidator(_scale_name)]


@settings
class ModelBlock:
    """Settings that all models share."""

    patch_days: Annotated[
        Whole | None,
        Field(ge=1, description="Days in a patch that slides over the window; null: no such patch."),
    ]
    stride_days: Annotated[
        Whole | None, Field(ge=1, description="Days from one such patch to the next; null without them.")
    ]
    nested_days: Annotated[
        tuple[Whole, ...] | None,
        Field(
            min_length=1,
            description="Lengths of the patches that all end on the decision row, ascending, cut to the "
            "context. Each is a token with the mean and the standard deviation of every channel.",
        ),
    ] = since(None)


@settings
class ScaleBlock:
    """One scale."""

    budget_parameters: Annotated[
        Whole, Field(ge=1000, examples=[500_000], description="Parameters aimed at.")
    ]
    n_trials: Annotated[
        Whole,
        Field(
            ge=1,
            le=1000,
            examples=[10],
            description="Trials per horizon. After raising it only the new trials run.",
        ),
    ]
    epochs_max: Annotated[
        Whole,
        Field(
            ge=1,
            examples=[10],
            description="Largest number of epochs of a trial; the learning rate schedule ends there.",
        ),
    ]
    # Not `since`: no fingerprint holds these, only what they make of the space and default of the search.
    space: Annotated[
        Dimensions,
        Field(description="Dimensions that replace those of `search.space` at this scale; none by default."),
    ] = dataclasses.field(default_factory=dict)
    default: Annotated[
        Values,
        Field(description="Values that replace those of `search.default` at this scale; none by default."),
    ] = dataclasses.field(default_factory=dict)


@settings
class SearchBlock(SearchSettings):
    """The search of a study."""

    space: Annotated[
        Dimensions,
        Field(
            description="Range of every hyperparameter: `{low, high, log}` or `{values: [...]}`. An overlay "
            "that changes one form into the other sets the old keys to null."
        ),
    ]
    default: Annotated[Values, Field(description="Hyperparameters of the first trial of every study.")]


@settings
class ExecutionSettings:
    """The keys of config block `training` that choose how a trial is computed on a machine."""

    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"],
        Field(description="Device for training; `auto` uses an accelerator if there is one."),
    ]
    precision: Annotated[
        Literal["auto", Precision],
        Field(
            description="Arithmetic of the model; `auto` measures if bf16 is faster on this machine. The "
            "storage of the weights is set by `memory`."
        ),
    ]
    memory: Annotated[
        Literal["auto", Memory],
        Field(
            description="Storage of weights and moments. `full`: fp32 (16 bytes per parameter at the peak); "
            "`kahan`: bf16 with the rounding remainder (8); `stochastic`: bf16 with stochastic rounding (6); "
            "all three are AdamW. `lean`: Adafactor in bf16 (2), another optimizer. `auto` uses the first "
            "one that fits into this machine at this scale, and recomputes activations before it changes "
            "the optimizer."
        ),
    ]
    compile: Annotated[
        AutoOrFlag,
        Field(
            description="Run models through `torch.compile`; `auto` does so on CUDA. Compiled kernels are "
            "stored in `simmer/compiled` in the user's cache folder (`~/.cache`, on macOS "
            "`~/Library/Caches`). Only with memory `full`."
        ),
    ]
    threads: Annotated[
        AutoOrWhole,
        Field(
            description="CPU cores of a trial; `auto` divides the machine's by the number of trials that can "
            "run side by side, at most `--cores`. How a trial uses its cores is measured."
        ),
    ]
    kernels: Annotated[
        Literal["auto", Kernels],
        Field(
            description="What computes layers and optimizer on a CPU: `torch`, its operators; `simmer`, "
            "kernels that a C++ compiler makes once; `auto`, the faster of the two, measured."
        ),
    ] = since("auto")
    checkpoint_interval_s: Annotated[
        Number,
        Field(
            ge=0,
            description="Shortest time between checkpoints in seconds; increased to a hundred times the "
            "duration of one write if that is longer.",
        ),
    ]
    time_limit_s: Annotated[
        Number | None,
        Field(
            gt=0,
            description="Wall-clock limit of a trial in seconds, including pauses for heat; the trial then "
            "ends with its results so far. If the limit is reached, the search depends on the speed of the "
            "machine. Trials that it ended are not run again when it is raised.",
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
    """Settings that all trials share."""


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
            description="Number of refits of the winner of each study, and of fits of a baseline, each from "
            "another random seed; scales and baselines are compared by their averages. Fewer than three "
            "allow no verdict on scaling.",
        ),
    ]
    keep_models: Annotated[
        AutoAllNoneOrWhole,
        Field(
            description="Number of refits of each study, the first ones, whose weights are kept and "
            "published in `results/models`. `auto`: all of them while the file of one has at most 1 GiB, "
            "else one. No refit is trained again for its weights."
        ),
    ] = since("auto")
    tickers: Annotated[
        Whole,
        Field(
            ge=1,
            description="Number of tickers that are searched together: their claims share the chance of a "
            "wrong one. A campaign over several tickers sets it.",
        ),
    ] = since(1)

    def kept_members(self, member_bytes: int) -> int:
        """Return of how many refits, the first ones, the weights are kept.

        Args:
            member_bytes: size of the file of one.
        """
        known = {"all": self.seeds, "none": 0, "auto": self.seeds if member_bytes <= _LARGE_BYTES else 1}
        return min(self.seeds, known.get(self.keep_models, self.keep_models))


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
            description="Name of the campaign, recorded in every result.",
        ),
    ]
    seed: Annotated[
        Whole, Field(ge=0, description="Seed of all random numbers. Another seed is another search.")
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
            description="Scales that a command without a target runs, smallest first. Each must be in "
            "`scales`. With `search.transfer`, trials are transferred from each scale to the next one.",
        ),
    ]
    budget_tolerance: Annotated[
        Number,
        Field(
            gt=0,
            le=0.25,
            description="Largest accepted relative distance between counted parameters and the budget.",
        ),
    ]
    scales: Annotated[
        dict[ScaleName, ScaleBlock],
        Field(min_length=1, description="The scales by name. `debug` is for tests."),
    ]
    search: SearchBlock
    training: TrainingBlock
    thermal: ThermalSettings
    hardware_log: HardwareLogBlock
    evidence: EvidenceSettings
