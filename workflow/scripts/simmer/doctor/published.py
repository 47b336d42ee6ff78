"""Check what is published: results that the ledger may lack, and tables that are outdated."""

from dataclasses import dataclass
from pathlib import Path

from simmer.base.errors import DamagedError, LedgerError
from simmer.doctor.findings import MADE_AGAIN, Finding
from simmer.doctor.tree import Tree
from simmer.ledger.address import made_from_in
from simmer.ledger.made_from import Digests, MadeFrom, place_in
from simmer.ledger.published_run import published_in, run_published_at
from simmer.ledger.run_files import RunFiles


@dataclass(frozen=True, kw_only=True)
class Published:
    """Published results of trials and refits.

    Attributes:
        whole: the runs they are of, by path.
        damaged: paths of the damaged ones.
        unreadable: findings about files that the system refuses to read.
    """

    whole: dict[Path, RunFiles]
    damaged: tuple[Path, ...]
    unreadable: tuple[Finding, ...]


def read_published(results: Path) -> Published:
    """Return the published results in a results folder."""
    whole, damaged, unreadable = {}, [], []
    for address in published_in(results):
        path = results / address.published("json")
        try:
            files = run_published_at(address, results)
        except DamagedError:
            damaged.append(path)
        except LedgerError as error:
            unreadable.append(Finding.unreadable(path, error))
        else:
            whole |= {} if files is None else {path: files}
    return Published(whole=whole, damaged=tuple(damaged), unreadable=tuple(unreadable))


@dataclass(frozen=True, kw_only=True)
class Outdated:
    """Published files that the next run makes again.

    Attributes:
        paths: names of missing files, and of those that were made from other inputs.
        findings: damaged records, and files that were changed after they were made.
    """

    paths: tuple[str, ...]
    findings: tuple[Finding, ...]


def outdated(results: Path, tree: Tree) -> Outdated:
    """Compare the published files with the record of what they were made from."""
    root, paths, findings = made_from_in(results), [], []
    digests = Digests(place=lambda name: place_in(results, name))
    for path in tree.files:
        if not path.is_relative_to(root) or path.suffix != ".json":
            continue
        try:
            record = MadeFrom.read(path)
        except DamagedError:
            findings.append(Finding(path=path, what="damaged", then=MADE_AGAIN))
            continue
        except LedgerError as error:
            findings.append(Finding.unreadable(path, error))
            continue
        if record is None:
            continue
        changed = digests.changed(record.outputs)
        findings += [
            Finding(path=place_in(results, name), what="differs from what its job wrote", then=MADE_AGAIN)
            for name in changed
            if digests[name] is not None
        ]
        others = record.has_changed_inputs(digests)
        paths += [name for name in (record.outputs if others else changed) if others or digests[name] is None]
    return Outdated(paths=tuple(paths), findings=tuple(findings))
