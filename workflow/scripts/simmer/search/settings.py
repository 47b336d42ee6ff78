"""How a study searches."""

from dataclasses import dataclass

from simmer.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """How a study searches, as in the config block `search`.

    Attributes:
        startup_trials: trials before the sampler learns from results (enqueued ones counted in).
        parallel_trials: how many trials of one study may run at once; trial n sees 0..n-parallel_trials.
    """

    startup_trials: int
    parallel_trials: int

    def __post_init__(self) -> None:
        if self.startup_trials < 1 or self.parallel_trials < 1:
            raise ConfigError(
                f"config block `search`: found {self}, expected startup_trials >= 1 and parallel_trials >= 1"
            )
