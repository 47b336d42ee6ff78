"""A run as its job sees it: computed by one process at a time, then published from the ledger."""

import logging
from collections.abc import Callable
from pathlib import Path

from simmer.base.errors import Interrupted
from simmer.base.locks import lock_after_waiting
from simmer.ledger.ledger import RunFiles
from simmer.thermal.stop import StopRequest

logger = logging.getLogger(__name__)


def publish(files: RunFiles, compute: Callable[[StopRequest], None], *, result: Path, log: Path) -> None:
    """Write the declared outputs of a run, computing it first if the ledger does not have it.

    Args:
        files: where it stands in the ledger.
        compute: brings it to its result; receives the request to stop.
        result, log: where to publish.

    Raises:
        Interrupted: heat or a signal; the same call goes on where this one stopped.
    """
    stop = StopRequest()
    with (
        stop.on_signals(),
        lock_after_waiting(files.lock_path, on_wait=_log_wait, should_stop=stop.is_set) as held,
    ):
        if not held:
            raise Interrupted(f"{stop.reason} while waiting for another process to finish {files.name}")
        if files.result() is None:
            compute(stop)
        else:
            files.append_event({"event": "republish"})
        files.publish(result=result, log=log)


def _log_wait(holder: str) -> None:
    logger.warning(
        "this is being trained by %s, left over from a run that was killed; waiting for it to finish. "
        "To have it checkpoint and stop instead, end that process with `kill`.",
        holder,
    )
