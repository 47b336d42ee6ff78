"""The progress of one study, from its files."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from simmer.ledger.address import Address, Purpose, StudyAddress, trial_name
from simmer.ledger.race import RaceSettings, race_runs, racers, standings, winner_among
from simmer.ledger.results import best_trial
from simmer.search.study import Study
from simmer.status.holders import Holder, holder_at
from simmer.status.trial_files import UNREADABLE, TrialProgress, read_trial

_FAILED = ("diverged", "out_of_memory", "out_of_time", UNREADABLE)


@dataclass(frozen=True, kw_only=True)
class StudyPlace:
    """A study and its place in the ledger.

    Attributes:
        n_trials: number of trials wanted, or None without a configuration.
        epochs_max: epochs of a full trial, or None if unknown.
        race: settings of its race; None without one.
        refits: number of refits wanted of its winner.
        home: `<ledger>/<fingerprint>` of the study, or None if it has not begun.
    """

    scale: str
    horizon_days: int
    n_trials: int | None
    epochs_max: int | None
    race: RaceSettings | None = None
    refits: int = 0
    home: Path | None = None

    @classmethod
    def of(cls, study: Study, home: Path | None, *, refits: int = 0) -> "StudyPlace":
        """Return the place of a configured study."""
        return cls(
            scale=study.scale,
            horizon_days=study.horizon_days,
            n_trials=study.n_trials,
            epochs_max=study.epochs_max,
            race=study.search.race,
            refits=refits,
            home=home,
        )

    @property
    def address(self) -> StudyAddress:
        """Scale and horizon."""
        return StudyAddress(scale=self.scale, horizon_days=self.horizon_days)

    @property
    def name(self) -> str:
        """Scale and horizon, as in paths and messages."""
        return self.address.name


@dataclass(frozen=True, kw_only=True)
class Work:
    """A run that has begun, or whose lock is held, and has no result.

    Attributes:
        trial: its progress.
        holder: the process named in its lock, or None.
    """

    trial: TrialProgress
    holder: Holder | None

    @property
    def alive(self) -> bool:
        """True if a process on this machine is training it now."""
        return self.holder is not None and self.holder.alive is True


@dataclass(frozen=True, kw_only=True)
class StudyProgress:
    """The progress of a study.

    Attributes:
        finished: trials with a result, in order of their numbers.
        begun: runs without a result that have begun or whose lock is held, in the same order.
        raced: finished runs of the race.
        winner: number of the trial that won it; None before, or without a race.
        refits: refits of the winner that have a result.
    """

    place: StudyPlace
    finished: tuple[TrialProgress, ...] = ()
    begun: tuple[Work, ...] = ()
    raced: tuple[TrialProgress, ...] = ()
    winner: int | None = None
    refits: tuple[TrialProgress, ...] = ()

    @property
    def left(self) -> int:
        """Trials without a result, begun ones included; 0 without a configuration."""
        return 0 if self.place.n_trials is None else max(0, self.place.n_trials - len(self.finished))

    @property
    def race_runs(self) -> int:
        """Number of runs of the race; 0 before all trials have a result."""
        if self.left or self.place.n_trials is None:
            return 0
        return len(race_runs(racers(self.finished, self.place.race), self.place.race))

    @property
    def race_left(self) -> int:
        """Runs of the race without a result; 0 before all trials have one."""
        return max(0, self.race_runs - len(self.raced))

    @property
    def refits_left(self) -> int:
        """Wanted refits without a result."""
        return max(0, self.place.refits - len(self.refits))

    @property
    def ended(self) -> Counter[str]:
        """Number of trials per final state other than `complete`."""
        return Counter(trial.state for trial in self.finished if trial.state not in (None, "complete"))

    @property
    def pruned(self) -> int:
        """Number of trials that halving ended early."""
        return self.ended["pruned"]

    @property
    def failed(self) -> int:
        """Number of trials that diverged, ran out of memory or time, or cannot be read."""
        return sum(self.ended[state] for state in _FAILED)

    @property
    def best(self) -> TrialProgress | None:
        """The finished trial with the lowest validation log-loss (the first one of ties)."""
        return best_trial(self.finished)

    @property
    def base_rate_loss(self) -> float | None:
        """Validation log-loss of predicting the base rate, once a trial has recorded it."""
        return next(
            (trial.base_rate_loss for trial in self.finished if trial.base_rate_loss is not None), None
        )

    @property
    def all_trials(self) -> tuple[TrialProgress, ...]:
        """All trials, race runs and refits that have begun or finished."""
        return (*self.finished, *self.raced, *self.refits, *(work.trial for work in self.begun))


def read_study(
    place: StudyPlace,
    locks: Path,
    *,
    others: Sequence[Path] = (),
    read: Callable[[Path, int], TrialProgress | None] = read_trial,
    holder: Callable[[Path], Holder | None] = holder_at,
) -> StudyProgress:
    """Return the progress of a study; its files are only read.

    Args:
        place: the study.
        locks: folder of the ledger's locks.
        others: trial folders of the same scale and horizon with other settings, which share the locks.
        read: reads the folder of one run.
        holder: reads a lock.
    """
    study, folder = place.address, None if place.home is None else place.home / place.address.folder
    held = [address.number for address in _runs(study, locks / study.folder, ".lock") if _is_trial(address)]
    trials: dict[int, TrialProgress] = {}
    for address in filter(_is_trial, _runs(study, folder)):
        number = address.number
        trial = read(place.home / address.folder, number) if _is_wanted(place, number) else None
        if trial is not None:
            trials[number] = trial
    begun = [
        Work(trial=trial, holder=holder(locks / study.trial(trial.number).lock))
        for trial in trials.values()
        if trial.state is None
    ]
    starting = [
        _starting(number, holder(locks / study.trial(number).lock)) for number in held if number not in trials
    ]
    begun += [
        work
        for work in starting
        if work.alive
        and _is_wanted(place, work.trial.number)
        and not any(_is_under_way(folder / work.trial.name) for folder in others)
    ]
    finished = tuple(trial for _, trial in sorted(trials.items()) if trial.state is not None)
    whole_runs, winner = _read_whole_runs(place, _runs(study, folder), finished, read)
    return StudyProgress(
        place=place,
        finished=finished,
        begun=(
            *sorted(begun, key=lambda work: work.trial.number),
            *(
                Work(trial=run, holder=holder(locks / address.lock))
                for address, run in whole_runs.items()
                if run.state is None
            ),
        ),
        raced=_finished(whole_runs, "race"),
        winner=winner,
        refits=_finished(whole_runs, "refit"),
    )


def _read_whole_runs(
    place: StudyPlace,
    runs: Sequence[Address],
    finished: Sequence[TrialProgress],
    read: Callable[[Path, int], TrialProgress | None],
) -> tuple[dict[Address, TrialProgress], int | None]:
    """Return race runs and refits that count, of the trials that race and of the winner; and the winner.

    Until the race is over, refits of the best trial count. So do refits whose name has no trial.
    """
    racing = racers(finished, place.race)
    wanted = set(race_runs(racing, place.race))
    found = {
        address: _read_whole_run(place, address, read)
        for address in runs
        if address.purpose == "race" and (address.of_trial, address.number) in wanted
    }
    losses = {
        (address.of_trial, address.number): run.loss
        for address, run in found.items()
        if run is not None and run.state is not None
    }
    standing = standings(racing, losses, place.race)
    winner = winner_among(standing).trial if standing else next((trial.number for trial in racing), None)
    found |= {
        address: _read_whole_run(place, address, read)
        for address in runs
        if address.purpose == "refit" and address.of_trial in (None, winner)
    }
    known = {address: run for address, run in found.items() if run is not None}
    return known, winner if standing and wanted else None


def _read_whole_run(
    place: StudyPlace, address: Address, read: Callable[[Path, int], TrialProgress | None]
) -> TrialProgress | None:
    folder = place.home / address.folder
    run = read(folder, address.number)
    # One that cannot be read counts as done if it has a result file.
    if run is None or (run.state == UNREADABLE and not (folder / "result.json").is_file()):
        return None
    return replace(run, name=address.name)


def _finished(runs: Mapping[Address, TrialProgress], purpose: Purpose) -> tuple[TrialProgress, ...]:
    return tuple(run for address, run in runs.items() if address.purpose == purpose and run.state is not None)


def _starting(number: int, holder: Holder | None) -> Work:
    return Work(trial=TrialProgress(name=trial_name(number), number=number), holder=holder)


def _is_under_way(folder: Path) -> bool:
    return (folder / "params.json").is_file() and not (folder / "result.json").is_file()


def _is_wanted(place: StudyPlace, number: int) -> bool:
    # After n_trials was lowered, the published tables leave out the higher numbers as well.
    return place.n_trials is None or number < place.n_trials


def _is_trial(address: Address) -> bool:
    return address.purpose == "trial"


def _runs(study: StudyAddress, folder: Path | None, ending: str = "") -> list[Address]:
    try:
        names = [] if folder is None else [path.name for path in folder.iterdir()]
    except OSError:
        return []
    return study.addresses(name.removesuffix(ending) for name in names if name.endswith(ending))
