"""Run a command under private mounts: simulated hardware and programs at the real absolute paths."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

_START = """set -eu
if [ "$(readlink /proc/self/ns/mnt)" = '{host}' ]; then
    echo 'the mount namespace is the one of the host: nothing is mounted' >&2
    exit 97
fi
mount --make-rprivate /
{setup}
exec "$@"
"""


def private_mounts(setup: str) -> list[str]:
    """Return the beginning of a command line that runs the rest of it under private mounts.

    `[*private_mounts("mount -t tmpfs tmpfs /sys/class"), "ls", "/sys/class"]` lists an empty folder. The
    mounts exist for that command and its children only, and end with them.

    Args:
        setup: lines for bash, run inside the namespace; the first failure ends the command with its status.
    """
    host = Path("/proc/self/ns/mnt").readlink()
    # A user without privileges becomes root of a user namespace, where mounting is allowed.
    options = ["-m"] if os.geteuid() == 0 else ["-r", "-m"]
    script = _START.format(host=host, setup=setup)
    return ["unshare", *options, "--", "/bin/bash", "-c", script, "private_mounts"]


def overlay(folder: str, scratch: Path) -> str:
    """Return setup lines that cover `folder` with a writable copy.

    Args:
        folder: what to cover, e.g. `/usr/bin`.
        scratch: an empty folder outside `folder`; what is written stays in memory, below a mount on it.
    """
    return f"""mount -t tmpfs -o mode=755 tmpfs '{scratch}'
mkdir -m 755 '{scratch}/upper' '{scratch}/work'
mount -t overlay overlay -o 'lowerdir={folder},upperdir={scratch}/upper,workdir={scratch}/work' '{folder}'"""


@cache
def why_no_namespaces(setup: str = "mount -t tmpfs tmpfs /mnt") -> str | None:
    """Return why private mounts are impossible on this machine, or None; for skipping tests.

    Args:
        setup: the lines to try, as for `private_mounts`.
    """
    if sys.platform != "linux":
        return "private mounts need Linux"
    if missing := [name for name in ("unshare", "mount", "bash") if shutil.which(name) is None]:
        return f"private mounts need {' and '.join(missing)}"
    tried = subprocess.run([*private_mounts(setup), "true"], capture_output=True, text=True, check=False)
    if tried.returncode == 0:
        return None
    return f"private mounts are refused here: {tried.stderr.strip() or f'status {tried.returncode}'}"
