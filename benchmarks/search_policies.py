"""Search policies, replayed on recorded curves: what each costs and what it finds.

A policy is a function of a study, its replay and a random seed. It yields steps without end, one per piece of
training: the epochs spent so far, and the lowest validation log-loss so far. The caller decides when to stop.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import optuna

from recorded_curves import Curve, Replay
from simmer.ledger.race import race_runs, racers, standings, winner_among
from simmer.ledger.results import TrialResult
from simmer.search.halving import SeenCurve, falls_behind
from simmer.search.settings import HalvingSettings
from simmer.search.space import Hyperparameters
from simmer.search.study import Study
from simmer.search.suggest import Enqueued, FinishedTrial, distributions, enqueued_trials, suggest
from support.results import trial_result

NO_HALVING = HalvingSettings(rung_fractions=(), eta=2.0, min_completed_trials=1)


@dataclass(frozen=True)
class Step:
    """Epochs spent so far, the lowest loss so far, the number of trials, and the winner."""

    epochs: int
    best: float
    trials: int
    winner: Hyperparameters | None = None


@dataclass(frozen=True)
class Played:
    """A replayed trial: its recorded curve, and how many of its epochs were trained."""

    hyperparameters: Hyperparameters
    curve: Curve
    epochs: int

    @property
    def pruned(self) -> bool:
        """True if the search ended the trial early."""
        return self.epochs < len(self.curve.losses)

    @property
    def value(self) -> float:
        """The lowest loss of the epochs trained."""
        return self.curve.best(self.epochs)

    @property
    def result(self) -> TrialResult:
        """The trial as the ledger would hold it, but for its number."""
        return trial_result(
            0,
            (self.value,),
            scale=self.curve.scale,
            state="pruned" if self.pruned else "complete",
            hyperparameters=asdict(self.hyperparameters),
        )


def play(
    study: Study, replay: Replay, *, seed: int, enqueued: Sequence[Enqueued] = (), trials: int | None = None
) -> Iterator[Played]:
    """Yield the trials of a search with simmer's suggestions and halving."""
    played: list[Played] = []
    for number in itertools.count() if trials is None else range(trials):
        curve = replay.train(_suggested(study, played, seed, number, enqueued=enqueued))
        played.append(Played(curve.hyperparameters, curve, _epochs_trained(curve, played, study)))
        yield played[-1]


def simmer(
    study: Study, replay: Replay, seed: int, *, handed_over: Sequence[Enqueued] = ()
) -> Iterator[Step]:
    """Search as the study is configured."""
    enqueued = enqueued_trials(study.space, study.default, handed_over)
    return steps(play(study, replay, seed=seed, enqueued=enqueued))


def with_race(study: Study, replay: Replay, seed: int) -> Iterator[Step]:
    """Search as the study is configured; each step has the winner and the cost of a race held then."""
    enqueued = enqueued_trials(study.space, study.default)
    played: list[Played] = []
    spent = 0
    for trial in play(study, replay, seed=seed, enqueued=enqueued):
        played.append(trial)
        spent += trial.epochs
        yield _raced(study, replay, played, spent)


def plain_with_race(study: Study, replay: Replay, seed: int) -> Iterator[Step]:
    """Search by multivariate TPE alone, followed by the study's race."""
    alone = searched(study, sampler="tpe", halving=NO_HALVING)
    played: list[Played] = []
    spent = 0
    for trial in play(alone, replay, seed=seed):
        played.append(trial)
        spent += trial.epochs
        yield _raced(study, replay, played, spent)


def for_epochs(study: Study, replay: Replay, seed: int, *, epochs: int) -> Iterator[Step]:
    """Search by multivariate TPE alone, every trial for the same few epochs."""
    alone = searched(study, sampler="tpe", halving=NO_HALVING)
    shorter = replay.shortened(epochs)
    return steps(play(alone, shorter, seed=seed))


def without_enqueued(study: Study, replay: Replay, seed: int) -> Iterator[Step]:
    """Search as the study is configured, but start with random trials."""
    return steps(play(study, replay, seed=seed))


def without_halving(study: Study, replay: Replay, seed: int) -> Iterator[Step]:
    """Search as the study is configured, but end no trial early."""
    return simmer(searched(study, halving=NO_HALVING), replay, seed)


def plain(study: Study, replay: Replay, seed: int) -> Iterator[Step]:
    """Search by multivariate TPE alone: nothing enqueued, no trial ended early."""
    return without_enqueued(searched(study, sampler="tpe", halving=NO_HALVING), replay, seed)


