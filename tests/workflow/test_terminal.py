"""Terminal output of a run: by default, with --verbose, and after a failed job."""

import logging
import re
import runpy
from pathlib import Path

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from support.campaign import FINISHED
from support.configs import ROOT

# The file is part of the Snakefile, where other files define the rest.
CODE = runpy.run_path(
    str(ROOT / "workflow/rules/terminal.smk"), init_globals={"is_computed": lambda outputs: "kept" in outputs}
)
NOISE = (
    "Reason: ",
    "Select jobs",
    "Execute 1 jobs",
    "Finished jobid",
    "Config file ",
    "SNAKEMAKE",
    "Using shell",
)
EPOCH = r"debug/h1 trial_00\d \| epoch \d/5 \| train \S+ \| validation \S+ \(base rate \S+\) \| .* to go"
TIMELINE = "results/figures/hardware_debug_h1.svg"


# ---- single records --------------------------------------------------------------------------


class Shown(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


@pytest.fixture
def terminal():
    shown = Shown()
    quiet = CODE["QuietTerminal"](shown, clock=lambda: "07:42")
    quiet.lines = shown.lines
    return quiet


def send(terminal, text, level=logging.INFO, **fields):
    terminal.handle(logging.makeLogRecord({"msg": text, "levelno": level, **fields}))


def start(terminal, jobid, message, output=()):
    send(
        terminal,
        "",
        event=LogEvent.JOB_INFO,
        jobid=jobid,
        output=output,
        rule_msg=message,
        rule_name="hpo_2M",
        reason="x" * 999,
    )


def end(terminal, jobid, status):
    text = (
        "RuleException:\nCalledProcessError in file 'hpo.smk', line 48:\nCommand 'python' returned non-zero "
    )
    send(terminal, f"{text}exit status {status}.", logging.ERROR, event=LogEvent.ERROR)
    log = ["results/logs/a.log"]
    send(terminal, "Error in rule", logging.ERROR, event=LogEvent.JOB_ERROR, jobid=jobid, log=log)


def test_a_job_is_one_line_with_its_number_of_all_jobs(terminal):
    send(terminal, "Job stats:", event=LogEvent.RUN_INFO, stats={"hpo_2M": 2, "total": 2})
    start(terminal, 14, "Train 2M/h3 trial 000")
    send(terminal, "Finished jobid: 14", event=LogEvent.JOB_FINISHED)
    send(terminal, "Trying to restart job 14.")
    start(terminal, 14, "Train 2M/h3 trial 000")
    start(terminal, 15, None)
    assert terminal.lines == [
        f"2 jobs to run; logs: {Path.cwd()}/results/logs",
        "07:42 [1/2] Train 2M/h3 trial 000",
        "Trying again: Train 2M/h3 trial 000",
        "07:42 [1/2] Train 2M/h3 trial 000",
        "07:42 [2/2] hpo_2M",
    ]


def test_a_run_that_the_ledger_has_is_published_not_trained(terminal):
    start(terminal, 14, "Train 2M/h3 trial 000", output=["kept"])
    assert terminal.lines == ["07:42 [1/?] Publish 2M/h3 trial 000"]


@pytest.mark.parametrize(("status", "verb"), [(75, "Stopped"), (1, "Failed")])
def test_a_job_that_logged_its_error_is_one_line_with_its_log(terminal, status, verb):
    start(terminal, 14, "Train 2M/h3 trial 000")
    end(terminal, 14, status)
    send(terminal, "WorkflowError:\nAt least one job did not complete successfully.", logging.ERROR)
    line = f"{verb}: Train 2M/h3 trial 000 (exit status {status}). Log: {Path.cwd()}/results/logs/a.log"
    assert terminal.lines[1:] == [line]


def test_a_job_that_was_killed_keeps_the_error_of_the_engine(terminal):
    start(terminal, 14, "Train 2M/h3 trial 000")
    end(terminal, 14, 137)
    assert "exit status 137" in terminal.lines[1]
    assert terminal.lines[2] == f"Failed: Train 2M/h3 trial 000. Log: {Path.cwd()}/results/logs/a.log"


@pytest.mark.parametrize(
    ("signal", "said"),
    [
        ("SIGKILL: 9", "killed by another program or, for lack of memory, by the system (SIGKILL)"),
        ("SIGTERM: 15", "ended by a signal (SIGTERM)"),
        ("SIGSEGV: 11", "ended by a signal (SIGSEGV)"),
    ],
)
def test_a_job_that_a_signal_ended_is_one_line(terminal, signal, said):
    start(terminal, 14, "Train 2M/h3 trial 000")
    text = "RuleException:\nCalledProcessError in file 'a.smk', line 48:\nCommand 'python' died with "
    send(terminal, f"{text}<Signals.{signal}>.", logging.ERROR, event=LogEvent.ERROR)
    send(terminal, "Error in rule", logging.ERROR, event=LogEvent.JOB_ERROR, jobid=14, log=["a.log"])
    assert len(terminal.lines) == 2
    assert f"({said}; the same command resumes)" in terminal.lines[1]
    assert terminal.lines[1].startswith("Stopped" if "SIGTERM" in said else "Failed")


def test_unknown_messages_are_shown(terminal):
    send(terminal, "Nothing to be done (all requested files are present and up to date).")
    send(terminal, "Select jobs to execute...")
    send(terminal, "MissingOutputException", logging.ERROR)
    assert [line[:7] for line in terminal.lines] == ["Nothing", "Missing"]


# ---- a real run ------------------------------------------------------------------------------


def test_a_run_shows_only_jobs_epochs_and_progress(finished):
    lines = finished.printed.splitlines()
    assert not [line for line in lines if any(noise in line for noise in NOISE) or "{'event'" in line]
    assert sum(bool(re.fullmatch(EPOCH, line)) for line in lines) >= 3
    jobs = [line for line in lines if re.match(r"\d\d:\d\d \[\d/\d\] ", line)]
    assert jobs[0].endswith("] Train debug/h1 trial 000")
    assert jobs[-1].endswith("] Write the tables of debug")
    [first, *_, last] = [line for line in lines if " trials done" in line]
    assert re.fullmatch(
        r"debug/h1: 1 of 3 trials done.*, best 0\.\d+ \(base rate 0\.\d+\); about .* left in this study",
        first,
    )
    assert last.startswith("debug/h1: 3 of 3 trials done")
    assert "left" not in last
    assert re.fullmatch(r"Complete log\(s\): /.*\.snakemake\.log", lines[-1])
    assert "Reason: Missing output files" in Path(lines[-1].removeprefix("Complete log(s): ")).read_text()


def test_every_warning_of_the_preflight_is_in_its_log(prepared):
    shown = {path.read_text().strip() for path in (prepared.folder / "results/logs/warnings").iterdir()}
    logged = (prepared.folder / "results/logs/preflight/debug.log").read_text()
    warned = re.findall(r"WARNING simmer.base.checks: (.*)", logged)
    assert set(warned) <= shown
    assert all(line in prepared.printed.splitlines() for line in warned)


def test_verbose_shows_all_messages_of_snakemake(finished, campaign_from):
    run = (
        campaign_from(finished)
        .run("--verbose", "--forcerun", "hardware_timeline", "--", TIMELINE)
        .succeeded()
    )
    for text in ("Reason: Forced execution", "Select jobs to execute", "Finished jobid", "Job stats:"):
        assert text in run.text
    assert FINISHED not in run.text
