"""Suggest hyperparameters as a pure function of the config and the results a trial may see.

No state is kept between trials. Each call rebuilds an in-memory Optuna study from the finished trials and
asks a sampler seeded by (seed, scale, horizon, trial), so an interrupted search suggests the same trials as
an uninterrupted one.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from simmer.base.seeds import derive_seed
from simmer.search.settings import SearchSettings
from simmer.search.space import Choice, Dimension, Hyperparameters, Space

# Seeds tried before a repeated suggestion is accepted; the last `ATTEMPTS_AT_RANDOM` draw at random.
REPEAT_ATTEMPTS = 8
ATTEMPTS_AT_RANDOM = 4


@dataclass(frozen=True, kw_only=True)
class FinishedTrial:
    """The facts about an earlier trial that a suggestion uses.

    Attributes:
        value: its best validation log-loss; None if it failed.
        ended_at: epochs after which halving ended it; None if it was not ended early.
        repeats: True if it repeats an earlier trial; the sampler then ignores it.
    """

    hyperparameters: Hyperparameters
    value: float | None
    ended_at: int | None = None
    repeats: bool = False


@dataclass(frozen=True, kw_only=True)
class Enqueued:
    """Hyperparameters of a trial that no sampler suggests, and their origin."""

    hyperparameters: Hyperparameters
    origin: str


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """The hyperparameters of a trial.

    Attributes:
        origin: `default`, `depth extreme`, `startup`, the sampler's name, or the trial it was transferred
            from.
        repeats: number of a finished trial with the same hyperparameters, or None.
    """

    hyperparameters: Hyperparameters
    origin: str
    repeats: int | None


def suggest(
    *,
    space: Space,
    enqueued: Sequence[Enqueued],
    settings: SearchSettings,
    history: Sequence[FinishedTrial],
    seed_parts: tuple[int | str, ...],
    trial: int,
) -> Suggestion:
    """Return the hyperparameters of trial number `trial`.

    First come the enqueued trials, then random draws, then the sampler. A suggestion equal to an earlier
    trial's is drawn again with another seed; if that never helps, it names the trial that it repeats. Trials
    that run side by side with this one count as earlier: their hyperparameters follow from the same history.

    Args:
        space: the search space.
        enqueued: the first trials of the study.
        settings: sampler, number of startup trials, and number of trials that run at once.
        history: the results the trial may see, in the order of their numbers from 0.
        seed_parts: parts of the random seed besides the trial number.
        trial: its number.
    """
    earlier = [finished.hyperparameters for finished in history]
    for number in range(max(len(history), settings.seen_by(trial)), trial + 1):
        if number < len(enqueued):
            earlier.append(enqueued[number].hyperparameters)
            continue
        taken = {*earlier, *(one.hyperparameters for one in enqueued)}
        seen = history[: settings.seen_by(number)]
        earlier.append(_draw(space, settings, seen, taken, seed_parts=(*seed_parts, number)))
    chosen = earlier.pop()
    if trial < len(enqueued):
        return Suggestion(hyperparameters=chosen, origin=enqueued[trial].origin, repeats=None)
    finished = earlier[: len(history)]
    return Suggestion(
        hyperparameters=chosen,
        origin="startup" if len(history) < settings.startup_trials else settings.sampler,
        repeats=finished.index(chosen) if chosen in finished else None,
    )


def enqueued_trials(
    space: Space, default: Hyperparameters, transferred: Sequence[Enqueued] = ()
) -> list[Enqueued]:
    """Return the first trials of a study: the default, the transferred trials, then the extremes of depth.

    The extremes are the default at the smallest and at the largest depth.
    """
    extremes = (replace(default, depth=int(depth)) for depth in space.dimensions["depth"].ends)
    candidates = [
        Enqueued(hyperparameters=default, origin="default"),
        *transferred,
        *(Enqueued(hyperparameters=extreme, origin="depth extreme") for extreme in extremes),
    ]
    first: dict[Hyperparameters, Enqueued] = {}
    for candidate in candidates:
        first.setdefault(candidate.hyperparameters, candidate)
    return list(first.values())


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """Convert the space to Optuna's distributions."""
    return {key: _distribution(dimension) for key, dimension in space.dimensions.items()}


def _draw(
    space: Space,
    settings: SearchSettings,
    history: Sequence[FinishedTrial],
    taken: Collection[Hyperparameters],
    *,
    seed_parts: tuple[int | str, ...],
) -> Hyperparameters:
    for attempt in range(REPEAT_ATTEMPTS):
        last = attempt >= REPEAT_ATTEMPTS - ATTEMPTS_AT_RANDOM
        by = replace(settings, sampler="random") if last else settings
        drawn = _ask(space, by, history, seed=derive_seed(*seed_parts, attempt))
        if drawn not in taken:
            break
    return drawn


def _ask(
    space: Space, settings: SearchSettings, history: Sequence[FinishedTrial], *, seed: int
) -> Hyperparameters:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="minimize", sampler=_sampler(settings, seed=seed % 2**32))
    known = distributions(space)
    news = [finished for finished in history if not finished.repeats]
    if settings.sampler == "gp":
        news = _completed(news)
    study.add_trials([frozen(finished, known) for finished in news])
    return Hyperparameters(**study.ask(known).params)


def _completed(history: Sequence[FinishedTrial]) -> list[FinishedTrial]:
    # A Gaussian process uses completed trials only. A pruned trial's value is near its final value; a failed
    # trial gets the worst value seen.
    values = [finished.value for finished in history if finished.value is not None]
    return [
        replace(finished, value=max(values) if finished.value is None else finished.value, ended_at=None)
        for finished in history
        if values
    ]


def _sampler(settings: SearchSettings, *, seed: int) -> BaseSampler:
    startup = settings.startup_trials
    if settings.sampler == "random":
        return RandomSampler(seed=seed)
    if settings.sampler == "gp":
        return GPSampler(n_startup_trials=startup, seed=seed)
    return TPESampler(n_startup_trials=startup, multivariate=True, seed=seed)


def frozen(finished: FinishedTrial, known: dict[str, BaseDistribution]) -> FrozenTrial:
    """Convert a finished trial to Optuna's form.

    A pruned trial ranks below every completed one, first by its number of epochs, then by its loss; a failed
    trial, which has no reported value, ranks below all.
    """
    pruned = finished.value is None or finished.ended_at is not None
    reports = {} if finished.ended_at is None else {finished.ended_at: finished.value}
    return create_trial(
        state=TrialState.PRUNED if pruned else TrialState.COMPLETE,
        value=finished.value,
        intermediate_values=reports,
        params=asdict(finished.hyperparameters),
        distributions=known,
    )


def _distribution(dimension: Dimension) -> BaseDistribution:
    if isinstance(dimension, Choice):
        return CategoricalDistribution(list(dimension.values))
    if dimension.integer:
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)
