"""The race in a campaign: it follows the trials, decides the winner, and is extended with them."""

import json

import pytest

from support.campaign import DONE

RACE = {"search": {"race": {"trials": 2, "runs": 1}}}
OUTCOME = "results/races/debug/h1/race.json"


def read(campaign, name):
    return json.loads((campaign.folder / name).read_text())


@pytest.fixture(scope="module")
def raced(finished, tmp_path_factory):
    campaign = finished.copy_to(tmp_path_factory.mktemp("raced") / "campaign", RACE)
    try:
        assert campaign.plan(DONE) == {"race": 1, "hpo_debug_done": 1}
        campaign.run(DONE).succeeded()
    finally:
        campaign.kill_everything()
    return campaign


def test_the_winner_has_the_lowest_mean_of_all_its_seeds(raced):
    standings = read(raced, OUTCOME)["standings"]
    trials = {number: read(raced, f"results/hpo/debug/h1/trial_{number:03d}.json") for number in range(3)}
    means = {}
    for standing in standings:
        number, (own, other) = standing["trial"], standing["losses"]
        run = read(raced, f"results/races/debug/h1/race_0_of_trial_{number:03d}.json")
        assert own == trials[number]["validation_log_loss"]
        assert other == run["validation_log_loss"] != own
        assert run["hyperparameters"] == trials[number]["hyperparameters"]
        means[number] = (own + other) / 2
    assert len(means) == 2
    winner = min(means, key=means.get)
    assert read(raced, "results/hpo/debug/best.json")["1"]["trial"] == winner
    assert f"debug/h1: trial_{winner:03d} wins a race of 2 trials" in (raced.folder / DONE).read_text()


def test_a_finished_race_plans_nothing(raced, campaign_from):
    assert not campaign_from(raced).plan(DONE)


def test_deleted_results_of_the_race_come_back_from_the_ledger(raced, campaign_from):
    campaign = campaign_from(raced)
    folder = (campaign.folder / OUTCOME).parent
    before = {path.name: path.read_bytes() for path in folder.glob("*.json")}
    for path in list(folder.iterdir()):
        path.unlink()
    run = campaign.run(DONE).succeeded()
    assert {path.name: path.read_bytes() for path in folder.glob("*.json")} == before
    assert "epoch 1/" not in run.text, "a run was trained again"


def test_another_race_keeps_the_trials_and_the_runs_it_shares(raced, campaign_from):
    campaign = campaign_from(raced, {"search": {"race": {"trials": 3}}})
    assert campaign.plan(DONE) == {"race": 1, "hpo_debug_done": 1}
    before = read(campaign, OUTCOME)["standings"]
    campaign.run(DONE).succeeded()
    assert read(campaign, OUTCOME)["standings"][:2] == before
    assert len(read(campaign, OUTCOME)["standings"]) <= 3


@pytest.mark.long
def test_refits_are_those_of_the_winner_of_the_race(raced, campaign_from):
    campaign = campaign_from(raced, {"evidence": {"seeds": 2}})
    campaign.run("results/refits/debug/h1/refit_0.json").succeeded()
    winner = read(campaign, "results/hpo/debug/best.json")["1"]["trial"]
    assert read(campaign, "results/refits/debug/h1/refit_0.json")["winner"] == winner
    (folder,) = (campaign.folder / "results/ledger").glob("*/debug/h1/refit_0_of_trial_*")
    assert folder.name == f"refit_0_of_trial_{winner:03d}"
