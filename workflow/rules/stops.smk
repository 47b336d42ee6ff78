"""Stops: a signal that reaches Snakemake alone, or one trainer alone, stops the whole run. This file has no rules.

Without this, Snakemake would wait for running trials to end, which takes hours at large scales. systemd, docker stop,
timeout and batch systems send a signal to one process; a terminal sends it to all.
"""

import contextlib
import os
import signal
import threading
import time

import psutil

from snakemake.logging import logger as snakemake_logger

from simmer.thermal.stop import CAMPAIGN_PROCESS, STOP_SIGNALS

OUTER_POLL_S = 2
# A shell that waits for a job would end at once, and Snakemake would take the job for ended.
SHELLS = ("bash", "dash", "sh", "zsh")


def forward_stops():
    """Pass signals that stop Snakemake on to its jobs, and let jobs find this process."""
    if outer := os.environ.get(CAMPAIGN_PROCESS):
        threading.Thread(target=stop_without, args=[int(outer)], daemon=True).start()
    os.environ[CAMPAIGN_PROCESS] = str(os.getpid())
    for number in STOP_SIGNALS:
        before = signal.getsignal(number)
        if before is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, stop_all_then(before))


def stop_without(outer):
    """Stop this run, a job of a campaign over several tickers, once the process of that campaign is gone."""
    with contextlib.suppress(psutil.Error):  # one of these processes has just ended
        while outer in {parent.pid for parent in psutil.Process().parents()}:
            time.sleep(OUTER_POLL_S)
    os.kill(os.getpid(), signal.SIGTERM)


def stop_all_then(before):
    """Return a signal handler that stops all jobs and the scheduler, then does what Snakemake does on Ctrl-C."""

    def handle(number, frame):
        for process in psutil.Process().children(recursive=True):
            try:
                if process.name() not in SHELLS:
                    process.send_signal(number)
            except psutil.Error:
                pass  # it has just ended
        if "stopping" in workflow.globals:
            return  # a second Ctrl-C while the first one is handled
        workflow.globals["stopping"] = True
        # In a thread, because the code that this signal interrupted may hold the locks of scheduler and log.
        threading.Thread(target=stop_scheduler, args=[signal.Signals(number).name], daemon=True).start()
        if before is signal.default_int_handler:
            before(number, frame)

    return handle


def stop_scheduler(name):
    """Start no further job, and say so."""
    snakemake_logger.warning(f"{name}: running trials write a checkpoint, then the run ends")
    workflow.scheduler.exit_gracefully()
