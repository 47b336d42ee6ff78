"""What a lock file says about its holder, and if that process still runs."""

import os
import shlex
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from simmer.base.text import plain


def describe_this_process() -> dict[str, Any]:
    """Return what a lock file says about its holder."""
    return {
        "pid": os.getpid(),
        "start": start_of(os.getpid()),
        "host": os.uname().nodename,
        "command": shlex.join(sys.argv),
        "folder": str(Path.cwd()),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def name_of(holder: Mapping[str, Any]) -> str:
    """Return the holder of a lock as text.

    Raises:
        KeyError: if it is described in another way than by `describe_this_process`.
    """
    return plain(
        f"process {holder['pid']} on {holder['host']} (`{holder['command']}`, since {holder['since']})"
    )


def start_of(pid: int) -> str | None:
    """Return a mark of a process's start, unique among processes with this number; None if it has ended.

    Process numbers are reused: in a container that is started again, the next run often has the same one.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        # Linux counts from boot. psutil adds the time of the boot, which moves when the clock is set.
        stat, boot = Path(f"/proc/{pid}/stat"), Path("/proc/sys/kernel/random/boot_id")
        if boot.exists():
            return f"{boot.read_text().strip()} {stat.read_text().rpartition(')')[2].split()[19]}"
        return str(process.create_time())
    except (psutil.Error, OSError, ValueError):
        return None
