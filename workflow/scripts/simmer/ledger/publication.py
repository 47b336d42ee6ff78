"""Make what is published belong to the configured studies: publish their runs, remove those of others.

The ledger keeps every run, so going back to an earlier study publishes it again without a training.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from simmer.base.errors import DamagedError, LedgerError
from simmer.base.files import user_facing_os_errors
from simmer.base.locks import try_lock
from simmer.ledger.address import RESULTS, Address, done_file, published_folder, results_of
from simmer.ledger.copies import if_whole
from simmer.ledger.ledger import StudyLedger
from simmer.ledger.made_from import Digests, MadeFrom, place_in, record_of
from simmer.ledger.pages import PAGE, mark_pages
from simmer.ledger.preparation import prepare, restore_published
from simmer.ledger.published_run import run_published_at
from simmer.ledger.run_files import RunFiles

_TABLES = ("trials.csv", "best.json")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be published of a study: its first trials, and refits of the best of them."""

    ledger: StudyLedger
    n_trials: int
    refits: int

    def runs(self) -> Iterator[RunFiles]:
        """Yield the files of these runs; the refits only once the best trial is known."""
        yield from (self.ledger.trial(number) for number in range(self.n_trials))
        winner = self.ledger.winner(self.n_trials)
        if winner is not None:
            yield from (self.ledger.refit(number, of_trial=winner) for number in range(self.refits))


def publish_finished(wanted: Wanted) -> list[Address]:
    """Publish the finished runs of a study whose published files are missing or differ; return these runs.

    A run that another process works on is left to that process.

    Raises:
        LedgerError: when a file cannot be read or written.
    """
    return [files.address for files in wanted.runs() if _publish_again(wanted.ledger, files)]


def remove_others(ledger: StudyLedger) -> list[Path]:
    """Remove published runs of other studies from the places of a study's runs; return their paths.

    A run that the ledger lacks is restored there first. With them go the tables of the scale; report pages
    are marked.

    Raises:
        LedgerError: when a file cannot be read or written.
    """
    results, study = results_of(ledger.root), ledger.address
    removed = [
        path for one in (study.trial(0), study.refit(0)) for path in _remove_runs(ledger, one, results)
    ]
    if removed:
        tables = [place_in(results, str(published_folder(study.scale) / name)) for name in _TABLES]
        removed += _remove([*tables, results / done_file(study.scale)])
        mark_pages(results, outdated=True)
    return removed


def review_pages(results: Path) -> None:
    """Mark the report pages if the runs that they are about are not published now, else remove their mark.

    Raises:
        LedgerError: when a file cannot be read or written.
    """
    try:
        record = MadeFrom.read(record_of(RESULTS / PAGE, results=results))
    except DamagedError:
        return
    if record is None:
        return
    runs = {name: digest for name, digest in record.inputs.items() if _is_run(PurePath(name))}
    digests = Digests(place=lambda name: place_in(results, name))
    mark_pages(results, outdated=bool(digests.changed(runs)))


def _publish_again(ledger: StudyLedger, files: RunFiles) -> bool:
    if files.is_published() or if_whole(files.result) is None:
        return False
    restore_published(files.address, results_of(ledger.root))
    lock = try_lock(files.lock_path)
    if lock is None:
        return False
    with lock:
        prepare(ledger, held=files)
        files.restore()
        files.append_event({"event": "republish"})
        files.publish_as_before()
    return True


def _remove_runs(ledger: StudyLedger, one: Address, results: Path) -> list[Path]:
    """Remove the published runs of other studies beside a run of this one."""
    folder = (results / one.published("json")).parent
    with user_facing_os_errors(folder):
        names = [path.stem for path in folder.glob("*.json")] if folder.is_dir() else []
    removed = []
    for address in ledger.address.addresses(names):
        other = _of_other_study(address, ledger, results)
        if other is None:
            continue
        restore_published(address, results)
        if not other.lacks_result():
            removed += _remove([results / address.published(ending) for ending in ("json", "jsonl")])
    return removed


def _of_other_study(address: Address, ledger: StudyLedger, results: Path) -> RunFiles | None:
    try:
        found = run_published_at(address, results)
    except DamagedError:
        return None  # its job restores it, or trains it again
    return None if found is None or found.home == ledger.home else found


def _remove(paths: list[Path]) -> list[Path]:
    for path in paths:
        with user_facing_os_errors(path):
            path.unlink(missing_ok=True)
    return paths


def _is_run(path: PurePath) -> bool:
    try:
        Address.parse(path)
    except LedgerError:
        return False
    return path.suffix == ".json"
