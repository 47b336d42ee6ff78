"""Find the holder of a lock without taking the lock.

Taking a lock to test it would briefly refuse it to a trial. Instead the file that names the holder is read,
and the process it names is checked.
"""

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil

from simmer.base.files import read_json

# A lock has whole seconds, and a process's start is counted from boot: they may differ by this much.
_CLOCK_SLACK_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Holder:
    """The process named in a lock file.

    Attributes:
        pid: process number on `host`.
        host: network name of its machine.
        command: the command typed, or the script that runs.
        since_s: when it took the lock, in seconds since 1970.
        alive: True if it still runs and so holds the lock; None if it is on another machine.
    """

    pid: int
    host: str
    command: str
    since_s: float
    alive: bool | None


@dataclass(frozen=True)
class RunningProcess:
    """A process that exists now.

    Attributes:
        started_s: start time in seconds since 1970, by the present clock.
        words: its command line.
    """

    started_s: float
    words: tuple[str, ...]


def running_process(pid: int) -> RunningProcess | None:
    """Return the process with this number, or None if there is none."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return RunningProcess(process.create_time(), tuple(process.cmdline()))
    except (psutil.Error, ValueError):
        return None


def holder_at(
    path: Path, *, find: Callable[[int], RunningProcess | None] = running_process, host: str | None = None
) -> Holder | None:
    """Return the process named in the lock file `path`, or None if there is none.

    Process numbers are reused, especially after a power failure: a process that started after the lock was
    taken and has another command is not the holder. A lock file that was copied to another folder has no
    live holder.
    """
    try:
        held = read_json(path)
        pid, holder_host, folder = int(held["pid"]), str(held["host"]), Path(held["folder"])
        since_s, command = datetime.fromisoformat(held["since"]).timestamp(), str(held["command"])
    except (OSError, ValueError, LookupError, TypeError):
        return None
    alive: bool | None = None
    if holder_host == (host or os.uname().nodename):
        found = find(pid)
        alive = found is not None and _is_same(found, since_s, command) and _lies_in(path, folder)
    return Holder(pid=pid, host=holder_host, command=command, since_s=since_s, alive=alive)


def _is_same(found: RunningProcess, since_s: float, command: str) -> bool:
    # Start times are counted from boot: a clock that was set forward moves them past the time of the lock.
    if found.started_s <= since_s + _CLOCK_SLACK_S:
        return True
    return bool(command) and shlex.join(found.words).endswith(command)


def _lies_in(path: Path, folder: Path) -> bool:
    try:
        return any(parent.samefile(folder) for parent in path.absolute().parents)
    except OSError:
        return False
