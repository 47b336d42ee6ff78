"""Prepare a study for a run: write damaged, missing and old records again."""

import logging

from simmer.base.errors import DamagedError
from simmer.base.locks import lock_after_waiting, try_lock
from simmer.ledger.address import LOCKS
from simmer.ledger.copies import restore, set_aside
from simmer.ledger.ledger import StudyLedger
from simmer.ledger.run_files import RunFiles
from simmer.ledger.study_file import keeps_digests, read_study_file, write_study_file

logger = logging.getLogger(__name__)


def prepare(ledger: StudyLedger) -> None:
    """Write damaged and missing records of a study again, and give digests to those of an older version.

    Raises:
        LedgerError: when two copies of a result of an older version differ, and both may be right.
    """
    try:
        known = read_study_file(ledger.home)
    except DamagedError as error:
        logger.warning("%s", error)
        known = None
    if known is None or not keeps_digests(ledger.home):
        with lock_after_waiting(
            ledger.root / LOCKS / ledger.address.folder / "study.lock",
            on_wait=lambda holder: logger.info("waiting for %s, which prepares %s", holder, ledger.home),
            should_stop=lambda: False,
        ):
            for address in ledger.runs():
                RunFiles(ledger.home, address).upgrade()
            _restore_transferred(ledger)
            write_study_file(ledger.home, {**ledger.meaning, "features_sha256": ledger.features_sha256})
    _restore_transferred(ledger)


def restore_if_free(ledger: StudyLedger, files: RunFiles) -> None:
    """Restore a run of a study, unless it has no files or another process is at work on it.

    Raises:
        LedgerError: as `prepare`.
    """
    lock = try_lock(files.lock_path) if files.has_traces() else None
    if lock is None:
        return
    with lock:
        prepare(ledger)
        files.restore()


def _restore_transferred(ledger: StudyLedger) -> None:
    copies = ledger.transferred_copies
    try:
        restore(copies)
    except DamagedError as error:
        for path in copies:
            if path.exists():
                set_aside(path)
        logger.warning("%s; the trials to transfer are chosen again", error)
