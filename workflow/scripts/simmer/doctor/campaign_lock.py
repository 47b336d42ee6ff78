"""Hold the lock of a campaign while its files are changed by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simmer.base.locks import lock_or_refuse
from simmer.ledger.address import campaign_lock_in


@contextmanager
def campaign_locked(results: Path) -> Iterator[None]:
    """Hold the campaign's lock. Afterwards its file names the last run again, whose command resumes.

    Raises:
        BusyError: naming the run that is at work in the folder.
    """
    path = campaign_lock_in(results)
    before = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    held = lock_or_refuse(path, what=str(results))
    try:
        yield
    finally:
        held.close(before)
