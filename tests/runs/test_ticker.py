"""The campaign of one ticker, run as a job of another one; small programs take its place."""

import os
import signal
import sys
import threading
import time

import pytest

from simmer.base.errors import Interrupted, TickerError
from simmer.runs.ticker import run_ticker
from simmer.thermal.stop import CAMPAIGN_PROCESS

ECHO = "import sys; print(sys.argv[1:]); sys.exit({status})"
WAITS = """
import pathlib, signal, sys, time
def stop(number, frame):
    print("Stopped: a trial", flush=True)
    sys.exit(1)
signal.signal(signal.SIGTERM, stop)
pathlib.Path(sys.argv[sys.argv.index("--directory") + 1], "begun").touch()
time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv(CAMPAIGN_PROCESS, raising=False)
    return tmp_path / "SPY"


def program(text):
    return [sys.executable, "-c", text]


def test_it_runs_in_its_folder_with_its_configuration_and_shows_its_lines(folder, caplog):
    caplog.set_level("INFO")
    run_ticker(program(ECHO.format(status=0)), folder, cores=3, targets=["results/hpo_2M.done"])
    words = ["--directory", str(folder), "--configfile", str(folder / "config.yaml")]
    assert str([*words, "--cores", "3", "--", "results/hpo_2M.done"]) in caplog.text
    shown = [record for record in caplog.records if record.levelname == "PROGRESS"]
    assert [record.getMessage().startswith("SPY: [") for record in shown] == [True]


@pytest.mark.parametrize(
    ("printed", "error", "status"),
    [
        ("Failed: Validate", TickerError, 1),
        ("Stopped: Train 2M/h1 trial 3", Interrupted, 75),
        ("Stopped: Train a\\nFailed: Train b", TickerError, 1),
        ("", TickerError, 1),
    ],
)
def test_an_early_end_is_told_apart_by_what_the_run_printed(folder, printed, error, status):
    with pytest.raises(error, match="SPY") as found:
        run_ticker(program(f'print("{printed}"); raise SystemExit(1)'), folder, cores=1, targets=["x"])
    assert found.value.exit_code == status
    if error is TickerError and printed:
        assert printed.replace("\\n", "\n") in str(found.value)


@pytest.mark.parametrize(
    ("line", "expected"), [("Stopped: a", [signal.SIGTERM]), ("Failed: a", []), ("", [])]
)
def test_only_a_stop_stops_the_whole_campaign(folder, monkeypatch, line, expected):
    sent = []
    monkeypatch.setenv(CAMPAIGN_PROCESS, str(os.getppid()))
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append(number))
    with pytest.raises((TickerError, Interrupted)):
        run_ticker(program(f'print("{line}"); raise SystemExit(1)'), folder, cores=1, targets=["x"])
    assert sent == expected


def test_a_signal_reaches_the_run_and_is_waited_for(folder):
    folder.mkdir()

    def send():
        while not (folder / "begun").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=send, daemon=True).start()
    with pytest.raises(Interrupted, match="the same command resumes"):
        run_ticker(program(WAITS), folder, cores=1, targets=["x"])
