"""Check every study of a ledger, and say how it differs from the configured one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simmer.base.errors import DamagedError, LedgerError
from simmer.config.campaign import Config
from simmer.doctor.findings import COMPUTED, RESTORED, Finding, without_path
from simmer.doctor.published import Published
from simmer.doctor.runs import CheckedRun, check_run
from simmer.doctor.tree import Tree
from simmer.ledger.address import Address, ledger_in
from simmer.ledger.copies import Read, first_whole, problems
from simmer.ledger.ledger import StudyLedger
from simmer.ledger.run_files import RunFiles
from simmer.ledger.study_file import STUDY_FILE, keeps_digests, read_study_file
from simmer.status.next_features import built_features, table_entries
from simmer.status.studies import differences, known_studies


@dataclass(frozen=True, kw_only=True)
class CheckedStudy:
    """A study of the ledger and what is wrong with it.

    Attributes:
        home: its folder, named by its fingerprint.
        name: scale and horizon; the fingerprint if they are not known.
        ledger: its part of the ledger; None if its settings are not known.
        runs: its runs.
        findings: what is wrong with files that belong to no run.
        n_trials: number of trials wanted; None if it is not of the configuration.
        differences: settings in which it differs from the configured study of its scale and horizon, with
            its value and the configured one; None if there is no such study, or its settings are not known.
        with_digests: False if an older version wrote it.
    """

    home: Path
    name: str
    ledger: StudyLedger | None
    runs: tuple[CheckedRun, ...] = ()
    findings: tuple[Finding, ...] = ()
    n_trials: int | None = None
    differences: Mapping[str, tuple[Any, Any]] | None = field(default_factory=dict)
    with_digests: bool = True

    @property
    def configured(self) -> bool:
        """True if it is a study of the configuration."""
        return self.n_trials is not None

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """What is wrong with it and with its runs."""
        return (*self.findings, *(finding for run in self.runs for finding in run.findings))

    def finished(self, purpose: str) -> int:
        """Return the number of finished runs with this purpose."""
        return sum(run.finished and run.files.address.purpose == purpose for run in self.runs)

    @property
    def begun(self) -> tuple[CheckedRun, ...]:
        """The runs without a whole result."""
        return tuple(run for run in self.runs if not run.finished)


@dataclass(frozen=True, kw_only=True)
class _Place:
    home: Path
    ledger: StudyLedger | None
    n_trials: int | None
    differences: Mapping[str, tuple[Any, Any]] | None


def check_studies(config: Config, results: Path, tree: Tree, published: Published) -> list[CheckedStudy]:
    """Check all studies in the ledger of a results folder.

    Args:
        config: the configuration to compare with.
        results: the folder.
        tree: its content.
        published: its published results, whose runs the ledger may lack.
    """
    places = _places(config, results)
    runs = {place.home: {} for place in places}
    in_ledger = list(_runs_in_ledger(ledger_in(results), tree))
    for files in (*in_ledger, *published.whole.values()):
        runs.setdefault(files.home, {})[files.folder] = files
    known = {place.home: place for place in places}
    homes = [home for home, found in runs.items() if found or (home / STUDY_FILE).is_file()]
    ours = {files.folder for files in published.whole.values()}
    for path in published.damaged:
        places_of = [files.folder for files in in_ledger if results / files.address.published("json") == path]
        ours |= set(places_of) if len(places_of) == 1 else set()
    nowhere = {"ledger": None, "n_trials": None, "differences": None}
    checked = [
        _check(known.get(home) or _Place(home=home, **nowhere), list(runs[home].values()), ours, config)
        for home in homes
        if home.is_dir() or home in known
    ]
    return sorted(checked, key=_order)


def _places(config: Config, results: Path) -> list[_Place]:
    """Return the studies whose settings are known: from their study.json, or from the configuration."""
    root = ledger_in(results)
    features = built_features(table_entries(config.dataset, results.parent / "data"))
    wanted = {
        (scale, days): config.study(scale, days)
        for scale in config.run_scales
        for days in config.dataset.horizons_days
    }
    places = {}
    for each in known_studies(root):
        study = wanted.get((each.scale, each.horizon_days))
        differ = None if study is None else differences(each, study, features)
        places[each.home] = _Place(
            home=each.home,
            ledger=each.ledger,
            n_trials=study.n_trials if study is not None and not differ else None,
            differences=differ,
        )
    for study in wanted.values() if features is not None else ():
        ledger = study.ledger(root, features_sha256=features)
        place = _Place(home=ledger.home, ledger=ledger, n_trials=study.n_trials, differences={})
        places.setdefault(ledger.home, place)
    return list(places.values())


def _runs_in_ledger(root: Path, tree: Tree) -> Iterator[RunFiles]:
    for folder in tree.folders:
        if folder.is_relative_to(root):
            try:
                files = RunFiles.at(folder)
            except LedgerError:
                continue
            if files.home.parent == root:
                yield files


def _check(place: _Place, runs: Sequence[RunFiles], ours: set[Path], config: Config) -> CheckedStudy:
    runs = sorted(
        runs, key=lambda files: (files.address.purpose != "trial", files.address.number, files.name)
    )
    findings = list(_study_findings(place))
    with_digests = keeps_digests(place.home) or bool(findings)
    due = _due(place, config)
    first = runs[0].address.study.name if runs else place.home.name
    return CheckedStudy(
        home=place.home,
        name=first if place.ledger is None else place.ledger.address.name,
        ledger=place.ledger,
        runs=tuple(
            check_run(
                files,
                with_digests=with_digests,
                must_be_published=files.address in due or files.folder in ours,
            )
            for files in runs
        ),
        findings=tuple(findings),
        n_trials=place.n_trials,
        differences=place.differences,
        with_digests=with_digests,
    )


def _due(place: _Place, config: Config) -> set[Address]:
    """Return the runs whose results belong at their published path."""
    if place.n_trials is None:
        return set()
    after = place.ledger.runs_after_trials(
        place.n_trials, race=config.search.race, refits=config.evidence.seeds
    )
    trials = (place.ledger.address.trial(number) for number in range(place.n_trials))
    return {*trials, *(files.address for files in after)}


def _study_findings(place: _Place) -> Iterator[Finding]:
    path = place.home / STUDY_FILE
    try:
        message = None if read_study_file(place.home) is not None else f"found no {path}"
    except DamagedError as error:
        message = error.problem
    except LedgerError as error:
        yield Finding.unreadable(path, error)
        return
    if message is not None:
        writer = "FIX=yes or the next run" if place.n_trials is not None else "a run of its configuration"
        yield Finding(path=path, what=without_path(message, path), then=f"{writer} writes it again")
    try:
        for copies in () if place.ledger is None else place.ledger.record_copies:
            yield from list(_record_findings(copies, place.home))
    except (LedgerError, OSError) as error:
        yield Finding.unreadable(place.home, error)


def _record_findings(copies: Mapping[Path, Read], home: Path) -> Iterator[Finding]:
    try:
        known, then = first_whole(list(copies.values())) is not None, RESTORED
    except DamagedError:
        known, then = True, COMPUTED
    for path, message in problems(copies).items() if known else ():
        if path.exists() or keeps_digests(home):
            yield Finding(path=path, what=without_path(message, path), then=then)


def _order(study: CheckedStudy) -> tuple[Any, ...]:
    address = None if study.ledger is None else study.ledger.address
    budget = 0 if study.ledger is None else study.ledger.meaning.get("budget_parameters", 0)
    return (not study.configured, budget, address.horizon_days if address else 0, study.home.name)
