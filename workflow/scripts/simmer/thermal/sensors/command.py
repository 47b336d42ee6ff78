"""Run a program that reports on the hardware, with limits on time and output and without any prompt."""

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress

_LONGEST_OUTPUT = 64 * 1024
_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}

Run = Callable[..., str | None]

# Children that exceeded their time and could not be killed, by command. Kept for the whole process, so that
# the same command is not started a second time.
_stuck: dict[tuple[str, ...], subprocess.Popen] = {}


def _kill_group(group: int) -> None:
    os.killpg(group, signal.SIGKILL)


def run_command(
    arguments: Sequence[str], *, timeout_s: float, kill: Callable[[int], None] = _kill_group
) -> str | None:
    """Return the output of a program, or None if it is absent, fails or takes longer than `timeout_s`.

    The program gets no terminal, so it cannot ask for a password. A child that runs as root cannot be killed:
    it is left running, and until it ends the same command returns None at once.

    Args:
        arguments: the first is an absolute path; a PATH look-up could run a planted program.
        timeout_s: time limit.
        kill: ends a process group by its number.
    """
    command = tuple(arguments)
    if command in _stuck and _stuck[command].poll() is None:
        return None
    _stuck.pop(command, None)
    try:
        process = subprocess.Popen(
            command,
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
        if not _ended(process, kill):
            _stuck[command] = process
        return None
    return output[:_LONGEST_OUTPUT].decode(errors="replace") if process.returncode == 0 else None


def _ended(process: subprocess.Popen, kill: Callable[[int], None]) -> bool:
    if process.stdout is not None:
        process.stdout.close()
    try:
        kill(process.pid)
    except ProcessLookupError:
        pass
    except OSError:
        # A child under sudo belongs to root: it cannot be killed, and waiting for it might never end.
        return process.poll() is not None
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=1.0)
    return process.returncode is not None
