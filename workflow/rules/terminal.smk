"""The terminal of a run: one line per job, errors with the path of the log. This file has no rules.

The setting `quiet` of a profile would also shorten dry runs and .snakemake/log, hides errors together with
the jobs, and `--verbose` does not lift it; a logger plugin must be an installed package. So the handler that
writes to the terminal is wrapped when the workflow is read. The log file and `--verbose` stay as Snakemake makes them,
dry runs and a `--quiet` of the user's own nearly so.
"""

import logging
import os
import re
import time
from pathlib import Path

from snakemake.logging import logger as snakemake_logger

from simmer.base.errors import EXIT_FAILURE, EXIT_RESUMABLE
from simmer.base.logs import QUIET_TERMINAL
from simmer.base.words import count
from simmer.ledger.address import JOB_LOGS, RESULTS, shown_warnings_in

HIDDEN_EVENTS = {"WORKFLOW_STARTED", "RESOURCES_INFO", "JOB_STARTED", "JOB_FINISHED", "PROGRESS"}
# Unknown messages of another Snakemake are shown, so that nothing is lost.
HIDDEN_INFO = (
    "Adding ",
    "Assuming unrestricted shared filesystem usage",
    "Building DAG of jobs",
    "Conda environments: ignored",
    "Config file ",
    "Creating report",
    "Elapsed time: ",
    "Loading script code for rule ",
    "Removing output files of failed job",
    "Report created",
    "Select jobs to execute",
    "Terminating processes on user request",
    "Will exit after finishing currently running jobs",
    "Shutting down",
    "Using shell: ",
)
# The job has said why it ended; any other exit status was not its own choice, so that error is shown.
JOB_ENDED = re.compile(
    rf"CalledProcessError in file .*returned non-zero exit status ({EXIT_FAILURE}|{EXIT_RESUMABLE})\.",
    re.DOTALL,
)
JOB_KILLED = re.compile(r"CalledProcessError in file .*died with <Signals\.(\w+): \d+>", re.DOTALL)
KILLED = {
    "SIGKILL": "killed by another program or, for lack of memory, by the system",
}
AFTER_A_FAILED_JOB = ("Exiting because a job execution failed", "WorkflowError:\nAt least one job did not")
RESTART = re.compile(r"Trying to restart job (\d+)\.")


# Snakemake's own advice, which would hide a change of the configuration.
ADVICE = ("Some jobs were triggered by provenance information", "Rules with provenance triggered jobs: ")


class DryRunFilter(logging.Filter):
    """Hides advice that does not apply here, and says which runs are only published again."""

    def filter(self, record):
        """Return False for a record to hide."""
        if str(record.msg).startswith(ADVICE):
            return False
        if getattr(record, "rule_msg", None):
            record.rule_msg = message_of(record)
        return True


def message_of(record):
    """Return the message of a job; a run that the ledger has is not trained, but published."""
    said = record.rule_msg or record.rule_name
    return said.replace("Train ", "Publish ", 1) if is_computed(getattr(record, "output", [])) else said


def was_stopped(end):
    """Return True if a job ended by a signal with which people and systems stop programs."""
    return end is not None and any(f"({name})" in end for name in ("SIGINT", "SIGTERM", "SIGHUP"))


class QuietTerminal(logging.Handler):
    """Hands the records that people want to the terminal, shortened to a line where that suffices."""

    def __init__(self, terminal, clock=lambda: time.strftime("%H:%M")):
        super().__init__(terminal.level)
        self.terminal, self.clock = terminal, clock
        self.jobs, self.total, self.ends, self.failed = {}, None, [], False

    def emit(self, record):
        """Show the record, or what `line` makes of it."""
        text = self.line(record)
        if text is None:
            self.terminal.handle(record)
        elif text:
            self.terminal.handle(
                logging.makeLogRecord({"levelno": record.levelno, "levelname": record.levelname, "msg": text})
            )

    def line(self, record):
        """Return the line to show for a record, "" for none, None for the record as it is."""
        event, said = getattr(getattr(record, "event", None), "name", None), str(record.msg)
        if event == "RUN_INFO" and hasattr(record, "stats"):
            self.total = record.stats["total"]
            return f"{count(self.total, 'job')} to run; logs: {(RESULTS / JOB_LOGS).absolute()}"
        if event == "JOB_INFO":
            return self.started(record)
        if event == "JOB_ERROR":
            return self.ended(record)
        if found := JOB_ENDED.search(said):
            self.ends.append(f"exit status {found[1]}")
            return ""
        if found := JOB_KILLED.search(said):
            self.ends.append(
                f"{KILLED.get(found[1], 'ended by a signal')} ({found[1]}); the same command resumes"
            )
            return ""
        if found := RESTART.fullmatch(said):
            return f"Trying again: {self.name(int(found[1]))}"
        hidden = (
            event in HIDDEN_EVENTS
            or (record.levelno == logging.INFO and said.startswith(HIDDEN_INFO))
            or (self.failed and said.startswith(AFTER_A_FAILED_JOB))
        )
        return "" if hidden else None

    def started(self, record):
        """Return the line of a job that starts: the time, its number of all jobs, its message."""
        self.jobs.setdefault(record.jobid, (len(self.jobs) + 1, message_of(record)))
        number, name = self.jobs[record.jobid]
        return f"{self.clock()} [{number}/{self.total or '?'}] {name}"

    def ended(self, record):
        """Return the line of a job that failed or stopped: its message, exit status and log."""
        self.failed = True
        end = self.ends.pop(0) if self.ends else None
        verb = "Stopped" if end == f"exit status {EXIT_RESUMABLE}" or was_stopped(end) else "Failed"
        shown = "" if end is None else f" ({end})"
        logs = ", ".join(str(Path(log).absolute()) for log in record.log) or "none"
        return f"{verb}: {self.name(record.jobid)}{shown}. Log: {logs}"

    def name(self, jobid):
        """Return the message of a job that was started."""
        return self.jobs[jobid][1] if jobid in self.jobs else f"job {jobid}"


def quieten_terminal():
    """Shorten what a run prints, and have its jobs print each warning once per campaign."""
    settings = workflow.output_settings
    if workflow.exec_mode.name != "DEFAULT":
        return
    if settings.verbose:
        os.environ.pop(QUIET_TERMINAL, None)
        return
    os.environ[QUIET_TERMINAL] = str(shown_warnings_in(RESULTS))
    for handler in list(snakemake_logger.handlers):
        if handler.name != "DefaultStreamHandler":
            continue
        if settings.dryrun or settings.quiet or settings.debug_dag:
            handler.addFilter(DryRunFilter())
        else:
            snakemake_logger.removeHandler(handler)
            snakemake_logger.addHandler(QuietTerminal(handler))