def at_random(study: Study, replay: Replay, seed: int) -> Iterator[Step]:
    """Search at random; end no trial early."""
    return without_enqueued(searched(study, sampler="random", halving=NO_HALVING), replay, seed)


def by_gp(study: Study, replay: Replay, seed: int) -> Iterator[Step]:
    """Search by Optuna's Gaussian process alone; end no trial early."""
    return without_enqueued(searched(study, sampler="gp", halving=NO_HALVING), replay, seed)


def random_with_halving(study: Study, replay: Replay, seed: int) -> Iterator[Step]:
    """Search at random, with the study's halving."""
    return without_enqueued(searched(study, sampler="random"), replay, seed)


def early_discard(study: Study, replay: Replay, seed: int, *, epochs: int = 3) -> Iterator[Step]:
    """Train fifty random trials for a few epochs each, then the best three to their end, and repeat.

    The constant discarding of Egele et al. 2024 ("The Unreasonable Effectiveness Of Early Discarding After
    One Epoch"), with more than one epoch and more than one finalist.
    """
    alone = searched(study, sampler="random", halving=NO_HALVING)
    begun = play(alone, replay, seed=seed)
    last = Step(0, float("inf"), 0)
    while True:
        batch = []
        for trial in itertools.islice(begun, 50):
            batch.append(replace(trial, epochs=min(epochs, len(trial.curve.losses))))
            last = _after(last, batch[-1], epochs=batch[-1].epochs, trials=1)
            yield last
        for trial in sorted(batch, key=lambda one: one.value)[:3]:
            whole = replace(trial, epochs=len(trial.curve.losses))
            last = _after(last, whole, epochs=whole.epochs - trial.epochs, trials=0)
            yield last


def by_pruner(study: Study, replay: Replay, seed: int, *, pruner: str) -> Iterator[Step]:
    """Search by the same TPE with nothing enqueued; one of Optuna's own pruners ends trials early."""
    pruners = {
        "median": lambda: optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=3),
        "hyperband": lambda: optuna.pruners.HyperbandPruner(
            min_resource=3, max_resource=study.epochs_max, reduction_factor=3
        ),
    }
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    session = optuna.create_study(study_name=f"{study.scale}-{seed}", pruner=pruners[pruner]())
    known = distributions(study.space)

    def trials() -> Iterator[Played]:
        played: list[Played] = []
        for number in itertools.count():
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
            yield played[-1]

    return steps(trials())


def searched(study: Study, **changes: Any) -> Study:
    """Return a study with other search settings."""
    return replace(study, search=replace(study.search, **changes))


def steps(played: Iterable[Played]) -> Iterator[Step]:
    """Yield the steps of trials in the order of training."""
    last = Step(0, float("inf"), 0)
    for trial in played:
        last = _after(last, trial, epochs=trial.epochs, trials=1)
        yield last


def results_of(played: Iterable[Played]) -> list[TrialResult]:
    """Return replayed trials as results that a larger study can start with."""
    return [replace(trial.result, trial=number) for number, trial in enumerate(played)]


def _raced(study: Study, replay: Replay, played: Sequence[Played], spent: int) -> Step:
    racing = racers(results_of(played), study.search.race)
    losses = {}
    for trial, number in race_runs(racing, study.search.race):
        curve = replay.train(played[trial].hyperparameters, run=number + 1)
        losses[trial, number] = curve.best()
        spent += len(curve.losses)
    found = winner_among(standings(racing, losses, study.search.race))
    return Step(
        epochs=spent,
        best=min(trial.value for trial in played),
        trials=len(played),
        winner=played[found.trial].hyperparameters,
    )


def _after(last: Step, trial: Played, *, epochs: int, trials: int) -> Step:
    better = trial.value < last.best
    return Step(
        epochs=last.epochs + epochs,
        best=trial.value if better else last.best,
        trials=last.trials + trials,
        winner=trial.hyperparameters if better else last.winner,
    )


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
        SeenCurve(losses=trial.curve.losses[: trial.epochs], completed=not trial.pruned, diverged=False)
        for trial in played
    ]
    for epoch in range(1, len(curve.losses)):
        if falls_behind(
            curve.losses[:epoch], seen, settings=study.search.halving, epochs_max=study.epochs_max
        ):
            return epoch
    return len(curve.losses)
