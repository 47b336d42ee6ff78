"""File locks that end with their process and name their holder."""

import errno
import fcntl
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import IO

from simmer.base.claims import Claim, claim, is_claimed
from simmer.base.errors import BusyError
from simmer.base.files import user_facing_os_errors
from simmer.base.processes import describe_this_process, name_of

POLL_S = 0.5
_NO_FLOCK = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP)

logger = logging.getLogger(__name__)


class Lock(AbstractContextManager["Lock"]):
    """A lock that this process holds until `close`, the end of a `with`, or its own end.

    Args:
        file: the open lock file, which names the holder.
        claimed: what holds the lock on a file system without flock; None if flock on `file` does.
    """

    def __init__(self, file: IO[str], claimed: Claim | None) -> None:
        self._file, self._claimed, self._pid = file, claimed, os.getpid()

    def close(self, left: str = "") -> None:
        """Release the lock and leave a text in its file; in a fork of the holder, do nothing."""
        if os.getpid() != self._pid or self._file.closed:
            return
        self._file.truncate(0)  # this process may live on without the lock
        self._file.write(left)
        self._file.flush()
        if self._claimed is not None:
            self._claimed.close()
        self._file.close()

    def __exit__(self, *_: object) -> None:
        self.close()


def try_lock(path: Path) -> Lock | None:
    """Take the lock at `path`, or return None if another process holds it; its file then names the holder.

    The lock is flock(2) on an open file: the kernel releases it when the process ends, also after SIGKILL. On
    a file system without flock it is a claim.

    Raises:
        BusyError: if a claim is held from another machine, or cannot be read.
        LedgerError: if no lock can be written.
    """
    with user_facing_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
        held = None
        try:
            held = _lock(file, path)
            if held is not None:
                file.truncate(0)
                json.dump(describe_this_process(), file)
                file.flush()
        finally:
            if held is None:
                file.close()
        return held


def _lock(file: IO[str], path: Path) -> Lock | None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    except OSError as error:
        if error.errno not in _NO_FLOCK:
            raise
        _warn_of_claims(error.strerror)
        claimed = claim(path)
        return None if claimed is None else Lock(file, claimed)
    return None if is_claimed(path) else Lock(file, None)


@cache
def _warn_of_claims(cause: str) -> None:
    logger.warning(
        "found no file locks on this disk (flock: %s), so files that name their process replace them: runs "
        "on this machine exclude each other as usual, also after a crash or a power cut; the lock of a run "
        "that was killed on another machine must be deleted by hand, as the message will say",
        cause,
    )


def holder_of(path: Path) -> str:
    """Describe the process that holds the lock at `path`: "another process" if its file is unreadable."""
    try:
        return name_of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError):
        return "another process"


def lock_or_refuse(path: Path, *, what: str) -> Lock:
    """Take the lock at `path`.

    Raises:
        BusyError: naming the process that holds it.
    """
    held = try_lock(path)
    if held is None:
        raise BusyError(
            f"found {what} in use by {holder_of(path)}; expected no other run; wait until it has ended, or "
            "stop it and run the same command again"
        )
    return held


@contextmanager
def lock_after_waiting(
    path: Path,
    *,
    on_wait: Callable[[str], None],
    should_stop: Callable[[], bool],
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[bool]:
    """Hold the lock at `path`, waiting for it if necessary; yield False if `should_stop` ended the wait.

    `on_wait` is called once, with a description of the holder, if another process holds the lock.
    """
    held = try_lock(path)
    if held is None:
        on_wait(holder_of(path))
    while held is None and not should_stop():
        sleep(POLL_S)
        held = try_lock(path)
    try:
        yield held is not None
    finally:
        if held is not None:
            held.close()
