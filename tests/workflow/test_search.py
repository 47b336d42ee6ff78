"""A search with halving, run by Snakemake: its trials, and the same results on two cores."""

import json

import pytest

from support.campaign import DONE

pytestmark = pytest.mark.long

SEARCH = {
    "scales": {"debug": {"n_trials": 8, "epochs_max": 4}},
    "search": {
        "startup_trials": 4,
        "halving": {"rung_fractions": [0.25, 0.5], "eta": 3, "min_completed_trials": 2},
    },
}
TWO_AT_ONCE = {"search": {"parallel_trials": 2}}


@pytest.fixture(scope="module")
def searched(prepared, tmp_path_factory):
    """A search of two parallel trials, run on one core."""
    campaign = prepared.copy_to(tmp_path_factory.mktemp("searched") / "campaign", SEARCH, TWO_AT_ONCE)
    try:
        campaign.run(DONE).succeeded()
    finally:
        campaign.kill_everything()
    return campaign


def test_pruned_trials_keep_their_curves_and_numbers(searched):
    table = searched.table()
    assert [int(row["trial"]) for row in table] == list(range(8))
    pruned = [row for row in table if row["state"] == "pruned"]
    assert pruned, "no trial was pruned"
    for row in pruned:
        assert row["ended"] == "halving"
        assert int(row["epochs"]) in (1, 2)
        assert len(searched.result(int(row["trial"]))["curve"]) == int(row["epochs"])
        assert row["validation_log_loss"]
    best = json.loads((searched.folder / "results/hpo/debug/best.json").read_text())["1"]
    assert best["state"] == "complete"
    assert best["study"]["search"]["halving"]["eta"] == 3


def test_the_origin_of_each_trial_is_recorded(searched):
    origins = [row["origin"] for row in searched.table()]
    assert origins[:3] == ["default", "depth extreme", "startup"]
    assert set(origins[5:]) == {"tpe"}


def test_the_search_is_the_same_on_two_cores(searched, prepared, campaign_from):
    campaign = campaign_from(prepared, SEARCH, TWO_AT_ONCE)
    campaign.run("--cores", "2", DONE).succeeded()
    assert campaign.table() == searched.table()
