"""The progress of one study, from its files."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from simmer.ledger.address import Address, StudyAddress, trial_name
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
        refits: number of refits wanted of its best trial.
        home: `<ledger>/<fingerprint>` of the study, or None if it has not begun.
    """

    scale: str
    horizon_days: int
    n_trials: int | None
    epochs_max: int | None
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
    """A trial or refit that has begun, or whose lock is held, and has no result.

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
        begun: trials and refits without a result that have begun or whose lock is held, in the same order.
        refits: refits of the best trial that have a result.
    """

    place: StudyPlace
    finished: tuple[TrialProgress, ...] = ()
    begun: tuple[Work, ...] = ()
    refits: tuple[TrialProgress, ...] = ()

    @property
    def left(self) -> int:
        """Trials without a result, begun ones included; 0 without a configuration."""
        return 0 if self.place.n_trials is None else max(0, self.place.n_trials - len(self.finished))

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
        """All trials and refits that have begun or finished."""
        return (*self.finished, *self.refits, *(work.trial for work in self.begun))


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
        read: reads the folder of one trial or refit.
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
    refits = _read_refits(place, _runs(study, folder), best_trial(finished), read)
    return StudyProgress(
        place=place,
        finished=finished,
        begun=(
            *sorted(begun, key=lambda work: work.trial.number),
            *(
                Work(trial=refit, holder=holder(locks / study.refit(refit.number).lock))
                for refit in refits
                if refit.state is None
            ),
        ),
        refits=tuple(refit for refit in refits if refit.state is not None),
    )


def _read_refits(
    place: StudyPlace,
    runs: Sequence[Address],
    best: TrialProgress | None,
    read: Callable[[Path, int], TrialProgress | None],
) -> list[TrialProgress]:
    """Return the refits of the best trial and those whose name has no trial; others are left out."""
    refits = []
    for address in runs:
        if address.purpose != "refit" or address.of_trial not in (None, best and best.number):
            continue
        folder = place.home / address.folder
        refit = read(folder, address.number)
        # An unreadable refit counts as done if it has a result file.
        if refit is not None and (refit.state != UNREADABLE or (folder / "result.json").is_file()):
            refits.append(replace(refit, name=address.name))
    return refits


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
