"""The forest plot: order, intervals, and the models that beat the base rate."""

import pytest

from simmer.figures.evidence.opponents import against_best, conclusion, opponents, panel_title
from support.evidence_results import SCALES, estimate, horizon, model


def of(*models, differences=()):
    made = horizon()
    made["models"], made["differences"] = list(models), list(differences)
    return made


def scale(loss, name="2M", **changed):
    return model(name, loss, parameters=SCALES[name], refit_losses=[loss], **changed)


def test_models_are_ordered_by_skill_and_the_base_rate_is_the_line(read, picture):
    figure = picture(opponents(read(h1=horizon("none"))))
    order = [mark.removeprefix("skill_") for mark in figure.marks(r"skill_\w+_h1")]
    assert order[:2] == ["logistic_regression_h1", "volatility_logit_h1"] and order[-1] == "mlp_h1"
    assert len(order) == 8 and "base_rate_h1" not in order
    assert figure.has("base_rate_h1")
    assert len(figure.marks(r"interval_\w+")) == 8
    assert "+4.7 %" in figure.texts and "−1.6 %" in figure.texts


def test_scales_and_baselines_differ_in_more_than_colour(read):
    (axes,) = opponents(read(h1=of(scale(0.46), model("mlp", 0.48)))).axes
    lines = {line.get_gid(): line for line in axes.lines}
    first, second = lines["skill_2M_h1"], lines["skill_mlp_h1"]
    assert first.get_marker() != second.get_marker()
    assert second.get_markerfacecolor() == "white" != first.get_markerfacecolor()


def test_a_model_beats_the_base_rate_if_its_interval_excludes_zero(read):
    sure, unsure = scale(0.44), scale(0.47)
    assert panel_title(read(h1=of(sure)).horizons[0]) == "1 day: 1 of 1 scale beat the base rate"
    evidence = read(h1=of(sure, model("mlp", 0.48)), h3=of(unsure, model("mlp", 0.44)))
    assert panel_title(evidence.horizons[1]) == "3 days: 0 of 1 scale and 1 of 1 baseline beat the base rate"
    assert conclusion(evidence) == (
        "Some scale beats the base rate beyond noise at 1 day; some baseline does at 3 days."
    )
    assert conclusion(read(h1=of(unsure))) == "No scale beats the base rate beyond noise; no baseline does."


def test_skill_is_that_of_the_averaged_members(read, picture):
    made = of(scale(0.48, averaged_skill=estimate(0.05, 0.01)))
    assert conclusion(read(h1=made)).startswith("Some scale beats the base rate")
    figure = picture(opponents(read(h1=made)))
    assert "+5.0 %" in figure.texts and "Skill of averaged members" in figure.prose


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (("2M", "mlp", -0.02), "2M minus MLP: −0.0200 nats (−0.0260 to −0.0140), better."),
        (("2M", "mlp", 0.02), "2M minus MLP: 0.0200 nats (0.0140 to 0.0260), worse."),
        (("2M", "mlp", 0.001), "2M minus MLP: 0.0010 nats (−0.0050 to 0.0070), no clear difference."),
    ],
)
def test_the_best_scale_is_compared_in_pairs_with_the_best_baseline(read, pair, words):
    a, b, value = pair
    difference = {"a": a, "b": b, "difference": estimate(value, 0.006), "planned": False}
    difference |= {"p_value": 0.1, "detectable": 0.01, "members": 5, "single_difference": estimate(0.0, 0.1)}
    made = of(scale(0.46), model("mlp", 0.48), differences=[difference])
    best = "Best scale and best baseline on validation, averages of 5 members"
    assert against_best(read(h1=made).horizons[0]) == f"{best}, {words}"


def test_without_that_pair_the_note_is_empty(read):
    assert against_best(read(h1=of(scale(0.46), model("mlp", 0.48))).horizons[0]) == ""
    assert against_best(read(h1=of(scale(0.46))).horizons[0]) == ""


def test_a_very_bad_model_is_drawn_at_the_edge_and_named(read, picture):
    figure = opponents(read(h1=of(scale(0.46), scale(0.9, "2B"))))
    (axes,) = figure.axes
    assert axes.get_xlim()[0] > -0.3
    lines = {line.get_gid(): line for line in axes.lines}
    assert lines["skill_2B_h1"].get_marker() == "<"
    assert axes.get_xlim()[0] < lines["skill_2B_h1"].get_xdata()[0] < 0
    assert "Left of the axis, drawn as triangles: 2B." in picture(figure).prose


def test_horizons_share_one_axis(read):
    first, second = opponents(read(h1=of(scale(0.46)), h3=of(scale(0.40)))).axes
    assert first.get_xlim() == second.get_xlim()
