from dataclasses import replace

import numpy as np
import pytest

from simmer.base.errors import DatasetError
from simmer.evidence.answer import adjust_for_all, after_search, answer
from simmer.evidence.final_scores import choose_threshold, final_scores
from simmer.evidence.headlines import headlines
from simmer.evidence.predictions import read_predictions
from simmer.evidence.results import Headlines
from simmer.evidence.scaling_verdict import Verdict
from support.final_predictions import BASELINES, table_and_facts


def answered(noise_of_scales, **options):
    table, facts = table_and_facts(noise_of_scales, **options)
    answers, comparisons = adjust_for_all([answer(table, facts, horizon_days=1, comparisons=1)], horizons=1)
    return table, replace(answers[0], headlines=headlines(answers[0], comparisons=comparisons))


def model(found, name):
    (one,) = [model for model in found.models if model.name == name]
    return one


@pytest.fixture(scope="module")
def four_scales():
    return answered({"2M": 2.0, "20M": 1.5, "200M": 1.0, "2B": 0.3}, noise_of_baselines=1.0)


def test_scores_are_means_over_refits_each_with_its_own_threshold(four_scales):
    table, found = four_scales
    validation, test = (read_predictions(table, split)["2M"] for split in ("validation", "test"))
    expected = [
        final_scores(
            test.labels,
            test.probabilities[n],
            train_rate=0.31,
            threshold=choose_threshold(validation.labels, validation.probabilities[n]),
        )
        for n in range(3)
    ]
    one = model(found, "2M")
    for score in ("brier", "average_precision", "recall", "calibration_slope"):
        assert getattr(one, score) == pytest.approx(np.mean([getattr(refit, score) for refit in expected])), (
            score
        )
    assert one.auc.value == pytest.approx(np.mean([refit.auc for refit in expected]))
    assert one.auc.low < one.auc.value < one.auc.high
    assert (one.seeds, one.parameters, one.search_validation_log_loss) == (3, 1_998_000, 0.5)


def test_the_average_of_refits_is_better_than_they_are_on_average(four_scales):
    for name in ("2M", "mlp"):
        one = model(four_scales[1], name)
        assert one.averaged_log_loss == one.loss_of_average < one.log_loss.value
        assert one.averaged_validation_log_loss < one.validation_log_loss
        assert one.averaged_skill.value > one.skill.value
        assert one.members == 3
    single = model(four_scales[1], "logistic_regression")
    assert single.averaged_log_loss is None
    assert (single.members, single.averaged_skill) == (1, single.skill)
    assert single.loss_of_average == single.log_loss.value
    assert single.averaged_validation_log_loss == single.validation_log_loss


def test_the_base_rate_has_no_auc_and_no_skill(four_scales):
    base_rate = model(four_scales[1], "base_rate")
    assert base_rate.auc is None
    assert base_rate.skill.value == 0
    assert base_rate.seeds is None


def test_a_true_law_gives_the_verdict_law(four_scales):
    scaling = four_scales[1].scaling
    assert scaling.verdict == "law"
    assert scaling.exponent.low > 0
    assert len(scaling.differences) == 6


def test_claims_are_about_planned_comparisons_and_adjusted_together(four_scales):
    found = four_scales[1]
    planned = [difference for difference in found.differences if difference.planned]
    assert len(found.differences) == 4 * len(BASELINES)
    assert {d.members for d in found.differences} == {3}
    assert {d.b for d in planned} == {"base_rate", "logistic_regression", found.best_baseline}
    assert all(d.p_adjusted >= d.p_value for d in planned)
    by_p = sorted(planned, key=lambda d: d.p_value)
    assert [d.p_adjusted for d in by_p] == sorted(d.p_adjusted for d in planned)
    assert by_p[0].p_adjusted == pytest.approx(min(1, len(planned) * by_p[0].p_value))
    assert all(d.p_adjusted is None for d in found.differences if not d.planned)


def test_the_best_baseline_is_chosen_on_validation():
    table, facts = table_and_facts({"2M": 0.5})
    # Boosting is perfect on test only, which must not matter.
    rows = (table["model"] == "gradient_boosting") & (table["split"] == "test")
    table.loc[rows, "probability"] = np.where(table.loc[rows, "label"] == 1, 0.99, 0.01)
    found = answer(table, facts, horizon_days=1, comparisons=1)
    losses = {m.name: m.averaged_validation_log_loss for m in found.models if m.kind == "baseline"}
    assert found.best_baseline == min(losses, key=losses.get) != "gradient_boosting"


def test_a_loss_to_logistic_regression_comes_before_everything_else():
    found = answered({"2M": 3.0}, noise_of_baselines=0.0)[1]
    first, *rest = found.headlines.against
    assert first.startswith("2M is worse than ")
    assert any("is worse than logistic regression" in one for one in (first, *rest))
    assert "Check inputs and training for errors" in first
    assert "averages of 3 members. Check" in first


def test_a_clear_difference_is_in_favour_and_an_unclear_one_undecided():
    found = answered({"2M": 0.0}, noise_of_baselines=0.0)[1]
    assert any(one.startswith("2M is better than the base rate") for one in found.headlines.in_favour)
    assert not found.headlines.against
    unclear = [one for one in found.headlines.undecided if "logistic regression" in one]
    assert unclear and all("may be chance (p = " in one and "would reliably show" in one for one in unclear)


def test_baselines_of_an_older_version_are_refused():
    table, facts = table_and_facts({"2M": 0.5})
    del facts["models"]["mlp"]["tries"]
    with pytest.raises(DatasetError, match=r"no number of tries of mlp .* delete results/baselines and run"):
        answer(table, facts, horizon_days=1, comparisons=1)


