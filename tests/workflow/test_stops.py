"""A stop reaches every running trial, however it is sent and to whomever."""

import fcntl
import os
import pty
import signal
import subprocess
import termios
import time

import pytest

from support.campaign import DONE, Run, wait_until

# Long epochs, so that a trial that no stop reaches would still be running when a test gives up.
LONG = {"scales": {"debug": {"epochs_max": 400}}, "training": {"patience_epochs": 400}}
SIDE_BY_SIDE = {"search": {"parallel_trials": 2}}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


def trainers(campaign, count):
    """Return the process ids of the trainers, once this many are in their second epoch."""
    numbers = range(count)
    wait_until(lambda: all(campaign.in_epoch(number, 2) for number in numbers), f"{count} trials in training")
    return [campaign.trainer_pid(number) for number in numbers]


def require_stopped(campaign, run, count):
    """Wait for the end of a run, and fail unless all its trials wrote a checkpoint and ended."""
    assert run.wait() != 0, run.text
    wait_until(lambda: not campaign.processes(), "all processes to end")
    for number in range(count):
        assert campaign.checkpoint_step(number) > 0
    assert not list((campaign.folder / "results/hpo").rglob("trial_*.json")), "a trial ran to its end"
    assert set(campaign.starts().values()) == {1}
    assert "Traceback" not in run.text


@pytest.mark.long
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_to_snakemake_alone_stops_the_trial(prepared, campaign_from, number):
    campaign = campaign_from(prepared, LONG)
    run = campaign.start(DONE)
    trainers(campaign, 1)
    os.kill(run.pid, number)
    require_stopped(campaign, run, 1)
    assert "stopped after a checkpoint" in run.text


@pytest.mark.long
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_to_one_of_two_trainers_stops_both_and_snakemake(prepared, campaign_from, number):
    campaign = campaign_from(prepared, LONG, SIDE_BY_SIDE, {"thermal": {"auto_resume": 3}})
    run = campaign.start(DONE, "--cores", "2")
    os.kill(trainers(campaign, 2)[1], number)
    require_stopped(campaign, run, 2)


@pytest.mark.long
def test_a_signal_to_snakemake_alone_stops_two_trials_side_by_side(prepared, campaign_from):
    campaign = campaign_from(prepared, LONG, SIDE_BY_SIDE)
    run = campaign.start(DONE, "--cores", "2")
    trainers(campaign, 2)
    os.kill(run.pid, signal.SIGTERM)
    require_stopped(campaign, run, 2)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_second_signal_changes_nothing(prepared, campaign_from, number):
    campaign = campaign_from(prepared, LONG)
    run = campaign.start(DONE)
    trainers(campaign, 1)
    run.signal_group(number)
    time.sleep(0.15)
    run.signal_group(number)
    require_stopped(campaign, run, 1)


@pytest.mark.long
def test_a_lost_terminal_stops_the_trial(prepared, campaign_from):
    campaign = campaign_from(prepared, LONG)
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        campaign.command(DONE),
        cwd=campaign.folder,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(terminal)
    campaign.runs.append(Run(process, campaign.folder / "output.txt"))
    (campaign.folder / "output.txt").write_text("")
    trainers(campaign, 1)
    os.close(master)  # the kernel sends SIGHUP to the foreground
    require_stopped(campaign, campaign.runs[-1], 1)


@pytest.mark.long
def test_nohup_ignores_a_lost_terminal(prepared, campaign_from):
    campaign = campaign_from(prepared)
    run = campaign.start(DONE, prefix=["nohup"])
    trainers(campaign, 1)
    run.signal_group(signal.SIGHUP)
    run.succeeded()
