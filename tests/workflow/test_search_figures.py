"""The figures of a search are made with the tables of its scale, and again when the space changes."""

import json

import pytest

from support.campaign import DONE

pytestmark = pytest.mark.long

NAMES = ("search_history_debug_h1.svg", "search_importances_debug_h1.svg", "search_coverage_debug_h1.svg")
TABLE = "search_importances_debug_h1.json"


def test_the_figures_of_each_search_are_made_with_the_tables_of_its_scale(finished):
    figures = finished.folder / "results/figures"
    history, importances, coverage = ((figures / name).read_text() for name in NAMES)
    best = min(finished.result(number)["validation_log_loss"] for number in range(3))
    assert "debug h1: how the search went" in history
    assert f"Best validation log-loss: {best:.4f} nats" in history
    assert "Too few trials to estimate which hyperparameters matter: 3 reached a loss" in importances
    assert "debug h1: what the search covered" in coverage
    assert json.loads((figures / TABLE).read_text())["importances"] is None


def test_a_missing_figure_is_drawn_again_without_training(finished, campaign_from):
    campaign = campaign_from(finished)
    for name in (DONE, f"results/figures/{NAMES[0]}"):
        (campaign.folder / name).unlink()
    assert campaign.plan(DONE) == {"search_figures": 1, "hpo_debug_done": 1}


def test_another_space_is_drawn_again(finished, campaign_from):
    space = {"space": {"dropout": {"low": 0.0, "high": 0.5}}}
    campaign = campaign_from(finished, {"scales": {"debug": space}})
    arguments = ("--rerun-triggers", "params", "--allowed-rules", "search_figures", "--")
    assert campaign.plan(*arguments, f"results/figures/{NAMES[2]}") == {"search_figures": 1}


def test_a_study_that_is_not_configured_has_no_figures(finished):
    run = finished.dry_run("results/figures/search_history_debug_h9.svg").refused()
    assert "No rule to produce" in run.text or "MissingRuleException" in run.text
