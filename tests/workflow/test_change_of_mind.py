"""Another setting and back: what is published is one study's, and nothing is trained twice."""

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
    assert "9 files of other studies removed from results" in run.text
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
