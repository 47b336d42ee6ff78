"""Locks made of files alone, for file systems without flock(2).

Each holder creates the next of a sequence of numbered files, which only one process can do, and the file with
the highest number says who holds the lock. Only a holder removes files, those below its own. So a process
that read the folder long ago and creates a lower number finds the higher one and gives up. To rename or
delete the file of a dead holder would not be safe: another process may have replaced it a moment before.
"""

import atexit
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from simmer.base.errors import BusyError, LedgerError
from simmer.base.files import read_json, write_json
from simmer.base.processes import describe_this_process, name_of, start_of

# A claim is empty for a moment after its creation.
_READ_TRIES, _RETRY_S = 20, 0.05


class Claim:
    """A lock that this process holds through a file; released by `close`, and when the process ends."""

    def __init__(self, path: Path) -> None:
        self.path, self.pid = path, os.getpid()
        atexit.register(self.close)

    def close(self) -> None:
        """Release the lock; in a fork of the holder, do nothing."""
        atexit.unregister(self.close)
        if os.getpid() == self.pid and self.path.exists():
            with suppress(LedgerError):  # others then find a holder that has ended
                write_json(self.path, {})


def claim(lock: Path) -> Claim | None:
    """Take the lock at the path `lock`, or return None if another process of this machine holds it.

    The lock of a process that has ended is taken over.

    Raises:
        BusyError: if the holder is on another machine, or its claim cannot be read.
        OSError: if no claim can be written.
    """
    folder = _folder(lock)
    folder.mkdir(parents=True, exist_ok=True)
    newest = _newest(folder)
    if _is_held(lock, newest):
        return None
    own = folder / str(newest + 1)
    try:
        with own.open("x", encoding="utf-8") as file:
            json.dump(describe_this_process(), file)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        return None
    except BaseException:
        own.unlink(missing_ok=True)
        raise
    if _newest(folder) > newest + 1:
        own.unlink(missing_ok=True)
        return None
    for number in _numbers(folder):
        if number <= newest:
            (folder / str(number)).unlink(missing_ok=True)
    return Claim(own)


def is_claimed(lock: Path) -> bool:
    """Return True if a process of this machine holds the lock at the path `lock` through a claim.

    Raises:
        BusyError: if the holder is on another machine, or its claim cannot be read.
    """
    return _is_held(lock, _newest(_folder(lock)))


def _is_held(lock: Path, number: int) -> bool:
    if number == 0:
        return False
    holder = _read(lock, number)
    if not holder:
        return holder is None
    if holder["host"] != os.uname().nodename:
        raise BusyError(
            f"found {lock} in use by {name_of(holder)}; expected a holder on this machine, because this disk "
            "has no flock to show if it still runs: wait until it has ended, then delete the folder "
            f"{_folder(lock)} and run the same command again"
        )
    started = start_of(holder["pid"])
    return started is not None and started == holder["start"]


def _read(lock: Path, number: int) -> Mapping[str, Any] | None:
    """Return the holder in a claim; an empty mapping if it was released, None if it was replaced."""
    path = _folder(lock) / str(number)
    for _ in range(_READ_TRIES):
        try:
            found = read_json(path)
        except FileNotFoundError:
            return None
        except ValueError:
            found = None
        if isinstance(found, dict) and (not found or found.keys() >= describe_this_process().keys()):
            return found
        time.sleep(_RETRY_S)
    raise BusyError(
        f"found a damaged file {path}, expected it to name the process that uses {lock}: if no run is under "
        f"way, delete the folder {path.parent} and run the same command again"
    )


def _folder(lock: Path) -> Path:
    return lock.with_name(f"{lock.name}.claims")


def _numbers(folder: Path) -> list[int]:
    with suppress(FileNotFoundError, NotADirectoryError):
        return [int(path.name) for path in folder.iterdir() if path.name.isdecimal()]
    return []


def _newest(folder: Path) -> int:
    return max(_numbers(folder), default=0)
