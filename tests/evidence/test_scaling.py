import json
from collections import Counter
from dataclasses import asdict, astuple, replace

import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student

from simmer.base.errors import DatasetError
from simmer.evidence.noise import SEARCH_SHARE, row_widening
from simmer.evidence.scaling import PRACTICAL_SHARE, ScaleLosses, assess, findings
from simmer.evidence.scaling_verdict import judge
from support.scaling_results import SCALES, Noise, draw

QUICK = Noise(n_resamples=300)


def constant(parameters):
    return np.full(len(parameters), 0.6)


def power(alpha, floor=0.0):
    return lambda parameters: floor + (0.62 - floor) * (parameters / SCALES[0]) ** -alpha


def one_draw(law=constant, seed=0, **changes):
    return draw(law, np.random.default_rng(seed), **changes)


def shares(law, draws, *, seed=0, search_share=SEARCH_SHARE, **changes):
    rng = np.random.default_rng(seed)
    found = Counter(
        judge(findings(draw(law, rng, **changes), search_share=search_share)).name for _ in range(draws)
    )
    return {verdict: found[verdict] / draws for verdict in ("law", "none", "reverse", "undetermined")}


@pytest.mark.parametrize(("n_scales", "days"), [(4, 1), (3, 1), (3, 5)])
def test_constant_losses_rarely_give_a_law(n_scales, days):
    found = shares(constant, 300, noise=replace(QUICK, overlap=days), scales=SCALES[:n_scales])
    assert found["law"] < 0.05
    assert found["reverse"] < 0.05
    assert found["none"] == 0  # differences of 0.003 cannot be excluded with a standard error of 0.01


@pytest.mark.parametrize(
    "law", [power(0.02), power(0.05), power(0.3, floor=0.45)], ids=["power 0.02", "power 0.05", "floor"]
)
def test_a_strong_law_is_found(law):
    assert shares(law, 25, noise=QUICK)["law"] >= 0.9
    assert shares(law, 25, noise=QUICK, scales=SCALES[:3])["law"] >= 0.9


def test_a_strong_reverse_is_found():
    assert shares(power(-0.02), 25, noise=QUICK)["reverse"] >= 0.9


@pytest.mark.parametrize(("alpha", "wrong"), [(0.002, "reverse"), (-0.002, "law")])
def test_a_weak_effect_stays_undetermined_and_hardly_ever_gets_the_wrong_sign(alpha, wrong):
    found = shares(power(alpha), 120, noise=QUICK, scales=SCALES[:3])
    assert found["undetermined"] > 0.8
    assert found[wrong] < 0.025


def test_the_verdict_none_needs_small_noise():
    small = replace(QUICK, correlation=0.9997, seed_sd=0.0005)
    assert shares(constant, 60, noise=small)["none"] > 0.75
    # Twice the practical minimum with little noise: a law.
    falling = lambda _: np.array([0.6065, 0.605, 0.602, 0.600])  # noqa: E731
    assert shares(falling, 60, noise=small, search_share=0.0)["law"] > 0.9
    # But within the noise between searches of one scale: no law.
    assert shares(falling, 60, noise=small)["law"] < 0.05


@pytest.mark.long
@pytest.mark.parametrize(("correlation", "wrong"), [(0.9, 0.05), (0.98, 0.07)])
def test_noise_between_searches_rarely_gives_a_law(correlation, wrong):
    noise = replace(QUICK, correlation=correlation, search_sd=SEARCH_SHARE * 0.65)
    found = shares(constant, 300, noise=noise)
    assert found["law"] + found["reverse"] < wrong
    unaware = shares(constant, 300, noise=noise, search_share=0.0)
    assert unaware["law"] + unaware["reverse"] > found["law"] + found["reverse"]


def test_a_best_scale_in_the_middle_is_no_law():
    found = shares(lambda _: np.array([0.63, 0.54, 0.55, 0.61]), 40, noise=QUICK)
    assert found["law"] == 0
    assert found["reverse"] == 0
    reason = assess(one_draw(lambda _: np.array([0.63, 0.54, 0.55, 0.61]), noise=QUICK)).verdict.reason
    assert "the loss both falls and rises beyond noise" in reason


def test_losses_that_fall_towards_the_base_rate_are_no_law():
    falling = lambda _: np.array([0.75, 0.71, 0.68, 0.65])  # noqa: E731
    found = assess(one_draw(falling, noise=QUICK))
    assert found.findings.change.change.high < -0.05
    assert found.verdict.name == "undetermined"
    assert "the largest scale does not beat the base rate, skill" in found.verdict.reason


