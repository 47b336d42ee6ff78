"""Ways to search, each played on recorded curves: what it costs and what it finds.

A policy is a function of a study, its recorded trials and a seed; it returns a trace, one step per piece of
training: epochs spent in all, and the lowest validation log-loss seen by then.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import optuna

from recorded_curves import Curve, Replay
from simmer.search.halving import SeenCurve, falls_behind
from simmer.search.settings import HalvingSettings
from simmer.search.space import Hyperparameters
from simmer.search.study import Study
from simmer.search.suggest import Enqueued, FinishedTrial, distributions, enqueued_trials, suggest

NO_HALVING = HalvingSettings(rung_fractions=(), eta=2.0, min_completed_trials=1)


@dataclass(frozen=True)
class Step:
    """Epochs spent so far and the lowest loss seen by then, after so many trials."""

    epochs: int
    best: float
    trials: int


@dataclass(frozen=True)
class Played:
    """A trial as a study saw it: the recorded one, and how many of its epochs were trained."""

    hyperparameters: Hyperparameters
    curve: Curve
    epochs: int

    @property
    def pruned(self) -> bool:
        """Tell whether it did not come to its own end."""
        return self.epochs < len(self.curve.losses)

    @property
    def value(self) -> float:
        """The lowest loss of the epochs that were trained."""
        return self.curve.best(self.epochs)


def play(
    study: Study, replay: Replay, *, seed: int, enqueued: Sequence[Enqueued], trials: int
) -> Iterator[Played]:
    """Yield the trials of a search as simmer searches: its suggestions, its halving."""
    played: list[Played] = []
    for number in range(min(trials, len(replay))):
        curve = replay.train(_suggested(study, played, seed, number, enqueued=enqueued))
        epochs = _epochs_trained(curve, played, study)
        # What is played is what was recorded, so that is what the sampler learns from.
        played.append(Played(curve.hyperparameters, curve, epochs))
        yield played[-1]


def ours(
    study: Study, replay: Replay, seed: int, trials: int, *, handed_over: Sequence[Enqueued] = ()
) -> list[Step]:
    """Search as the study is configured."""
    enqueued = enqueued_trials(study.space, study.default, handed_over)
    return trace(play(study, replay, seed=seed, enqueued=enqueued, trials=trials))


def plain(study: Study, replay: Replay, seed: int, trials: int) -> list[Step]:
    """Search by multivariate TPE alone: nothing enqueued, no trial ended early."""
    alone = replace(study, search=replace(study.search, sampler="tpe", halving=NO_HALVING))
    return trace(play(alone, replay, seed=seed, enqueued=[], trials=trials))


def at_random(study: Study, replay: Replay, seed: int, trials: int) -> list[Step]:
    """Search at random, no trial ended early."""
    alone = replace(study, search=replace(study.search, sampler="random", halving=NO_HALVING))
    return trace(play(alone, replay, seed=seed, enqueued=[], trials=trials))


def early_discard(study: Study, replay: Replay, seed: int, trials: int, *, epochs: int = 3) -> list[Step]:
    """Train random trials for a few epochs, then the three best to their end (1-epoch and its kin)."""
    alone = replace(study, search=replace(study.search, sampler="random", halving=NO_HALVING))
    begun = list(play(alone, replay, seed=seed, enqueued=[], trials=trials))
    short = [replace(trial, epochs=min(epochs, len(trial.curve.losses))) for trial in begun]
    finalists = sorted(short, key=lambda trial: trial.value)[:3]
    steps = trace(short)
    for trial in finalists:
        spent = steps[-1].epochs + len(trial.curve.losses) - trial.epochs
        steps.append(Step(spent, min(steps[-1].best, trial.curve.best()), len(short)))
    return steps


def by_pruner(study: Study, replay: Replay, seed: int, trials: int, *, pruner: str) -> list[Step]:
    """Search by the same TPE, nothing enqueued, and let one of Optuna's own pruners judge."""
    pruners = {
        "median": lambda: optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=3),
        "hyperband": lambda: optuna.pruners.HyperbandPruner(
            min_resource=3, max_resource=study.epochs_max, reduction_factor=3
        ),
    }
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    session = optuna.create_study(study_name=f"{study.scale}-{seed}", pruner=pruners[pruner]())
    known = distributions(study.space)
    played: list[Played] = []
    for number in range(min(trials, len(replay))):
        curve = replay.train(_suggested(study, played, seed, number, enqueued=[]))
        session.enqueue_trial(asdict(curve.hyperparameters))
        asked = session.ask(known)
        epochs = len(curve.losses)
        for epoch, best in enumerate(itertools.accumulate(curve.losses, min), start=1):
            asked.report(best, epoch)
            if epoch < len(curve.losses) and asked.should_prune():
                epochs = epoch
                break
        played.append(Played(curve.hyperparameters, curve, epochs))
        state = optuna.trial.TrialState.PRUNED if played[-1].pruned else optuna.trial.TrialState.COMPLETE
        session.tell(asked, None if played[-1].pruned else curve.best(), state=state)
    return trace(played)


def trace(played: Iterator[Played] | Sequence[Played]) -> list[Step]:
    """Return the steps of trials in the order they were trained."""
    steps = [Step(0, float("inf"), 0)]
    for trial in played:
        last = steps[-1]
        steps.append(Step(last.epochs + trial.epochs, min(last.best, trial.value), last.trials + 1))
    return steps


def _suggested(
    study: Study, played: Sequence[Played], seed: int, number: int, *, enqueued: Sequence[Enqueued]
) -> Hyperparameters:
    return suggest(
        space=study.space,
        enqueued=enqueued,
        settings=study.search,
        history=[_finished(trial) for trial in played],
        seed_parts=(seed, study.scale, 1),
        trial=number,
    ).hyperparameters


def _finished(trial: Played) -> FinishedTrial:
    return FinishedTrial(
        hyperparameters=trial.hyperparameters,
        value=trial.value,
        ended_at=trial.epochs if trial.pruned else None,
    )


def _epochs_trained(curve: Curve, played: Sequence[Played], study: Study) -> int:
    seen = [
        SeenCurve(losses=trial.curve.losses[: trial.epochs], completed=not trial.pruned, failed=False)
        for trial in played
    ]
    for epoch in range(1, len(curve.losses)):
        if falls_behind(
            curve.losses[:epoch], seen, settings=study.search.halving, epochs_max=study.epochs_max
        ):
            return epoch
    return len(curve.losses)


def hand_over(played: Sequence[Played]) -> list[dict]:
    """Return played trials as the results that a larger study may begin with."""
    return [
        {
            "trial": number,
            "state": "pruned" if trial.pruned else "complete",
            "repeats": None,
            "validation_log_loss": trial.value,
            "hyperparameters": asdict(trial.hyperparameters),
        }
        for number, trial in enumerate(played)
    ]
