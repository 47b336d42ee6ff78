"""What the next run would do, study by study, and what is new in its configuration."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from simmer.base.words import count, duration, listed
from simmer.config.campaign import Config
from simmer.ledger.address import LOCKS, ledger_in
from simmer.search.study import Study
from simmer.status.changes import Changes, in_words
from simmer.status.estimate import Estimate, estimate
from simmer.status.progress import StudyPlace, StudyProgress, read_study
from simmer.status.studies import (
    KnownStudy,
    configured_studies,
    folders_beside,
    known_studies,
    matching,
    nearest,
)
from simmer.status.trial_files import UNREADABLE

State = Literal["new", "known", "running"]


@dataclass(frozen=True, kw_only=True)
class PlannedStudy:
    """A configured study.

    Attributes:
        progress: its trials in the ledger.
        estimate: of the training time left for its trials or, once they are done, for its race.
        differs: settings in which a new study differs from the most similar one in the ledger.
    """

    progress: StudyProgress
    estimate: Estimate
    differs: Changes

    @property
    def in_ledger(self) -> int:
        """Trials with a whole result."""
        return len(self.progress.finished) - self.progress.ended[UNREADABLE]

    @property
    def to_train(self) -> int:
        """Trials without a whole result."""
        return self.progress.left + self.progress.ended[UNREADABLE]

    @property
    def to_race(self) -> int:
        """Runs of the race without a result; 0 before all trials have one."""
        return self.progress.race_left

    @property
    def name(self) -> str:
        """Scale and horizon."""
        return self.progress.place.name

    @property
    def state(self) -> State:
        """`running` if a process trains it now, `known` if the ledger has it, else `new`."""
        if any(work.alive for work in self.progress.begun):
            return "running"
        return "new" if self.progress.place.home is None else "known"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the next run would do.

    Attributes:
        studies: in the order in which they are run.
        others: number of further studies in the ledger.
        changed: keys of the configuration that changed since the last run, with old and new value; None if
            the last run is not known.
        knows_features: False if the features cannot be built now, so that the studies may be others.
    """

    studies: tuple[PlannedStudy, ...]
    others: int
    changed: Changes | None
    knows_features: bool

    @property
    def to_train(self) -> int:
        """Trials without a whole result."""
        return sum(study.to_train for study in self.studies)

    @property
    def to_race(self) -> int:
        """Runs of races without a result, of studies whose trials are done."""
        return sum(study.to_race for study in self.studies)

    @property
    def in_ledger(self) -> int:
        """Trials with a whole result."""
        return sum(study.in_ledger for study in self.studies)

    @property
    def left(self) -> str:
        """What is to be trained, in words."""
        kinds = {"trial": self.to_train, "race run": self.to_race}
        return listed([count(number, kind) for kind, number in kinds.items() if number])

    @property
    def hours(self) -> str | None:
        """Training time left for trials and races, in words; None if nothing is left."""
        left = [study for study in self.studies if study.to_train or study.to_race]
        unknown = dict.fromkeys(one.progress.place.scale for one in left if one.estimate.seconds is None)
        seconds = sum(one.estimate.seconds or 0.0 for one in left)
        known = [f"about {duration(seconds)} at the measured rate"] if seconds else []
        unmeasured = [f"time of {listed(list(unknown))} not measured yet"] if unknown else []
        return "; ".join(known + unmeasured) or None


def read_plan(
    config: Config, results: Path, *, features_sha256: str | None, changed: Changes | None, now_s: float
) -> Plan:
    """Return what the next run would do; nothing is written.

    Args:
        config: its configuration.
        results: its folder of results.
        features_sha256: digest of the feature values that it learns from; None if unknown, then they are not
            compared.
        changed: as in `Plan`.
        now_s: seconds since 1970.
    """
    ledger = ledger_in(results)
    known = known_studies(ledger)
    wanted = [
        (study, _home(study, ledger, known, features_sha256, config.dataset.ticker))
        for study in configured_studies(config)
    ]
    homes = {home for _, home in wanted}
    others = [each for each in known if each.home not in homes]
    places = [StudyPlace.of(study, home) for study, home in wanted]
    progress = [read_study(place, ledger / LOCKS, others=folders_beside(place, others)) for place in places]
    return Plan(
        studies=tuple(
            PlannedStudy(
                progress=one,
                estimate=_estimate(one, study, progress, others, now_s=now_s),
                differs={} if home is not None else nearest(study, known, features_sha256),
            )
            for one, (study, home) in zip(progress, wanted, strict=True)
        ),
        others=len(others),
        changed=changed,
        knows_features=features_sha256 is not None,
    )


def start_lines(plan: Plan, config: Config, *, file: str) -> list[str]:
    """Return what a run prints first: what is searched, what changed, and what is left to train.

    Args:
        plan: of the run.
        config: its configuration.
        file: the configuration file that a person knows it by.
    """
    data = config.dataset
    search = f"{file}: {data.ticker}, threshold {data.threshold:g} ({data.basis}), campaign {config.campaign}"
    if plan.changed is not None:
        search += (
            f"; since the last run: {in_words(plan.changed)}" if plan.changed else "; as in the last run"
        )
    states = [
        f"{_studies(len(names), state)} ({listed(names)})"
        for state in ("new", "known", "running")
        if (names := [study.name for study in plan.studies if study.state == state])
    ]
    trials = f"{count(plan.in_ledger, 'trial')} in the ledger, {plan.to_train:,} to train"
    trials += f", {count(plan.to_race, 'race run')} to train" if plan.to_race else ""
    lines = [search, f"{', '.join(states)}: {trials}" + (f", {plan.hours}" if plan.hours else "")]
    if plan.others:
        lines.append(others_in_words(plan.others))
    return lines


def others_in_words(number: int) -> str:
    """Return where the studies are that are not configured."""
    return f"{_studies(number, 'other')} in the ledger: make studies"


def _studies(number: int, kind: str) -> str:
    return f"{number} {kind} {'study' if number == 1 else 'studies'}"


def _home(
    study: Study, ledger: Path, known: Sequence[KnownStudy], features_sha256: str | None, ticker: str
) -> Path | None:
    """Return the folder of a study in the ledger, also if its study.json is damaged; None if it is new."""
    if features_sha256 is None:
        match = matching(study, known, None, ticker=ticker)
        return None if match is None else match.home
    home = study.ledger(ledger, features_sha256=features_sha256).home
    return home if home.is_dir() else None


def _estimate(
    one: StudyProgress,
    study: Study,
    progress: Sequence[StudyProgress],
    others: Sequence[KnownStudy],
    *,
    now_s: float,
) -> Estimate:
    """Return the time left for a study, by its own trials or those of other studies with the same models."""
    scale = [each for each in progress if each.place.scale == one.place.scale]
    found = estimate(one, scale, now_s=now_s)
    if found.seconds is not None:
        return found
    alike = (each for each in others if each.has_models_of(study))
    more = [read_study(each.place, each.home.parent / LOCKS) for each in alike]
    return estimate(one, [*scale, *more], now_s=now_s)
