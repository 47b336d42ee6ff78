"""Who holds a lock, found out without touching the lock.

Asking the kernel for a lock means to hold it for a moment, and a trial that wants it in that very moment
would be refused. So the file that names the holder is read, and the process it names is looked at.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil

from simmer.files import read_json

# A lock tells whole seconds, and a process's birth is counted from the boot: they may disagree by so much.
_CLOCK_SLACK_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Holder:
    """The process that a lock's file names.

    Attributes:
        pid: its number on `host`.
        host: network name of its machine.
        command: what was typed, or the script that runs.
        since_s: when it took the lock, in seconds since 1970.
        alive: whether it still lives, and so holds the lock; None where it is another machine's.
    """

    pid: int
    host: str
    command: str
    since_s: float
    alive: bool | None


def born_s(pid: int) -> float | None:
    """Return when a process was born, in seconds since 1970, or None when no such process works."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except (psutil.Error, ValueError):
        return None


def holder_at(
    path: Path, *, birth: Callable[[int], float | None] = born_s, host: str | None = None
) -> Holder | None:
    """Return the process that the lock at `path` names, or None when nobody ever took it or it names none.

    A number is given to another process once its own is gone, after a power cut above all: a process that
    was born after the lock was taken is such another one. And a lock that was copied to another folder than
    its holder's is held by nobody.
    """
    try:
        told = read_json(path)
        pid, holder_host, folder = int(told["pid"]), str(told["host"]), Path(told["folder"])
        since_s, command = datetime.fromisoformat(told["since"]).timestamp(), str(told["command"])
    except (OSError, ValueError, LookupError, TypeError):
        return None
    alive: bool | None = None
    if holder_host == (host or os.uname().nodename):
        birth_s = birth(pid)
        alive = birth_s is not None and birth_s <= since_s + _CLOCK_SLACK_S and _lies_in(path, folder)
    return Holder(pid=pid, host=holder_host, command=command, since_s=since_s, alive=alive)


def _lies_in(path: Path, folder: Path) -> bool:
    try:
        return any(parent.samefile(folder) for parent in path.absolute().parents)
    except OSError:
        return False