def test_more_horizons_widen_the_intervals():
    losses = one_draw(power(0.01), noise=Noise(n_resamples=1000))
    alone, of_three = findings(losses), findings(losses, comparisons=3)
    assert alone.level == 0.95
    assert of_three.level == pytest.approx(1 - 0.05 / 3)
    ratio = (of_three.change.change.high - of_three.change.change.low) / (
        alone.change.change.high - alone.change.change.low
    )
    assert ratio == pytest.approx(norm.ppf(1 - 0.05 / 6) / norm.ppf(0.975), rel=0.08)
    assert "98.3 %" in judge(of_three).reason


def test_two_scales_state_their_difference_and_no_law():
    found = assess(one_draw(power(0.1), noise=QUICK, scales=SCALES[:2]))
    assert found.verdict.name == "undetermined"
    assert found.verdict.reason.startswith(
        "undetermined: from 2.0M to 20M parameters the test log-loss changes by -0.1"
    )
    assert "there are 2 scales, and a law needs at least 3" in found.verdict.reason


def test_what_all_models_share_on_a_row_cancels_in_differences():
    losses = one_draw(power(0.02), noise=QUICK)
    shared = np.random.default_rng(1).normal(0, 0.05, len(losses.resampled))
    shaken = replace(
        losses,
        resampled=losses.resampled + shared[:, None],
        resampled_base_rate=losses.resampled_base_rate + shared,
    )
    for before, after in zip(findings(losses).differences, findings(shaken).differences, strict=True):
        assert astuple(after.change) == pytest.approx(astuple(before.change), abs=1e-9)


def test_the_order_of_scales_does_not_matter():
    losses = one_draw(power(0.02), noise=QUICK)
    order = [2, 0, 3, 1]
    shuffled = replace(
        losses,
        parameters=[losses.parameters[scale] for scale in order],
        refit_losses=[losses.refit_losses[scale] for scale in order],
        resampled=losses.resampled[:, order],
    )
    assert assess(shuffled) == assess(losses)


def exact(of_refits, n_resamples=20_000, **changes):
    """Return losses without noise between rows."""
    means = [np.mean(of_scale) for of_scale in of_refits]
    return ScaleLosses(
        **{
            "parameters": SCALES[: len(means)],
            "refit_losses": of_refits,
            "resampled": np.tile(means, (n_resamples, 1)),
            "base_rate_loss": 0.65,
            "resampled_base_rate": np.full(n_resamples, 0.65),
            "decisions": 700,
            "mean_block": 9.0,
            "horizon": 1,
        }
        | changes
    )


def test_noise_between_refits_alone_gives_the_interval_of_student():
    of_small = [0.60, 0.61, 0.59, 0.605, 0.595]
    found = findings(exact([of_small, [0.6] * 5]), search_share=0.0)
    half_width = student.ppf(0.975, 4) * np.std(of_small, ddof=1) / np.sqrt(5)
    assert found.change.change.high == pytest.approx(half_width, rel=0.05)
    assert found.change.change.low == pytest.approx(-half_width, rel=0.05)
    # Skill is 1 - the ratio of losses, and the base rate has no noise between refits.
    assert found.skills[0].high - found.skills[0].value == pytest.approx(half_width / 0.65, rel=0.05)
    assert found.skills[1].low == found.skills[1].high == pytest.approx(1 - 0.6 / 0.65)


def test_the_detectable_change_is_found_with_80_percent_power():
    detectable = findings(one_draw(noise=QUICK)).detectable
    falls = lambda parameters: 0.62 - detectable * np.log10(parameters / SCALES[0]) / 3  # noqa: E731
    assert 0.7 < shares(falls, 100, noise=QUICK)["law"] < 0.9


def test_without_noise_the_detectable_change_is_the_practical_minimum():
    found = findings(exact([[0.6] * 3] * 3), search_share=0.0)
    assert found.detectable == pytest.approx(PRACTICAL_SHARE * 0.65)
    assert judge(found).name == "none"


def test_a_significant_change_below_the_practical_minimum_is_no_law():
    means = [0.603, 0.602, 0.601]
    found = findings(exact([[mean] * 3 for mean in means]), search_share=0.0)
    assert found.change.change.high < 0
    assert judge(found).name == "none"
    # Less than the minimum at the ends, more in the middle.
    assert (
        judge(findings(exact([[mean] * 3 for mean in (0.603, 0.597, 0.601)]), search_share=0.0)).name
        == "undetermined"
    )


