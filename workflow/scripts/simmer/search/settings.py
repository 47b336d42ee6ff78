"""How a study searches."""

import math
from dataclasses import dataclass
from typing import Literal

from simmer.base.errors import ConfigError

Sampler = Literal["tpe", "gp", "random"]


@dataclass(frozen=True, kw_only=True)
class HalvingSettings:
    """When the worse trials of a study end early, as in the config block `search.halving`.

    Attributes:
        rung_fractions: shares of the planned epochs after which a trial is judged, ascending; none: never.
        eta: a trial goes on where it is among the best 1/eta that came so far.
        min_completed_trials: no trial is judged before it can be held against so many completed ones.
    """

    rung_fractions: tuple[float, ...]
    eta: float
    min_completed_trials: int

    def __post_init__(self) -> None:
        pairs = zip((0.0, *self.rung_fractions), (*self.rung_fractions, 1.0), strict=True)
        rising = all(low < high for low, high in pairs)
        if not rising:
            raise ConfigError(
                f"config key search.halving.rung_fractions: found {list(self.rung_fractions)}, expected "
                "rising shares between 0 and 1"
            )
        if self.eta <= 1 or self.min_completed_trials < 1:
            raise ConfigError(
                f"config block search.halving: found eta {self.eta} and min_completed_trials "
                f"{self.min_completed_trials}, expected eta > 1 and min_completed_trials >= 1"
            )

    def rungs(self, epochs_max: int) -> tuple[int, ...]:
        """Return the epochs after which a trial of at most `epochs_max` epochs is judged, ascending."""
        # Rounded first: 0.28 of 25 epochs are 7, and a hair more as floats have it.
        epochs = {math.ceil(round(fraction * epochs_max, 9)) for fraction in self.rung_fractions}
        return tuple(sorted(epochs - {epochs_max}))


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """How a study searches, as in the config block `search`.

    Attributes:
        sampler: who suggests after the startup.
        startup_trials: trials before the sampler learns from results (enqueued ones counted in).
        parallel_trials: how many trials of one study may run at once; trial n sees 0..n-parallel_trials.
        halving: when the worse trials end early.
        transfer: how many of the best trials of the next smaller scale a study begins with.
    """

    sampler: Sampler
    startup_trials: int
    parallel_trials: int
    halving: HalvingSettings
    transfer: int

    def __post_init__(self) -> None:
        if self.startup_trials < 1 or self.parallel_trials < 1:
            raise ConfigError(
                f"config block `search`: found startup_trials {self.startup_trials} and parallel_trials "
                f"{self.parallel_trials}, expected both at least 1"
            )

    def seen_by(self, trial: int) -> int:
        """Return how many trials, counted from 0, trial number `trial` may see."""
        return max(0, trial - self.parallel_trials + 1)
