"""Prepare a study for a run: write damaged, missing and old records again."""

import logging
from collections.abc import Mapping
from pathlib import Path

from simmer.base.errors import DamagedError
from simmer.base.locks import lock_after_waiting, try_lock
from simmer.ledger.address import LOCKS, Address
from simmer.ledger.copies import Read, if_whole, problems, restore, set_aside
from simmer.ledger.ledger import StudyLedger
from simmer.ledger.published_run import run_published_at
from simmer.ledger.run_files import RunFiles
from simmer.ledger.study_file import keeps_digests, read_about, read_study_file, write_study_file

logger = logging.getLogger(__name__)


def prepare(ledger: StudyLedger, *, held: RunFiles | None = None) -> None:
    """Write damaged and missing records of a study again; give those of an older version digests and names.

    Args:
        ledger: of the study.
        held: the run whose lock the caller holds.

    Raises:
        LedgerError: when two copies of a result of an older version differ, and both may be right, and when a
            record cannot be read or written.
    """
    if _is_prepared(ledger):
        return
    with lock_after_waiting(
        ledger.root / LOCKS / ledger.address.folder / "study.lock",
        on_wait=lambda holder: logger.info("waiting for %s, which prepares %s", holder, ledger.home),
        should_stop=lambda: False,
    ):
        if not keeps_digests(ledger.home) and not _upgrade_runs(ledger, held):
            return  # the next run of the study goes on
        for copies in ledger.record_copies:
            _restore(copies)
        try:
            known = read_study_file(ledger.home)
        except DamagedError as error:
            logger.warning("%s: written again", error.problem)
            known = None
        if known is None or not keeps_digests(ledger.home) or _lacks_names(ledger):
            values = {**ledger.meaning, "features_sha256": ledger.features_sha256}
            write_study_file(ledger.home, values, ledger.about)


def restore_if_free(ledger: StudyLedger, files: RunFiles) -> None:
    """Restore a run of a study, unless it has no files or another process is at work on it.

    Raises:
        LedgerError: as `prepare`.
    """
    lock = try_lock(files.lock_path) if files.has_traces() else None
    if lock is None:
        return
    with lock:
        prepare(ledger, held=files)
        files.restore()


def restore_published(address: Address, results: Path) -> bool:
    """Restore the run, of any study, whose result is published at an address; return True if it is whole now.

    It is left alone while another process is at work on it.

    Raises:
        LedgerError: when a record cannot be read or written.
    """
    try:
        files = run_published_at(address, results)
    except DamagedError:
        return False
    lock = None if files is None else try_lock(files.lock_path)
    if lock is None:
        return False
    with lock:
        files.restore()
    return not files.lacks_result()


def _is_prepared(ledger: StudyLedger) -> bool:
    records_whole = all(
        not problems(copies) for copies in ledger.record_copies if any(path.exists() for path in copies)
    )
    known = if_whole(lambda: read_study_file(ledger.home))
    whole = records_whole and known is not None and keeps_digests(ledger.home)
    return whole and not _lacks_names(ledger)


def _lacks_names(ledger: StudyLedger) -> bool:
    known = if_whole(lambda: read_about(ledger.home))
    return bool(ledger.about.recorded) and not (known and known.recorded)


def _upgrade_runs(ledger: StudyLedger, held: RunFiles | None) -> bool:
    """Give digests to the records of all runs; return False if an older version is at work on one."""
    done = True
    for address in ledger.runs():
        files = RunFiles(ledger.home, address)
        if held is not None and files.folder == held.folder:
            files.upgrade()
            continue
        lock = try_lock(files.lock_path)
        if lock is None:
            done = done and not files.is_of_older_version()
            continue
        with lock:
            files.upgrade()
    return done


def _restore(copies: Mapping[Path, Read]) -> None:
    try:
        restore(copies)
    except DamagedError as error:
        for path in copies:
            if path.exists():
                set_aside(path)
        logger.warning("%s, and no copy is whole: what it records is made again", error.problem)
