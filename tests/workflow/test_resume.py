"""Finished work is never repeated, and interruptions change no result."""

import json
import os
import random
import shutil
import signal

import pytest

from support.campaign import DONE, start_trainer, wait_until, without_machine

KILLS = 12


@pytest.fixture(scope="module")
def interrupted(prepared, tmp_path_factory):
    """A campaign interrupted by Ctrl-C in the middle of the first trial; `.ended` is that run."""
    campaign = prepared.copy_to(tmp_path_factory.mktemp("interrupted") / "campaign")
    try:
        run = campaign.start(DONE)
        run.until(lambda: campaign.checkpoints(0) and campaign.in_epoch(0, 2), "the second epoch")
        run.signal_group(signal.SIGINT)
        run.wait()
        campaign.ended = run
    finally:
        campaign.kill_everything()
    return campaign


# ---- one trial ------------------------------------------------------------------------------


@pytest.mark.long
def test_a_trial_killed_a_dozen_times_ends_bit_identical(prepared, finished, campaign_from):
    campaign = campaign_from(prepared)
    unbroken = finished.result(0)
    steps = unbroken_steps(finished)
    moments = random.Random(20)
    resumed_from = []
    for kill in range(KILLS):
        trainer = start_trainer(campaign, 0)
        try:
            wait_for_checkpoint(trainer, campaign, steps * kill // (KILLS + 6))
            trainer.join(moments.uniform(0.0, 0.05) if kill else 0)
            assert trainer.is_alive(), "the trial ended before it could be killed"
        finally:
            trainer.kill()
            trainer.join()
        resumed_from.append(campaign.checkpoint_step(0))
    assert train_to_end(campaign, 0) == 0

    assert resumed_from[0] == 0
    assert len(set(resumed_from)) >= 4, f"the kills were not spread: {resumed_from}"
    assert starts(campaign) == KILLS + 1
    result = campaign.result(0)
    assert result["weights_sha256"] == unbroken["weights_sha256"]
    assert result["validation_log_loss"] == unbroken["validation_log_loss"]
    assert result["curve"] == unbroken["curve"]
    assert without_machine(result) == without_machine(unbroken)


def test_ctrl_c_leaves_a_checkpoint_and_a_failure_status(interrupted):
    run = interrupted.ended
    assert run.status != 0
    assert "Traceback" not in run.text
    assert "stopped after a checkpoint" in run.text
    assert "signal SIGINT" in run.text
    assert "Run the same command again to resume there" in run.text
    assert interrupted.checkpoint_step(0) > 0
    assert not (interrupted.folder / "results/hpo/debug/h1/trial_000.json").exists()
    assert not interrupted.processes()


def test_the_same_command_resumes_the_trial(interrupted, finished, campaign_from):
    campaign = campaign_from(interrupted)
    epochs_before = len(campaign.events(0, "epoch"))
    run = campaign.run("results/hpo/debug/h1/trial_000.json").succeeded()
    assert "resuming at epoch" in run.text
    assert len(campaign.events(0, "start")) == 2
    epochs = [event["epoch"] for event in campaign.events(0, "epoch")]
    assert epochs == list(range(1, len(finished.result(0)["curve"]) + 1)), "an epoch was repeated or skipped"
    assert epochs_before >= 1
    assert without_machine(campaign.result(0)) == without_machine(finished.result(0))


@pytest.mark.long
def test_a_damaged_checkpoint_is_reported_and_the_previous_one_is_used(interrupted, finished, campaign_from):
    campaign = campaign_from(interrupted)
    newest, before = campaign.checkpoints(0)
    damaged = campaign.trial(0) / newest
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged.write_bytes(content)
    run = campaign.run("results/hpo/debug/h1/trial_000.json").succeeded()
    assert newest in run.text
    assert "is damaged" in run.text
    assert before not in run.text
    assert "resuming at epoch" in run.text
    assert without_machine(campaign.result(0)) == without_machine(finished.result(0))


@pytest.mark.long
def test_without_any_whole_checkpoint_the_trial_begins_again(interrupted, finished, campaign_from):
    campaign = campaign_from(interrupted)
    for path in campaign.trial(0).glob("checkpoint_*.safetensors"):
        path.write_bytes(b"not a checkpoint")
    run = campaign.run("results/hpo/debug/h1/trial_000.json").succeeded()
    assert "is damaged" in run.text
    assert "resuming" not in run.text
    assert without_machine(campaign.result(0)) == without_machine(finished.result(0))


# ---- a whole study --------------------------------------------------------------------------


@pytest.mark.long
def test_an_interrupted_study_has_the_table_of_an_uninterrupted_one(first_trial_done, finished):
    campaign = first_trial_done()
    moments = random.Random(4)

    def kill_everything(_run):
        campaign.kill_everything()

    ways = [
        kill_everything,
        lambda run: run.signal_group(signal.SIGTERM),
        lambda run: run.signal_group(signal.SIGINT),
        lambda run: run.signal_group(signal.SIGHUP),
    ]
    for interruption, interrupt in enumerate(ways):
        trial, starts = next_trial(campaign)
        run = campaign.start(DONE)
        run.until(lambda trial=trial, n=starts + 1: campaign.started(trial, n), "the trial's start")
        run.wait_at_most(moments.uniform(0.0, 1.5))
        interrupt(run)
        assert run.wait() != 0, f"interruption {interruption} came too late:\n{run.text}"
        wait_until(lambda: not campaign.processes(), "trainers to write their checkpoint")
    campaign.run(DONE).succeeded()
    assert campaign.table() == finished.table()
    assert sum(campaign.starts().values()) > len(finished.starts())
    best = json.loads((campaign.folder / "results/hpo/debug/best.json").read_text())
    expected = json.loads((finished.folder / "results/hpo/debug/best.json").read_text())
    assert without_machine(best["1"]) == without_machine(expected["1"])


@pytest.mark.long
def test_an_orphaned_trainer_is_named_and_waited_for(prepared, finished, campaign_from):
    campaign = campaign_from(prepared)
    target = "results/hpo/debug/h1/trial_000.json"
    first = campaign.start(target)
    first.until(lambda: campaign.in_epoch(0, 2), "the second epoch")
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    orphan = campaign.trainer_pid(0)
    os.kill(orphan, signal.SIGSTOP)  # so that it still runs when the second run starts
    second = campaign.start(target)
    second.until(
        lambda: f"being trained by process {orphan} " in second.text, "the message that names the orphan"
    )
    assert "left over from a run that was killed; waiting for it to finish" in second.text
    os.kill(orphan, signal.SIGCONT)
    second.succeeded()
    assert len(campaign.events(0, "start")) == 1, "the trial was trained twice"
    assert without_machine(campaign.result(0)) == without_machine(finished.result(0))


@pytest.mark.long
def test_a_second_run_in_the_same_folder_is_refused_naming_the_first(prepared, campaign_from):
    campaign = campaign_from(prepared)
    first = campaign.start(DONE)
    first.until(lambda: campaign.started(0), "the first trial")
    second = campaign.run(DONE).failed()
    assert f"process {first.pid} " in second.text
    assert "in use" in second.text
    assert campaign.plan(DONE)["hpo_debug"] > 0, "a dry run was refused"
    assert first.status is None
    assert len(campaign.events(0, "start")) == 1


# ---- finished trials ------------------------------------------------------------------------


@pytest.mark.long
def test_forceall_trains_nothing(finished, campaign_from):
    campaign = campaign_from(finished)
    campaign.run("-F", "--", DONE).succeeded()
    assert campaign.starts() == finished.starts()
    assert set(campaign.republishes().values()) == {1}
    assert campaign.table() == finished.table()


@pytest.mark.long
def test_deleted_results_are_published_again_from_the_ledger(finished, campaign_from):
    campaign = campaign_from(finished)
    shutil.rmtree(campaign.folder / "results/hpo")
    (campaign.folder / DONE).unlink()
    campaign.run(DONE).succeeded()
    assert campaign.starts() == finished.starts()
    assert campaign.table() == finished.table()
    assert [without_republish(campaign.published_log(n)) for n in range(3)] == [
        without_republish(finished.published_log(n)) for n in range(3)
    ]


@pytest.mark.long
def test_more_trials_train_only_the_additional_ones(finished, campaign_from):
    campaign = campaign_from(finished, {"scales": {"debug": {"n_trials": 4}}})
    campaign.run(DONE).succeeded()
    assert campaign.table()[:3] == finished.table()
    assert len(campaign.table()) == 4
    assert sum(campaign.starts().values()) == 4
    assert sum(campaign.republishes().values()) == 0


@pytest.mark.long
def test_another_threshold_is_another_study_and_the_old_one_is_kept(finished, campaign_from):
    campaign = campaign_from(finished)
    campaign.configure({"dataset": {"threshold": 0.012}, "scales": {"debug": {"n_trials": 1}}})
    campaign.run(DONE).succeeded()
    other = campaign.table()
    assert len(other) == 1
    assert other[0]["fingerprint"] != finished.table()[0]["fingerprint"]
    assert campaign.starts() == finished.starts() | {f"{other[0]['fingerprint']}/debug/h1/trial_000": 1}
    campaign.configure({"dataset": {"threshold": 0.01}, "scales": {"debug": {"n_trials": 3}}})
    campaign.run(DONE).succeeded()
    assert campaign.table() == finished.table()
    assert sum(campaign.starts().values()) == 4, "something was trained again"


# ---- helpers --------------------------------------------------------------------------------


def unbroken_steps(finished):
    """Return the optimizer steps of trial 000."""
    result = finished.result(0)
    windows, batch = result["dataset"]["train"]["n"], result["hyperparameters"]["batch_size"]
    return len(result["curve"]) * -(-windows // batch)


def wait_for_checkpoint(trainer, campaign, step):
    """Wait until trial 000 was started once more and has a checkpoint at or after a step."""
    started = starts(campaign)

    def reached():
        return starts(campaign) > started and campaign.checkpoint_step(0) >= step

    wait_until(lambda: reached() or not trainer.is_alive(), f"a checkpoint at step {step}")


def starts(campaign):
    return len(campaign.events(0, "start")) if campaign.trials else 0


def train_to_end(campaign, number):
    trainer = start_trainer(campaign, number)
    trainer.join(120)
    return trainer.exitcode


def next_trial(campaign):
    """Return the number of the trial that comes next, and how often it was started already."""
    number = len(list((campaign.folder / "results/hpo/debug/h1").glob("trial_*.json")))
    known = any(path.name == f"trial_{number:03d}" for path in campaign.trials)
    return number, len(campaign.events(number, "start")) if known else 0


def without_republish(events):
    return [event for event in events if event["event"] != "republish"]
