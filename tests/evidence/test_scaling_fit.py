import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from simmer.base.errors import DatasetError
from simmer.evidence.scaling_fit import HUBER_DELTA, exponents, fit_curves, huber
from simmer.evidence.scaling_verdict import count

SCALES = np.array([1.8e6, 1.9e7, 2.02e8, 2.04e9])


THREE = SCALES[:3]  # get no floor, whose search takes long


def by_model(parameters, losses):
    return {fit.model: fit for fit in fit_curves(parameters, losses).fits}


def test_exact_curves_are_found_again():
    constant = by_model(THREE, np.full(3, 0.6))
    assert constant["constant"].curve.a == pytest.approx(0.6)
    assert constant["power"].curve.alpha == pytest.approx(0, abs=1e-12)
    for alpha in (0.05, -0.02):
        power = by_model(THREE, 1.3 * THREE**-alpha)["power"]
        assert (power.curve.a, power.curve.alpha) == pytest.approx((1.3, alpha), rel=1e-9)
        assert power.objective == pytest.approx(0, abs=1e-20)
    floor = by_model(SCALES, 0.5 + 15 * SCALES**-0.3)["power with floor"]
    assert (floor.curve.floor, floor.curve.a, floor.curve.alpha) == pytest.approx((0.5, 15, 0.3), rel=1e-6)
    assert not floor.curve.on_limit
    assert floor.curve.at(SCALES) == pytest.approx(0.5 + 15 * SCALES**-0.3)


def test_a_pure_power_leaves_the_floor_on_its_limit():
    fits = by_model(SCALES, 1.3 * SCALES**-0.05)
    assert fits["power with floor"].curve.on_limit
    assert fits["power with floor"].objective == pytest.approx(0, abs=1e-9)
    assert fits["power"].held_out == pytest.approx(0, abs=1e-9)


def test_three_scales_get_no_floor_and_four_no_held_out_floor():
    three = fit_curves(SCALES[:3], np.array([0.62, 0.58, 0.55]))
    assert [fit.model for fit in three.fits] == ["constant", "power"]
    assert "needs at least 4" in three.floor_refused
    four = fit_curves(SCALES, np.array([0.62, 0.58, 0.55, 0.54]))
    assert four.floor_refused is None
    assert four.fits[2].held_out is None
    five = fit_curves(np.append(SCALES, 2e10), np.array([0.62, 0.58, 0.55, 0.54, 0.53]))
    assert five.fits[2].held_out < five.fits[0].held_out


def test_two_scales_lie_on_every_line():
    fits = by_model(SCALES[:2], np.array([0.62, 0.58]))
    assert fits["power"].objective == pytest.approx(0, abs=1e-20)
    assert fits["power"].held_out is None
    assert fits["constant"].held_out is None


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.4, 0.9), min_size=3, max_size=3))
def test_the_line_has_the_least_objective(losses):
    losses = np.array(losses)
    x, y = np.log(THREE) - np.log(THREE).mean(), np.log(losses)
    fits = by_model(THREE, losses)
    ends = [
        minimize(lambda free: huber(y - free[0] - free[1] * x).sum(), start, method="Nelder-Mead", tol=1e-12)
        for start in ([y.mean(), 0.0], [np.median(y), (y[-1] - y[0]) / (x[-1] - x[0])])
    ]
    assert fits["power"].objective <= min(end.fun for end in ends) + 1e-9
    assert fits["power"].objective <= fits["constant"].objective + 1e-12
    assert fits["constant"].objective <= huber(y - np.median(y)).sum() + 1e-12


def test_exponents_of_many_sets_equal_those_of_each():
    losses = 0.6 * np.exp(np.random.default_rng(0).normal(0, 0.03, (50, 3)))
    one_by_one = [by_model(THREE, of_set)["power"].curve.alpha for of_set in losses[:10]]
    assert exponents(THREE, np.log(losses))[:10] == pytest.approx(one_by_one, abs=1e-5)


def test_one_scale_far_off_bends_the_line_less_than_least_squares():
    losses = np.array([0.62, 0.61, 0.60, 0.80])
    least_squares = -np.polyfit(np.log(SCALES), np.log(losses), 1)[0]
    found = exponents(SCALES, np.log(losses)[None])[0]
    assert abs(found) < abs(least_squares)


def test_huber_is_smooth_at_its_bend():
    assert huber(np.array([0.01])) == pytest.approx(0.00005)
    around = huber(HUBER_DELTA + np.array([-1e-9, 1e-9]))
    assert around[1] - around[0] == pytest.approx(2e-9 * HUBER_DELTA, rel=1e-3)


@pytest.mark.parametrize(
    ("parameters", "losses", "message"),
    [
        ([2e6], [0.6], "at least two scales"),
        ([2e6, 2e7], [0.6], "one loss for each"),
        ([2e6, 2e6], [0.6, 0.5], "merge their refits"),
        ([2e6, 2e7], [0.6, 0.0], "above 0"),
        ([2e6, 2e7], [0.6, float("nan")], "finite"),
        ([-2e6, 2e7], [0.6, 0.5], "above 0"),
    ],
)
def test_invalid_parameters_or_losses_are_refused(parameters, losses, message):
    with pytest.raises(DatasetError, match=message):
        fit_curves(np.array(parameters), np.array(losses))


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        (1_822_657, "1.8M"),
        (19_029_505, "19M"),
        (201_769_985, "200M"),
        (2_039_908_609, "2.0B"),
        (227_571, "230k"),
        (999_999, "1.0M"),
        (640, "640"),
    ],
)
def test_parameters_are_written_to_two_digits_with_a_unit(parameters, text):
    assert count(parameters) == text
