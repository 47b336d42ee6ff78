"""Hardware logs of a campaign: one table of all samples, and a timeline per study."""

import re
import shutil

import pandas as pd
import pytest

from simmer.ledger.hardware_table import DTYPES
from support.campaign import DONE, FINISHED

pytestmark = pytest.mark.long

TABLE = "results/hardware.parquet"
FIGURE = "results/figures/hardware_debug_h1.svg"
# Samples of older logs lack some of these.
PLAIN = ("cpu_percent", "memory_percent", "temperature_c", "source", "state", "duty", "paused_s", "blind_s")


@pytest.fixture(scope="module")
def completed(finished, tmp_path_factory):
    """The finished campaign after a run without a target; `.ended` is that run."""
    campaign = finished.copy_to(tmp_path_factory.mktemp("completed") / "campaign")
    try:
        campaign.ended = campaign.run("all").succeeded()
    finally:
        campaign.kill_everything()
    return campaign


def samples(campaign):
    """Return every hardware sample of the published logs, with the number of its trial."""
    return [
        (number, event)
        for number in range(3)
        for event in campaign.published_log(number)
        if event["event"] == "hardware_sample"
    ]


def test_the_timeline_of_each_study_is_drawn_with_the_tables_of_its_scale(finished):
    figure = (finished.folder / FIGURE).read_text()
    assert figure.startswith("<?xml")
    title = re.search(r">(debug h1: [^<]+)<", figure)[1]
    assert re.fullmatch(r"debug h1: 3 trials, \d+ s running, 0 s without a reading, 0 aborts", title)
    assert f"{len(samples(finished))} hardware samples" in figure
    assert "hwmon:k10temp:Tdie" in figure
    assert "critical 95 °C" in figure


def test_the_tables_of_one_scale_do_not_include_the_hardware_table(finished):
    assert not (finished.folder / TABLE).exists()


def test_the_command_without_a_target_adds_the_table_and_trains_nothing(completed):
    started = re.findall(r"\[(\d)/2\] (.*)", completed.ended.text)
    assert started == [("1", "Gather the hardware samples of all trials"), ("2", FINISHED)]


def test_the_table_holds_the_samples_of_the_logs(completed):
    frame = pd.read_parquet(completed.folder / TABLE)
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == DTYPES
    logged = samples(completed)
    assert list(frame.trial) == [number for number, _ in logged]
    assert set(frame.scale) == {"debug"}
    assert set(frame.horizon_days) == {1}
    assert list(frame.time) == [pd.Timestamp(event["time"]) for _, event in logged]
    for name in PLAIN:
        assert list(frame[name]) == [event[name] for _, event in logged], name


def test_republished_logs_are_drawn_again_without_training(completed, campaign_from):
    campaign = campaign_from(completed)
    starts, drawn_ns = campaign.starts(), (campaign.folder / FIGURE).stat().st_mtime_ns
    shutil.rmtree(campaign.folder / "results/hpo")
    (campaign.folder / DONE).unlink()
    run = campaign.run("all").succeeded()
    assert "Gather the hardware samples of all trials" in run.text
    assert (campaign.folder / FIGURE).stat().st_mtime_ns > drawn_ns
    assert campaign.starts() == starts


def test_other_limits_are_drawn_without_training(finished, campaign_from):
    campaign = campaign_from(finished, {"thermal": {"critical_c": 101}})
    campaign.run("--rerun-triggers", "params", "--allowed-rules", "hardware_timeline", "--", FIGURE)
    assert "critical 101 °C" in (campaign.folder / FIGURE).read_text()


def test_a_study_that_is_not_configured_has_no_timeline(finished):
    run = finished.dry_run("results/figures/hardware_debug_h9.svg").refused()
    assert "No rule to produce" in run.text or "MissingRuleException" in run.text


def test_the_tables_of_a_scale_include_its_figures(finished, campaign_from):
    campaign = campaign_from(finished)
    for name in (DONE, FIGURE):
        (campaign.folder / name).unlink()
    assert campaign.plan(DONE) == {"hardware_timeline": 1, "hpo_debug_done": 1}
