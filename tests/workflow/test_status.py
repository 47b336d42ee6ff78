"""The status screen of a real campaign that runs, is killed, and stops because of heat."""

import signal
import time

import pytest

from simmer.status.campaign import read_campaign
from simmer.status.configuration import FoundConfig
from simmer.status.headline import headline
from simmer.status.trial_files import read_trial
from support.campaign import DONE, wait_until
from support.configs import default_config

pytestmark = pytest.mark.long

BEGIN = "the command"


def seen(campaign, now_s):
    return read_campaign(
        FoundConfig(config=default_config(campaign.config)), campaign.folder / "results", now_s=now_s
    )


def state(campaign):
    return headline(seen(campaign, time.time()), begin=BEGIN).state


@pytest.fixture
def running(prepared, campaign_from):
    campaign = campaign_from(prepared)
    campaign.run_now = campaign.start(DONE)
    wait_until(lambda: campaign.in_epoch(0, 2), "the second epoch")
    return campaign


def test_a_campaign_from_its_first_trial_to_its_end(running):
    campaign = running
    assert state(campaign).startswith("RUNNING for ")
    ((study, work),) = seen(campaign, 0.0).working
    assert (study.place.name, work.trial.name) == ("debug/h1", "trial_000")
    assert work.holder.pid == campaign.trainer_pid(0)

    campaign.run_now.process.send_signal(signal.SIGKILL)
    campaign.run_now.process.wait()
    assert "ITS RUN WAS KILLED" in state(campaign)

    campaign.kill_everything()
    assert state(campaign).startswith("STOPPED ")

    campaign.heat_to(97)
    campaign.run(DONE)
    assert "found 97.0 °C" in state(campaign), "the message of the job is missing"

    campaign.heat_to(45)
    campaign.run(DONE).succeeded()
    assert state(campaign).startswith("FINISHED ")


def test_the_screen_agrees_with_the_published_table(finished):
    (study,) = seen(finished, 0.0).studies
    rows = finished.table()
    losses = [float(row["validation_log_loss"]) for row in rows if row["validation_log_loss"]]
    assert len(study.finished) == len(rows) == 3
    assert study.best.loss == min(losses)
    for row in rows:
        trial = read_trial(finished.trial(int(row["trial"])), int(row["trial"]))
        assert (trial.state, trial.epochs) == (row["state"], int(row["epochs"]))
