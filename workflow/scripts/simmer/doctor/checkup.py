"""Check a whole results folder; nothing in it is changed."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from simmer.base.errors import LedgerError
from simmer.base.words import count
from simmer.config.campaign import Config
from simmer.doctor.findings import COMPUTED, COPIED, LEFT_OUT, RESTORED, Finding
from simmer.doctor.leftovers import Leftovers, find_leftovers
from simmer.doctor.published import Published, outdated, read_published
from simmer.doctor.studies import CheckedStudy, check_studies
from simmer.doctor.tree import read_tree
from simmer.evidence.looks import incomplete_copies
from simmer.ledger.address import looks_in
from simmer.ledger.kept_weights import MISSING
from simmer.ledger.published_models import models_in
from simmer.status.holders import Holder


@dataclass(frozen=True, kw_only=True)
class Checkup:
    """The state of a results folder.

    Attributes:
        results: the folder.
        run: the process that the campaign's lock names; None if the lock was never taken.
        studies: the studies of the ledger, those of the configuration first.
        findings: what is wrong with files that belong to no study.
        outdated: names of published files that are missing or were made from other inputs.
        leftovers: files that nothing needs any more.
    """

    results: Path
    run: Holder | None
    studies: tuple[CheckedStudy, ...]
    findings: tuple[Finding, ...]
    outdated: tuple[str, ...]
    leftovers: Leftovers

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """What is wrong with any file."""
        return (*(one for study in self.studies for one in study.all_findings), *self.findings)

    @property
    def is_whole(self) -> bool:
        """True if nothing is damaged."""
        return not any(finding.damage for finding in self.all_findings)


def check_up(config: Config, results: Path, *, run: Holder | None) -> Checkup:
    """Check all files of a results folder.

    Args:
        config: the configuration to compare with.
        results: the folder.
        run: the process that the campaign's lock names.

    Raises:
        LedgerError: when the folder does not exist, is a file, or cannot be listed.
    """
    tree = read_tree(results)
    published = read_published(results)
    studies = check_studies(config, results, tree, published)
    tables = outdated(results, tree)
    return Checkup(
        results=results,
        run=run,
        studies=tuple(studies),
        findings=(
            *_damaged_results(results, published, studies),
            *published.unreadable,
            *tables.findings,
            *_models(results, reported={finding.path for finding in tables.findings}),
            *_looks(looks_in(results)),
            *(Finding.unreadable(results, error) for error in tree.unreadable),
        ),
        outdated=tables.paths,
        leftovers=find_leftovers(tree, studies, published, elsewhere=run is not None and run.alive is None),
    )


def _damaged_results(
    results: Path, published: Published, studies: Sequence[CheckedStudy]
) -> Iterator[Finding]:
    """Yield a finding for each damaged published result that the check of its run does not report."""
    reported = {finding.path for study in studies for finding in study.all_findings}
    in_ledger = {
        results / run.files.address.published("json")
        for study in studies
        for run in study.runs
        if run.finished
    }
    for path in published.damaged:
        if path not in reported:
            then = "a run of its configuration publishes it again" if path in in_ledger else COMPUTED
            yield Finding(path=path, what="damaged", then=then)


def _models(results: Path, *, reported: Collection[Path]) -> Iterator[Finding]:
    """Yield a finding for each damaged file of weights; missing ones are published by the next run."""
    try:
        found = {file: what for model in models_in(results) for file, what in model.problems().items()}
    except LedgerError as error:
        yield Finding.unreadable(results, error)
        return
    for file, what in found.items():
        if what != MISSING and file not in reported:
            yield Finding(path=file, what=what, then=COPIED)


def _looks(path: Path) -> Iterator[Finding]:
    try:
        copies = incomplete_copies(path)
        with_digests = path.is_file() and b'"sha256"' in path.read_bytes()
    except OSError as error:
        yield Finding.unreadable(path, error)
        return
    for copy, (missing, damaged) in copies.items():
        if missing and (copy.exists() or copy == path or with_digests):
            what = f"lacks {count(missing, 'look')} that its copy has" if copy.exists() else "missing"
            yield Finding(path=copy, what=what, then=RESTORED)
        elif damaged:
            then = LEFT_OUT if len(copies) > 1 else "left out; the other copy of the log is whole"
            what = f"has {count(damaged, 'damaged line')}"
            yield Finding(path=copy, what=what, then=then, damage=len(copies) > 1)
