"""Compute a run in one process at a time, then publish its outputs from the ledger."""

import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from simmer.base.errors import Interrupted, LedgerError
from simmer.base.locks import lock_after_waiting
from simmer.base.logs import PROGRESS
from simmer.ledger.ledger import StudyLedger
from simmer.ledger.preparation import prepare
from simmer.ledger.run_files import RunFiles
from simmer.thermal.stop import StopRequest

# Environment variable under which no trial is trained, because only a report was asked for.
NO_SEARCH = "SIMMER_NO_SEARCH"

logger = logging.getLogger(__name__)


def require_search(missing: str, *, otherwise: str = "") -> None:
    """Refuse to train a missing run of the search if only a report was asked for.

    Args:
        missing: the run.
        otherwise: another way out.

    Raises:
        LedgerError: if only a report was asked for.
    """
    if NO_SEARCH in os.environ:
        raise LedgerError(
            f"found no {missing}, expected a finished search, because only a report was asked for: see with "
            "`make plan` what is new, then run the search, or let the report train (make report "
            f"SEARCH=yes){otherwise}"
        )


def publish(
    ledger: StudyLedger,
    files: RunFiles,
    compute: Callable[[StopRequest], None],
    *,
    result: Path,
    log: Path,
) -> bool:
    """Write the declared outputs of a run and return True if it was computed, False if the ledger had it.

    Damaged and missing records are written again from their copies first.

    Args:
        ledger: of the study.
        files: of the run in the ledger.
        compute: computes the result; receives the request to stop.
        result, log: paths of the outputs.

    Raises:
        Interrupted: on heat or a signal; the same call resumes the run.
    """
    stop = StopRequest()
    with (
        stop.on_signals(),
        lock_after_waiting(
            files.lock_path, on_wait=partial(_log_holder, files), should_stop=stop.is_set
        ) as held,
    ):
        if not held:
            raise Interrupted(f"{stop.reason} while waiting for another process to finish {files.name}")
        prepare(ledger, held=files)
        files.restore()
        is_new = files.result() is None
        if is_new:
            compute(stop)
        else:
            files.append_event({"event": "republish"})
        files.publish(result=result, log=log)
    return is_new


def _log_holder(files: RunFiles, holder: str) -> None:
    logger.log(
        PROGRESS,
        "%s is being trained by %s, left over from a run that was killed; waiting for it to finish. "
        "To stop it after a checkpoint instead, end that process with `kill`.",
        files.address.folder.as_posix(),
        holder,
    )
