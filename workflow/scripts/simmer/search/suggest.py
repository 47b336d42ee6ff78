"""Suggestion as a pure function: trial n depends on the config and on the results it may see.

Nothing is kept between trials. Each call rebuilds an in-memory Optuna study from the finished trials it
is given and asks a sampler seeded by (seed, scale, horizon, trial), so a search that was killed thirty
times suggests what an unbroken one suggests.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from simmer.search.settings import SearchSettings
from simmer.search.space import Choice, Dimension, Hyperparameters, Space
from simmer.seeds import derive_seed

REPEAT_ATTEMPTS = 8  # fresh seeds tried before a repeated suggestion is accepted


@dataclass(frozen=True, kw_only=True)
class FinishedTrial:
    """What a suggestion may know of an earlier trial; `value` is None when the trial failed."""

    hyperparameters: Hyperparameters
    value: float | None


def suggest(
    *,
    space: Space,
    default: Hyperparameters,
    settings: SearchSettings,
    history: Sequence[FinishedTrial],
    seed_parts: tuple[int | str, ...],
    trial: int,
) -> Hyperparameters:
    """Return the hyperparameters of trial number `trial`.

    First the default, then the extremes of depth, then random draws, then multivariate TPE. A suggestion
    that repeats an earlier one is drawn again with another seed.
    """
    enqueued = enqueued_trials(space, default)
    if trial < len(enqueued):
        return enqueued[trial]
    seen = [finished.hyperparameters for finished in history]
    for attempt in range(REPEAT_ATTEMPTS):
        suggestion = _ask(space, settings, history, seed=derive_seed(*seed_parts, trial, attempt))
        if suggestion not in seen:
            break
    return suggestion


def enqueued_trials(space: Space, default: Hyperparameters) -> list[Hyperparameters]:
    """Return the trials every study begins with: the default shape, then the extremes of depth."""
    depths = space.dimensions["depth"].ends
    candidates = [default, *(replace(default, depth=int(depth)) for depth in depths)]
    return list(dict.fromkeys(candidates))


def _ask(
    space: Space, settings: SearchSettings, history: Sequence[FinishedTrial], *, seed: int
) -> Hyperparameters:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(
        n_startup_trials=settings.startup_trials, multivariate=True, seed=seed % 2**32
    )
    study = optuna.create_study(direction="minimize", sampler=sampler)
    distributions = {key: _distribution(dimension) for key, dimension in space.dimensions.items()}
    study.add_trials([_frozen(finished, distributions) for finished in history])
    asked = study.ask(distributions)
    return Hyperparameters(**asked.params)


def _frozen(finished: FinishedTrial, distributions: dict[str, BaseDistribution]) -> optuna.trial.FrozenTrial:
    # A pruned trial without reports ranks below every finished one, which is what a failure deserves.
    failed = finished.value is None
    return optuna.trial.create_trial(
        state=optuna.trial.TrialState.PRUNED if failed else optuna.trial.TrialState.COMPLETE,
        value=finished.value,
        params=asdict(finished.hyperparameters),
        distributions=distributions,
    )


def _distribution(dimension: Dimension) -> BaseDistribution:
    if isinstance(dimension, Choice):
        return CategoricalDistribution(list(dimension.values))
    if dimension.integer:
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)
