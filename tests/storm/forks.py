"""Start Snakemake as a user does, or faster: in a fork of this process, which has imported it."""

import contextlib
import logging
import os
import random
import sys
import time
import traceback
from collections.abc import Callable
from typing import NoReturn

import snakemake.cli

from support.campaign import Campaign, Run

TYPED_SHARE = 0.2


def start(campaign: Campaign, arguments: tuple[str, ...], chance: random.Random) -> Run:
    """Start Snakemake in a campaign, for a share of the cases as a user does."""
    if chance.random() < TYPED_SHARE:
        return campaign.start(*arguments)
    output = campaign.outputs / f"output_{len(campaign.runs) + 1}_{os.getpid()}.txt"
    output.touch()
    words = campaign.command(*arguments)[3:]  # without `python -m snakemake`
    pid = os.fork()
    if pid == 0:
        _become_snakemake(words, campaign, str(output))
    campaign.runs.append(Run(Fork(pid), output))
    return campaign.runs[-1]


def run(campaign: Campaign, arguments: tuple[str, ...], chance: random.Random) -> Run:
    """Run Snakemake to its end; see `start`."""
    started = start(campaign, arguments, chance)
    started.wait()
    return started


class Fork:
    """A forked process, with what `Run` uses of `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid, self.status = pid, None

    def poll(self) -> int | None:
        """Return the exit status, None while it runs."""
        if self.status is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = os.waitstatus_to_exitcode(status) if ended else None
        return self.status

    def wait(self, timeout_s: float) -> int:
        """Wait for the end and return the exit status."""
        end_s = time.monotonic() + timeout_s
        while self.poll() is None:
            if time.monotonic() > end_s:
                raise TimeoutError(f"process {self.pid} is still running after {timeout_s} s")
            time.sleep(0.02)
        return self.status


def _become_snakemake(words: list[str], campaign: Campaign, output: str) -> NoReturn:
    def main() -> None:
        os.setsid()
        os.chdir(campaign.folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for descriptor in (1, 2):
            os.dup2(os.open(output, os.O_WRONLY | os.O_APPEND), descriptor)
        sys.stdout, sys.stderr = (
            os.fdopen(descriptor, "w", buffering=1, closefd=False) for descriptor in (1, 2)
        )
        sys.argv = ["snakemake", *words]
        snakemake.cli.main(words)

    _exit_after(main)


def _exit_after(main: Callable[[], object]) -> NoReturn:
    """Run the program of a fork and end as it would; the handlers of the process it left must not run."""
    status = 1
    try:
        main()
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
        if isinstance(error.code, str):
            sys.stderr.write(f"{error.code}\n")
    except BaseException:  # noqa: BLE001 - as Python prints it
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            logging.shutdown()
            sys.stdout.flush()
        os._exit(status)
