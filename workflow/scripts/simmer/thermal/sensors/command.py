"""Running a program that tells about the hardware: bounded in time and output, never asking anything."""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress

_LONGEST_OUTPUT = 64 * 1024
_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}


def run_command(arguments: Sequence[str], *, timeout_s: float) -> str | None:
    """Return what a program printed, or None when it is absent, fails or takes longer than `timeout_s`.

    The first argument is an absolute path: a look-up in PATH would let a planted program run. The program
    gets no terminal, so that nothing can ask for a password.
    """
    try:
        process = subprocess.Popen(
            list(arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=_ENVIRONMENT,
        )
    except OSError:
        return None
    try:
        output, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        _end(process)
        return None
    return output[:_LONGEST_OUTPUT].decode(errors="replace") if process.returncode == 0 else None


def _end(process: subprocess.Popen) -> None:
    # A child under sudo belongs to root: killing it is refused, and waiting for it could take for ever.
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=1.0)
    if process.stdout is not None:
        process.stdout.close()
