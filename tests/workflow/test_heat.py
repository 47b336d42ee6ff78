"""Critical heat stops the run after a checkpoint; the same command resumes it."""

import pytest

from support.campaign import DONE, without_machine

STEADY_C, WARNING_C, CRITICAL_C = 45, 94, 96


@pytest.fixture(scope="module")
def overheated(finished, tmp_path_factory):
    """A campaign stopped by 96 °C in the middle of trial 001, after trial 000; `.ended` is that run."""
    campaign = finished.copy_to(tmp_path_factory.mktemp("overheated") / "campaign")
    campaign.forget(1, 2)
    try:
        run = campaign.start(DONE)
        run.until(lambda: campaign.in_epoch(1, 2), "the second epoch of trial 001")
        campaign.heat_to(CRITICAL_C)
        run.wait()
        campaign.ended = run
    finally:
        campaign.kill_everything()
    return campaign


def test_critical_heat_stops_the_run_after_a_checkpoint(overheated):
    run = overheated.ended
    assert run.status != 0
    assert "Traceback" not in run.text
    assert "thermal abort: 96.0 °C (hwmon:k10temp:Tdie), critical from 95 °C" in run.text
    assert "Run the same command again to resume there" in run.text
    assert overheated.checkpoint_step(1) > 0
    abort = [event for event in overheated.events(1, "thermal_event") if event["action"] == "abort"]
    assert len(abort) == 1
    assert abort[0]["temperature_c"] == CRITICAL_C
    assert abort[0]["limit_c"] == 95
    assert abort[0]["before"][0]["temperature_c"] == STEADY_C
    after = overheated.events(1, "thermal_event")[-1]
    assert (after["action"], after["temperature_c"]) == ("stopped", CRITICAL_C)
    assert not overheated.processes()


def test_the_trainer_ends_with_exit_status_75(overheated):
    log = overheated.folder / "results/logs/hpo_debug/h1/trial_001.log"
    stopped = f"Stopped: Train debug/h1 trial 001 (exit status 75). Log: {log}"
    assert stopped in overheated.ended.text.splitlines()


def test_trials_done_before_the_heat_are_kept(overheated, finished):
    assert overheated.result(0) == finished.result(0)
    assert not (overheated.folder / "results/hpo/debug/h1/trial_001.json").exists()
    assert [path.name for path in overheated.trials] == ["trial_000", "trial_001"]


def test_after_cooling_the_trial_resumes_to_the_same_result(overheated, finished, campaign_from):
    campaign = campaign_from(overheated)
    campaign.heat_to(STEADY_C)
    run = campaign.run("results/hpo/debug/h1/trial_001.json").succeeded()
    assert "resuming at epoch" in run.text
    assert len(campaign.events(0, "start")) == 1
    assert len(campaign.events(1, "start")) == 2
    epochs = [event["epoch"] for event in campaign.events(1, "epoch")]
    assert epochs == list(range(1, len(finished.result(1)["curve"]) + 1))
    guard = campaign.result(1)["machine"]["guard"]
    assert guard["aborts"] == 1
    assert guard["max_temperature_c"] == CRITICAL_C
    log = campaign.published_log(1)
    assert "abort" in [event["action"] for event in log if event["event"] == "thermal_event"]
    assert without_machine(campaign.result(1)) == without_machine(finished.result(1))


@pytest.mark.long
def test_waiting_for_a_hot_machine_ends_after_the_timeout(overheated, campaign_from):
    campaign = campaign_from(overheated)
    before = campaign.checkpoint_step(1)
    run = campaign.run(DONE).failed()
    assert "the machine is hot, 96.0 °C (hwmon:k10temp:Tdie): waiting for 78 °C or less" in run.text
    assert "after waiting 1 s" in run.text
    assert "run the same command again" in run.text
    assert campaign.checkpoint_step(1) == before
    assert len(campaign.events(1, "start")) == 1


@pytest.mark.long
def test_auto_resume_waits_for_cooling_and_resumes(overheated, finished, campaign_from):
    campaign = campaign_from(overheated, {"thermal": {"auto_resume": 1}})
    target = "results/hpo/debug/h1/trial_001.json"
    run = campaign.start("--rerun-triggers", "mtime", "--", target)
    run.until(lambda: run.text.count("waiting for 78 °C or less") == 2, "the second wait")
    campaign.heat_to(STEADY_C)
    run.succeeded()
    assert without_machine(campaign.result(1)) == without_machine(finished.result(1))


@pytest.mark.long
def test_a_lasting_warning_slows_then_pauses_the_trial_with_the_same_result(finished, first_trial_done):
    # A short period, so that the pause comes before the last epoch even on a fast machine.
    campaign = first_trial_done({"thermal": {"sample_period_s": 0.04}})
    run = campaign.start("results/hpo/debug/h1/trial_001.json")
    run.until(lambda: campaign.in_epoch(1, 2), "the second epoch")
    campaign.heat_to(WARNING_C)
    run.until(lambda: "pause" in actions(campaign, 1), "the pause")
    campaign.heat_to(80)
    run.wait_at_most(0.5)
    assert actions(campaign, 1) == ["throttle", "pause"], "80 °C is below the warning but not cool yet"
    campaign.heat_to(60)
    run.succeeded()
    assert actions(campaign, 1)[:3] == ["throttle", "pause", "resume"]
    result = campaign.result(1)
    assert result["machine"]["starts"] == 1
    guard = result["machine"]["guard"]
    assert guard["pauses"] == 1
    assert guard["paused_s"] >= 0.5
    assert guard["slept_s"] > 0.5
    assert without_machine(result) == without_machine(finished.result(1))


def test_every_published_log_has_hardware_samples(finished):
    for number in range(3):
        log = finished.published_log(number)
        samples = [event for event in log if event["event"] == "hardware_sample"]
        assert samples
        for sample in samples:
            assert sample["temperature_c"] == STEADY_C
            assert sample["source"] == "hwmon:k10temp:Tdie"
            assert (sample["state"], sample["duty"], sample["blind_s"]) == ("normal", 1.0, 0.0)
            assert 0 <= sample["cpu_percent"] <= 100
            assert 0 < sample["memory_percent"] <= 100


def actions(campaign, number):
    return [event["action"] for event in campaign.events(number, "thermal_event")]
