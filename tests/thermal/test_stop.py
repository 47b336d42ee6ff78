"""Signals that stop a job, and the campaign behind it."""

import os
import signal
import subprocess
import sys

import pytest

from simmer.thermal import stop as stop_module
from simmer.thermal.stop import CAMPAIGN_PROCESS, STOP_SIGNALS, StopRequest


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_requests_a_stop_with_its_name(monkeypatch, number):
    monkeypatch.delenv(CAMPAIGN_PROCESS, raising=False)
    before = signal.getsignal(number)
    with StopRequest().on_signals() as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        assert stop.wait(60)
        assert stop.reason == f"signal {number.name}"
    assert signal.getsignal(number) == before


def test_a_signal_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopRequest().on_signals() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop.is_set()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


CAMPAIGN = """
import os, signal, subprocess, sys
stopped = []
signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
os.environ["SIMMER_CAMPAIGN_PROCESS"] = sys.argv[1] if len(sys.argv) > 1 else str(os.getpid())
job = "from simmer.thermal.stop import stop_campaign; stop_campaign()"
subprocess.run([sys.executable, "-c", job], check=True)
sys.exit(3 if stopped else 0)
"""


def status_of_campaign(*process):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", CAMPAIGN, *process]
    return subprocess.run(command, env=environment, check=False).returncode


def test_a_job_stops_the_process_that_started_it():
    assert status_of_campaign() == 3


@pytest.mark.parametrize("process", ["4000000", "no number", ""])
def test_a_wrong_process_number_stops_nothing(process):
    assert status_of_campaign(process) == 0


def test_a_process_that_did_not_start_the_job_is_not_stopped():
    with subprocess.Popen(["sleep", "600"]) as other:
        try:
            assert status_of_campaign(str(other.pid)) == 0
            assert other.poll() is None
        finally:
            other.kill()


def test_a_campaign_that_has_just_ended_does_not_lose_the_stop(monkeypatch):
    def gone():
        raise ProcessLookupError

    monkeypatch.setattr(stop_module, "stop_campaign", gone)
    with StopRequest().on_signals() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(60)
    assert stop.reason == "signal SIGTERM"
