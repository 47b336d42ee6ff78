"""File locks that end with their process and name their holder."""

import fcntl
import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from simmer.base.errors import BusyError
from simmer.base.files import user_facing_os_errors
from simmer.base.text import plain

POLL_S = 0.5


def describe_this_process() -> dict[str, Any]:
    """Return what a lock file says about its holder."""
    return {
        "pid": os.getpid(),
        "host": os.uname().nodename,
        "command": shlex.join(sys.argv),
        "folder": str(Path.cwd()),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def try_lock(path: Path) -> IO[str] | None:
    """Take the lock at `path` and return the open file that holds it, or None if another process holds it.

    The lock is flock(2) on an open file: the kernel releases it when the process ends, also after SIGKILL.
    """
    with user_facing_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        file.seek(0)
        file.truncate()
        json.dump(describe_this_process(), file)
        file.flush()
        return file


def holder_of(path: Path) -> str:
    """Describe the process that holds the lock at `path`: "another process" if its file is unreadable."""
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        return plain(
            f"process {holder['pid']} on {holder['host']} (`{holder['command']}`, since {holder['since']})"
        )
    except (OSError, ValueError, KeyError):
        return "another process"


def lock_or_refuse(path: Path, *, what: str) -> IO[str]:
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