def test_one_scale_gives_the_verdict_undetermined():
    scaling = answered({"2M": 0.5})[1].scaling
    assert scaling.verdict == "undetermined"
    assert "one scale was evaluated (2M with 2.0M parameters)" in scaling.reason


def test_collapsed_refits_are_a_headline():
    table, facts = table_and_facts({"2M": 0.5})
    rows = (table["model"] == "2M") & (table["refit"] == 1).fillna(False)
    table.loc[rows, "probability"] = 0.3
    (found,), comparisons = adjust_for_all([answer(table, facts, horizon_days=1, comparisons=1)], horizons=1)
    assert headlines(found, comparisons=comparisons).against[0].startswith("2M collapsed in 1 of 3 refits")


def scale(trials=50, lost=0):
    states = ["diverged"] * lost + ["complete"] * (5 - lost)
    refits = [{"state": state, "best_epoch": None if state == "diverged" else 4} for state in states]
    return {"trials": trials, "refits": refits}


@pytest.mark.parametrize("claim", ["law", "reverse", "none"])
def test_too_few_trials_make_every_verdict_undetermined(claim):
    verdict = Verdict(claim, f"{claim}: from 2.0M to 2.0B parameters")
    few = after_search(verdict, {"2M": scale(), "20M": scale(trials=9), "mlp": {}})
    assert few.name == "undetermined"
    assert few.reason == (
        "undetermined: 20M was searched with 9 trials that reached a loss, and a winner needs at least 10; "
        "on the refits at hand, from 2.0M to 2.0B parameters"
    )
    assert after_search(verdict, {"2M": scale(), "20M": scale(trials=10)}) is verdict


@pytest.mark.parametrize("lost", [1, 5])
def test_failed_refits_make_the_verdict_undetermined(lost):
    verdict = Verdict("law", "law: from 2.0M to 200M parameters")
    found = after_search(verdict, {"2M": scale(), "2B": scale(lost=lost)})
    assert found.name == "undetermined"
    assert f"refits failed ({lost} of 5 at 2B)" in found.reason


def test_a_scale_without_any_finished_refit_makes_the_verdict_undetermined():
    table, facts = table_and_facts({"2M": 2.0, "20M": 1.2, "200M": 0.3}, noise_of_baselines=1.0)
    assert answer(table, facts, horizon_days=1, comparisons=1).scaling.verdict == "law"
    facts["models"]["2B"] = facts["models"]["200M"] | scale(lost=5)
    found = answer(table, facts, horizon_days=1, comparisons=1).scaling
    assert found.verdict == "undetermined"
    assert "5 of 5 at 2B" in found.reason


@pytest.mark.parametrize("refits", [1, 2])
def test_a_scale_with_fewer_than_three_refits_supports_no_claim(refits):
    found = answered({"2M": 0.1}, noise_of_baselines=3.0, refits=refits)[1]
    assert not any(difference.planned for difference in found.differences)
    assert found.headlines == Headlines()


def test_scales_with_equal_counted_parameters_give_the_verdict_undetermined():
    table, facts = table_and_facts({"2M": 0.5, "20M": 0.4})
    facts["models"]["20M"]["parameters"] = facts["models"]["2M"]["parameters"]
    scaling = answer(table, facts, horizon_days=1, comparisons=1).scaling
    assert scaling.verdict == "undetermined"
    assert "scales have equal counted parameters (2M, 20M)" in scaling.reason


def test_without_any_scale_the_reason_says_that_every_refit_diverged():
    table, facts = table_and_facts({})
    facts["models"]["2M"] = {"parameters": 2_000_000, **scale(lost=5)}
    scaling = answer(table, facts, horizon_days=1, comparisons=1).scaling
    assert "no scale could be evaluated because every refit diverged" in scaling.reason


def test_horizons_scored_earlier_count_in_the_adjustment():
    table, facts = table_and_facts({"2M": 0.5})
    alone, of_three = (answer(table, facts, horizon_days=1, comparisons=1) for _ in range(2))
    (of_three,), of_three_comparisons = adjust_for_all([of_three], horizons=3)
    (alone,), comparisons = adjust_for_all([alone], horizons=1)
    assert of_three_comparisons == 3 * comparisons
    for one, three in zip(alone.differences, of_three.differences, strict=True):
        if one.planned:
            assert three.p_adjusted >= one.p_adjusted


def test_an_auc_is_wider_where_refits_differ():
    calm, wild = (answered({"2M": 0.5})[1], None)
    table, facts = table_and_facts({"2M": 0.5})
    worse = (table["refit"] == 2).fillna(False)
    table.loc[worse, "probability"] = 0.5 + 0.1 * (table.loc[worse, "probability"] - 0.5)
    rng = np.random.default_rng(1)
    table.loc[worse, "probability"] += rng.normal(0, 0.05, int(worse.sum()))
    wild = answer(table, facts, horizon_days=1, comparisons=1)
    widths = [model(one, "2M").auc.high - model(one, "2M").auc.low for one in (calm, wild)]
    assert widths[1] > 2 * widths[0]


def test_skill_own_rate_compares_with_the_rate_of_the_test_split(four_scales):
    table, found = four_scales
    labels = read_predictions(table, "test")["2M"].labels
    rate = labels.mean()
    of_rate = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    one = model(found, "2M")
    assert one.skill_own_rate == pytest.approx(1 - one.log_loss.value / of_rate)
    assert one.skill_own_rate < one.skill.value
