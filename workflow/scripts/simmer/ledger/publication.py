"""Make what is published belong to the configured studies: publish their runs, remove those of others.

The ledger keeps every run, so going back to an earlier study publishes it again without a training.
"""

from collections.abc import Collection, Iterator
from pathlib import Path, PurePath

from simmer.base.errors import DamagedError, LedgerError
from simmer.base.files import user_facing_os_errors
from simmer.base.locks import try_lock
from simmer.ledger.address import (
    RESULTS,
    Address,
    StudyAddress,
    done_file,
    horizon_name,
    published_folder,
    results_of,
)
from simmer.ledger.copies import if_whole
from simmer.ledger.ledger import StudyLedger
from simmer.ledger.made_from import Digests, MadeFrom, place_in, record_of
from simmer.ledger.pages import PAGE, mark_pages
from simmer.ledger.preparation import prepare, restore_published
from simmer.ledger.published_models import remove_other_models
from simmer.ledger.published_run import published_in, run_published_at
from simmer.ledger.race import RaceSettings
from simmer.ledger.run_files import RunFiles

_TABLES = ("trials.csv", "best.json")


def publish_finished(
    ledger: StudyLedger, *, n_trials: int, race: RaceSettings | None, refits: int
) -> list[Address]:
    """Publish the finished runs of a study whose published files are missing or differ; return these runs.

    A run that another process works on is left to that process.

    Args:
        ledger: of the study.
        n_trials: number of its trials that are to be published.
        race: settings of their race.
        refits: number of refits of the winner.

    Raises:
        LedgerError: when a file cannot be read or written.
    """
    if not ledger.home.is_dir():
        return []
    prepare(ledger)
    runs = _runs(ledger, n_trials=n_trials, race=race, refits=refits)
    return [files.address for files in runs if _publish_again(ledger, files)]


def remove_others(results: Path, studies: Collection[StudyLedger]) -> list[Path]:
    """Remove published runs of other studies than these; return the removed paths.

    A run that the ledger lacks is restored there first. The figures and the model of its study and the tables
    of its scale are removed, too.

    Raises:
        LedgerError: when a file cannot be read or written.
    """
    homes = {study.address: study.home for study in studies}
    removed, removed_from = [], dict[StudyAddress, None]()
    for address in list(published_in(results)):
        if _is_of_other_study(address, homes.get(address.study), results) and restore_published(
            address, results
        ):
            removed += _remove([results / address.published(ending) for ending in ("json", "jsonl")])
            removed_from[address.study] = None
    for study in removed_from:
        tables = [place_in(results, str(published_folder(study.scale) / name)) for name in _TABLES]
        figures = (results / "figures").glob(f"*_{study.scale}_{horizon_name(study.horizon_days)}.*")
        removed += _remove([*tables, results / done_file(study.scale), results / study.standings, *figures])
    return removed + remove_other_models(results, homes)


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


def _runs(
    ledger: StudyLedger, *, n_trials: int, race: RaceSettings | None, refits: int
) -> Iterator[RunFiles]:
    """Yield the files of trials, race runs and refits; of refits only once the winner is known."""
    yield from (ledger.trial(number) for number in range(n_trials))
    yield from ledger.runs_after_trials(n_trials, race=race, refits=refits)


def _publish_again(ledger: StudyLedger, files: RunFiles) -> bool:
    if files.is_published() or if_whole(files.result) is None:
        return False
    restore_published(files.address, results_of(ledger.root))
    lock = try_lock(files.lock_path)
    if lock is None:
        return False
    with lock:
        files.restore()
        files.append_event({"event": "republish"})
        files.publish_as_before()
    return True


def _is_of_other_study(address: Address, home: Path | None, results: Path) -> bool:
    try:
        found = run_published_at(address, results)
    except DamagedError:
        return False  # its job restores it, or trains it again
    return found is not None and found.home != home


def _remove(paths: list[Path]) -> list[Path]:
    """Remove files; return those that were there."""
    removed = []
    for path in paths:
        with user_facing_os_errors(path):
            if path.exists():
                path.unlink()
                removed.append(path)
    return removed


def _is_run(path: PurePath) -> bool:
    try:
        Address.parse(path)
    except LedgerError:
        return False
    return path.suffix == ".json"
