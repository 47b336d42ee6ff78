"""Another setting and back: what is published is one study's, and nothing is trained twice."""

import fcntl
import subprocess

import pytest

from support.campaign import DONE

OTHER = {"dataset": {"threshold": 0.012}}
FIRST = {"dataset": {"threshold": 0.01}}


def published(campaign):
    return sorted(path.name for path in (campaign.folder / "results/hpo/debug/h1").glob("*.json"))


@pytest.mark.long
def test_another_setting_and_back(finished, campaign_from):
    campaign = campaign_from(finished)
    table, times = campaign.table(), campaign.starts()
    campaign.configure(OTHER, {"scales": {"debug": {"n_trials": 1}}})
    run = campaign.run(DONE).succeeded()
    assert "since the last run: threshold 0.012 instead of 0.01" in run.text
    assert "1 new study (debug/h1): 0 trials in the ledger, 1 to train" in run.text
    assert "14 files of other studies removed from results" in run.text
    assert published(campaign) == ["trial_000.json"]

    campaign.configure(FIRST, {"scales": {"debug": {"n_trials": 3}}})
    dry = campaign.dry_run(DONE)
    assert "Publish debug/h1 trial 002" in dry.text
    assert "Train debug" not in dry.text
    assert "--rerun-triggers" not in dry.text
    run = campaign.run(DONE).succeeded()
    assert "3 runs published from the ledger, without a training" in run.text
    assert "1 known study (debug/h1): 3 trials in the ledger, 0 to train" in run.text
    assert campaign.table() == table
    assert {name: count for name, count in campaign.starts().items() if name in times} == times
    assert not campaign.plan(DONE)


def test_a_dry_run_says_what_is_new_and_changes_nothing(finished, campaign_from):
    campaign = campaign_from(finished, OTHER)
    before = published(campaign)
    dry = campaign.dry_run(DONE)
    assert "1 new study (debug/h1): 0 trials in the ledger, 3 to train" in dry.text
    assert published(campaign) == before


def test_a_published_trial_needs_no_new_preflight(finished, campaign_from):
    campaign = campaign_from(finished)
    (campaign.folder / "results/preflight/debug.json").unlink()
    assert not campaign.plan(DONE)["hpo_debug"]


def without_configuration(campaign, *arguments):
    """Return the command of a run that names no configuration."""
    words = campaign.command(*arguments)
    at = words.index("--configfile")
    return words[:at] + words[at + 2 :]


def test_a_run_that_names_no_configuration_is_refused_where_the_last_one_named_one(finished, campaign_from):
    campaign = campaign_from(finished)
    words = without_configuration(campaign, "-n")
    ended = subprocess.run(words, capture_output=True, text=True, cwd=campaign.folder, check=False)
    assert ended.returncode == 1
    assert "but the last run here used campaign.yaml; expected the one that is meant: add --configfile" in (
        ended.stderr
    )
    assert "Traceback" not in ended.stderr


def test_bars_are_not_acquired_beside_a_running_campaign(finished, campaign_from):
    campaign = campaign_from(finished)
    with (campaign.folder / "results/.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = campaign.run("--forcerun", "acquire_data", "--", "data/raw/GSPC.csv").failed()
    assert "found this folder in use" in run.text


def test_a_summary_of_the_files_is_shown(finished, campaign_from):
    run = campaign_from(finished).run("--detailed-summary", DONE).succeeded()
    assert "results/hpo/debug/h1/trial_000.json" in run.text


@pytest.mark.long
def test_a_trial_waits_for_an_earlier_one_that_is_damaged(finished, campaign_from):
    campaign = campaign_from(finished, {"scales": {"debug": {"n_trials": 4}}})
    campaign.trial(0).joinpath("result.json").write_text("{")
    (campaign.folder / "results/hpo/debug/h1/trial_000.json").write_text("{")
    run = campaign.run("--cores", "2", DONE).succeeded()
    assert run.text.index("Train debug/h1 trial 000") < run.text.index("Train debug/h1 trial 003")


@pytest.mark.long
def test_a_damaged_study_file_is_written_again(finished, campaign_from):
    campaign = campaign_from(finished)
    path = campaign.trial(0).parents[2] / "study.json"
    before = path.read_bytes()
    path.write_text("{")
    run = campaign.run(DONE).succeeded()
    assert "1 known study (debug/h1): 3 trials in the ledger, 0 to train" in run.text
    assert path.read_bytes() == before
