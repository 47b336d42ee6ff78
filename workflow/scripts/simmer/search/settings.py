"""How a study searches."""

import math
from typing import Annotated, Literal

from pydantic import Field

from simmer.base.errors import ConfigError
from simmer.base.settings import Real, Whole, settings

Sampler = Literal["tpe", "gp", "random"]


@settings
class HalvingSettings:
    """When the worse trials of a study end early."""

    rung_fractions: Annotated[
        tuple[Annotated[Real, Field(gt=0, lt=1)], ...],
        Field(
            description="Shares of `epochs_max` after which a trial is judged, ascending, rounded up to "
            "whole epochs. `[]`: never."
        ),
    ]
    eta: Annotated[Real, Field(gt=1, description="A trial goes on where it is among the best 1/eta.")]
    min_completed_trials: Annotated[
        Whole,
        Field(
            ge=1,
            description="No trial is judged before it can be held against so many completed ones.",
        ),
    ]

    def __post_init__(self) -> None:
        if list(self.rung_fractions) != sorted(set(self.rung_fractions)):
            raise ConfigError(
                f"config key search.halving.rung_fractions: found {list(self.rung_fractions)}, expected "
                "rising shares between 0 and 1"
            )

    def rungs(self, epochs_max: int) -> tuple[int, ...]:
        """Return the epochs after which a trial of at most `epochs_max` epochs is judged, ascending."""
        # Rounded first: 0.28 of 25 epochs are 7, and a hair more as floats have it.
        epochs = {math.ceil(round(fraction * epochs_max, 9)) for fraction in self.rung_fractions}
        return tuple(sorted(epochs - {epochs_max}))


@settings
class SearchSettings:
    """How a study searches."""

    sampler: Annotated[
        Sampler,
        Field(
            description="Who suggests after the startup. `tpe`: multivariate tree-structured Parzen "
            "estimator; `gp`: Gaussian process, slower, for few numbers rather than choices; `random`: "
            "nobody."
        ),
    ]
    startup_trials: Annotated[
        Whole,
        Field(
            ge=1,
            description="Trials before the sampler learns from results; the first are the default, what a "
            "smaller scale hands over, and the extremes of depth.",
        ),
    ]
    parallel_trials: Annotated[
        Whole,
        Field(
            ge=1,
            description="Trials of one study that may run at once. Trial n sees the results of trials 0 to "
            "n - parallel_trials, whichever finish first.",
        ),
    ]
    halving: Annotated[
        HalvingSettings,
        Field(
            description="Successive halving. A trial is judged by its best validation log-loss at each "
            "rung, against the earlier trials that stood there."
        ),
    ]
    transfer: Annotated[
        Whole,
        Field(
            ge=0,
            description="How many of the best trials of the next smaller scale of `run_scales` a study "
            "begins with, at the same horizon; learning rates are mapped by width. The smaller scale is "
            "then searched first, and belongs to what the study means; its choice is kept, so trials added "
            "there later change nothing. 0: none.",
        ),
    ]

    def seen_by(self, trial: int) -> int:
        """Return how many trials, counted from 0, trial number `trial` may see."""
        return max(0, trial - self.parallel_trials + 1)