def test_too_few_refits_or_too_small_a_span_give_the_verdict_undetermined():
    falling = [[0.62] * 5, [0.58] * 5, [0.55] * 5]
    assert judge(findings(exact(falling))).name == "law"
    two_refits = judge(findings(exact([*falling[:2], [0.55] * 2])))
    assert two_refits.name == "undetermined"
    assert "200M has 2 refits, and every scale needs at least 3" in two_refits.reason
    narrow = judge(findings(exact(falling, parameters=[2e6, 4e6, 8e6])))
    assert narrow.name == "undetermined"
    assert "4 times the parameters" in narrow.reason


def test_the_reason_names_a_scale_on_which_the_law_depends():
    small = replace(QUICK, correlation=0.9995, seed_sd=0.0005)
    found = assess(one_draw(lambda _: np.array([0.615, 0.605, 0.605, 0.605]), noise=small), search_share=0.0)
    assert found.verdict.name == "law"
    assert found.findings.leans_on == (2e6,)
    assert "though without 2.0M it may be 0" in found.verdict.reason
    assert assess(one_draw(power(0.05), noise=QUICK)).findings.leans_on == ()


def test_reasons_contain_the_figures():
    found = assess(one_draw(noise=QUICK))
    change = found.findings.change.change
    assert found.verdict.reason == (
        f"undetermined: from 2.0M to 2.0B parameters the test log-loss changes by {change.value:+.3f} "
        f"(95 % {change.low:+.3f} to {change.high:+.3f}); a change of {found.findings.detectable:.3f} would "
        "be detected with 80 % power"
    )
    law = assess(one_draw(power(0.05), noise=QUICK))
    exponent = law.findings.exponent
    assert law.verdict.reason.endswith(
        f"exponent {exponent.value:.4f} ({exponent.low:.4f} to {exponent.high:.4f})"
    )
    json.dumps(asdict(law), allow_nan=False)


def test_scales_without_skill_are_named():
    worse = assess(one_draw(lambda _: np.array([0.65, 0.70, 0.75, 0.80]), noise=QUICK)).verdict
    assert worse.name == "reverse"
    assert worse.reason.endswith("no scale beats the base rate")


@pytest.mark.parametrize(
    ("horizon", "mean_block", "expected"),
    [
        (1, 10, np.sqrt(70 / 68) * student.ppf(0.975, 70) / norm.ppf(0.975)),
        # Blocks of single rows lose the overlap, which makes the variance of a mean five times larger.
        (5, 1, np.sqrt(5 * 700 / 698) * student.ppf(0.975, 700) / norm.ppf(0.975)),
        # 1 + 2 * 0.5 over 1 + 2 * 0.5 * 0.9
        (2, 10, np.sqrt(2 / 1.9 * 70 / 68) * student.ppf(0.975, 70) / norm.ppf(0.975)),
    ],
)
def test_row_widening_by_hand(horizon, mean_block, expected):
    assert row_widening(700, mean_block, horizon, 0.05) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parameters": [2e6, 2e7]}, "one number for each"),
        ({"parameters": [2e6, 2e6, 2e8]}, "same counted parameters"),
        ({"parameters": [2e6, 2e7, float("nan")]}, "not all finite"),
        ({"refit_losses": [[0.6] * 5] * 4}, "one number for each"),
        ({"refit_losses": [[0.6] * 5, [0.6] * 5, []]}, "no refits"),
        ({"refit_losses": [[0.6] * 5, [0.6] * 5, [0.6, float("inf")]]}, "not all finite"),
        ({"refit_losses": [[0.6] * 5, [0.6] * 5, [0.7] * 5]}, "outside the range of their resamples"),
        ({"resampled": np.full((20_000, 2), 0.6)}, "resamples x 3 scales"),
        (
            {"resampled": np.full((100, 3), 0.6), "resampled_base_rate": np.full(100, 0.65)},
            "draw at least 200",
        ),
        ({"resampled_base_rate": np.full(7, 0.65)}, "same resamples of the base rate"),
        ({"base_rate_loss": 0.0}, "above 0"),
        ({"mean_block": 71.0}, "at least 10 blocks"),
        ({"horizon": 0}, "at least 1 day"),
    ],
)
def test_inconsistent_losses_are_refused(changes, message):
    with pytest.raises(DatasetError, match=message):
        findings(exact([[0.6] * 5] * 3, **changes))


def test_comparisons_count_this_horizon():
    with pytest.raises(DatasetError, match="at least one"):
        findings(exact([[0.6] * 5] * 3), comparisons=0)
