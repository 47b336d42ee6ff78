"""Who holds a lock, found out without touching the lock.

Asking the kernel for a lock means to hold it for a moment, and a trial that wants it in that very moment
would be refused. So the file that names the holder is read, and the process it names is looked at.
"""

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil

from simmer.base.files import read_json

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


@dataclass(frozen=True)
class Living:
    """A process that works now.

    Attributes:
        born_s: when it was born, in seconds since 1970, by the clock of now.
        words: its command line.
    """

    born_s: float
    words: tuple[str, ...]


def living(pid: int) -> Living | None:
    """Return the process with this number, or None when none works."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return Living(process.create_time(), tuple(process.cmdline()))
    except (psutil.Error, ValueError):
        return None


def holder_at(
    path: Path, *, look: Callable[[int], Living | None] = living, host: str | None = None
) -> Holder | None:
    """Return the process that the lock at `path` names, or None when nobody ever took it or it names none.

    A number is given to another process once its own is gone, after a power cut above all: one that was born
    after the lock was taken and does something else is such another one. And a lock that was copied to
    another folder than its holder's is held by nobody.
    """
    try:
        told = read_json(path)
        pid, holder_host, folder = int(told["pid"]), str(told["host"]), Path(told["folder"])
        since_s, command = datetime.fromisoformat(told["since"]).timestamp(), str(told["command"])
    except (OSError, ValueError, LookupError, TypeError):
        return None
    alive: bool | None = None
    if holder_host == (host or os.uname().nodename):
        found = look(pid)
        alive = found is not None and _is_same(found, since_s, command) and _lies_in(path, folder)
    return Holder(pid=pid, host=holder_host, command=command, since_s=since_s, alive=alive)


def _is_same(found: Living, since_s: float, command: str) -> bool:
    # Births are counted from the boot, so a clock that was set forward moves them past the lock's own time.
    if found.born_s <= since_s + _CLOCK_SLACK_S:
        return True
    return bool(command) and shlex.join(found.words).endswith(command)


def _lies_in(path: Path, folder: Path) -> bool:
    try:
        return any(parent.samefile(folder) for parent in path.absolute().parents)
    except OSError:
        return False
