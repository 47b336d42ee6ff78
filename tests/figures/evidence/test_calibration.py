"""The figure of calibration: bins and whiskers per model, and models off by more than chance."""

import numpy as np
import pytest

from simmer.evidence.calibration import ReliabilityBin as Bin
from simmer.figures.evidence.calibration import (
    beyond_chance,
    calibration,
    conclusion,
    rate_interval,
    spread_of,
)
from support.evidence_results import SCALES, horizon, model, reliability

SHIFTED = {"reliability": reliability(off=0.2), "calibration_error": 0.2}


def scale(name, **changed):
    return model(name, 0.46, parameters=SCALES[name], refit_losses=[0.46], **changed)


@pytest.fixture
def one(read):
    def build(*models):
        made = horizon()
        made["models"] = list(models)
        return read(h3=made).horizons[0]

    return build


def test_every_scale_and_the_best_baseline_have_a_panel_with_all_bins(read, picture):
    figure = picture(calibration(read(h1=horizon()).horizons[0]))
    for name in (*SCALES, "logistic_regression"):
        assert len(figure.marks(rf"bin_\d+_{name}")) == 10
        assert len(figure.marks(rf"whisker_\d+_{name}")) == 10
        assert figure.has(f"diagonal_{name}") and figure.has(f"{name}")
    assert not figure.has("mlp")
    assert figure.texts.count("10 bins of 71 decisions") == 5


def test_models_off_by_more_than_chance_are_named(one):
    assert conclusion(one(scale("2M"), scale("20M", **SHIFTED))) == (
        "3 days: 20M differs from the observed rates by more than chance explains."
    )
    assert (
        conclusion(one(scale("2M")))
        == "3 days: no model differs from the observed rates by more than chance explains."
    )


def test_calibrated_predictions_are_rarely_beyond_chance(one):
    rng, wrong = np.random.default_rng(0), 0
    for _ in range(400):
        p = np.linspace(0.08, 0.26, 10)
        rates = rng.binomial(71, p) / 71
        bins = [
            {"decisions": 71, "prediction_min": x, "prediction_max": x, "prediction_mean": x, "rate": rate}
            for x, rate in zip(p.tolist(), rates.tolist(), strict=True)
        ]
        error = float(np.abs(p - rates).mean())
        (made,) = one(scale("2M", reliability=bins, calibration_error=error)).scales
        wrong += beyond_chance(made, 1, among=1)
    assert 0.02 * 400 <= wrong <= 0.09 * 400


def test_overlapping_labels_count_less(one):
    (made,) = one(scale("2M", calibration_error=0.06)).scales
    assert beyond_chance(made, 1, among=1) and not beyond_chance(made, 5, among=1)


def test_the_interval_of_a_rate_is_wilsons():
    low, high = rate_interval(Bin(50, 0.1, 0.3, 0.2, 0.2), 1)
    assert (low, high) == (pytest.approx(0.1124, abs=1e-4), pytest.approx(0.3304, abs=1e-4))
    assert rate_interval(Bin(250, 0.1, 0.3, 0.2, 0.2), 5) == pytest.approx((low, high))
    assert rate_interval(Bin(50, 0.0, 0.0, 0.0, 0.0), 1)[0] == pytest.approx(0.0)


def test_the_strip_has_every_decision_and_equal_predictions_in_one_cell():
    edges = np.linspace(0.0, 0.4, 9)
    spread = spread_of([Bin(40, 0.1, 0.2, 0.15, 0.1), Bin(7, 0.31, 0.31, 0.31, 0.2)], edges)
    assert spread.tolist() == pytest.approx([0, 0, 20, 20, 0, 0, 7, 0])
    assert spread_of([Bin(5, 0.4, 0.4, 0.4, 0.1)], edges)[-1] == 5


def test_collapsed_refits_and_a_missing_slope_are_written(one, picture):
    made = scale("2B", collapsed_seeds=2, calibration_slope=None, reliability=reliability(bins=1))
    figure = picture(calibration(one(made)))
    assert "2B (2 refits collapsed)" in figure.texts
    assert "error 3.1 points, no slope 1 bin of 713 decisions" in figure.prose


def test_both_axes_have_one_scale_shared_by_all_models(one):
    axes = calibration(one(scale("2M"), scale("20M", **SHIFTED))).axes
    panels = [each for each in axes if each.get_gid()]
    assert {each.get_xlim() for each in panels} == {each.get_ylim() for each in panels} == {(0.0, 0.6)}


def test_a_model_without_bins_is_never_beyond_chance(one):
    (made,) = one(scale("2M", reliability=[])).scales
    assert not beyond_chance(made, 1, among=1)
