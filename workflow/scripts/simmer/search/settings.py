"""Settings of the search: sampler, successive halving and transfer."""

import math
from typing import Annotated, Literal

from pydantic import Field

from simmer.base.errors import ConfigError
from simmer.base.settings import Number, Real, Whole, settings, since
from simmer.ledger.race import RaceSettings

Sampler = Literal["tpe", "gp", "random"]


@settings
class HalvingSettings:
    """Settings of successive halving."""

    rung_fractions: Annotated[
        tuple[Annotated[Real, Field(gt=0, lt=1)], ...],
        Field(
            description="Shares of `epochs_max` at which a trial may end early (rungs), ascending, rounded "
            "up to whole epochs. `[]`: never."
        ),
    ]
    eta: Annotated[
        Real, Field(gt=1, description="A trial continues if it is among the best 1/eta at a rung.")
    ]
    min_completed_trials: Annotated[
        Whole,
        Field(
            ge=1,
            description="Number of completed trials before any trial may end early.",
        ),
    ]

    margin: Annotated[
        Number,
        Field(
            ge=0,
            description="Log-loss by which another trial must be lower at a rung to count as better: the "
            "noise of a random seed.",
        ),
    ] = since(0.0)

    def __post_init__(self) -> None:
        if list(self.rung_fractions) != sorted(set(self.rung_fractions)):
            raise ConfigError(
                f"config key search.halving.rung_fractions: found {list(self.rung_fractions)}, expected "
                "ascending shares between 0 and 1; fix the order or remove duplicates"
            )

    def rungs(self, epochs_max: int) -> tuple[int, ...]:
        """Return the rungs in epochs, ascending, for trials of at most `epochs_max` epochs."""
        # Rounded first: 0.28 of 25 epochs is 7, but slightly more in floating point.
        epochs = {math.ceil(round(fraction * epochs_max, 9)) for fraction in self.rung_fractions}
        return tuple(sorted(epochs - {epochs_max}))


@settings
class SearchSettings:
    """Settings of the search of a study."""

    sampler: Annotated[
        Sampler,
        Field(
            description="Sampler after the startup trials. `tpe`: multivariate tree-structured Parzen "
            "estimator; `gp`: Gaussian process, slower, best for a few numeric dimensions; `random`: random "
            "draws."
        ),
    ]
    startup_trials: Annotated[
        Whole,
        Field(
            ge=1,
            description="Trials before the sampler uses results. The first ones are the default, those "
            "transferred from a smaller scale, and the extremes of depth; the others are random.",
        ),
    ]
    parallel_trials: Annotated[
        Whole,
        Field(
            ge=1,
            description="Trials of one study that may run at once. Trial n uses the results of trials 0 to "
            "n - parallel_trials, regardless of which finish first.",
        ),
    ]
    halving: Annotated[
        HalvingSettings,
        Field(
            description="Successive halving. At each rung a trial's best validation log-loss is compared "
            "with the earlier trials that reached the rung."
        ),
    ]
    transfer: Annotated[
        Whole,
        Field(
            ge=0,
            description="Number of best trials of the next smaller scale of `run_scales`, at the same "
            "horizon, with which a study begins; learning rate and decay are adapted to the width. The "
            "smaller scale is then searched first, and its settings are part of the study's. The transferred "
            "trials are stored, so trials added there later change nothing. 0: none.",
        ),
    ]

    race: Annotated[
        RaceSettings | None,
        Field(
            description="Race: after the last trial, the best ones are trained again from other seeds, and "
            "the winner of the study is the one with the lowest mean validation log-loss. `null`: the best "
            "trial wins."
        ),
    ] = since(None)

    def seen_by(self, trial: int) -> int:
        """Return the number of trials, counted from trial 0, whose results a trial uses."""
        return max(0, trial - self.parallel_trials + 1)
