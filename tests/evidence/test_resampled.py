from dataclasses import replace

import numpy as np
import pytest

from simmer.base.errors import DatasetError
from simmer.evidence.bootstrap import interval
from simmer.evidence.metrics import log_loss, row_log_losses
from simmer.evidence.noise import parts_of_average
from simmer.evidence.predictions import Predicted, read_predictions
from simmer.evidence.resampled import ResampledLosses
from support.final_predictions import sigmoid, table_and_facts


def losses_of(noise_of_scales, *, horizon_days=1, **options):
    table, _ = table_and_facts(noise_of_scales, **options)
    models = read_predictions(table, "test")
    return models, ResampledLosses(models, base_rate="base_rate", horizon_days=horizon_days)


@pytest.fixture(scope="module")
def usual():
    return losses_of({"2M": 0.3, "20M": 2.0}, refits=5)


def test_means_are_those_of_all_refits_and_rows(usual):
    models, losses = usual
    expected = [log_loss(models["2M"].labels, refit) for refit in models["2M"].probabilities]
    assert losses.refit_losses("2M") == pytest.approx(expected)
    assert losses.mean("2M") == pytest.approx(np.mean(expected))
    assert losses.loss("2M").value == losses.mean("2M")
    assert losses.loss("2M").low < losses.mean("2M") < losses.loss("2M").high


def test_skill_compares_with_the_base_rate_whose_own_skill_is_0(usual):
    models, losses = usual
    skill = losses.skill("2M")
    assert skill.value == pytest.approx(1 - losses.mean("2M") / losses.mean("base_rate"))
    assert skill.low > 0
    assert losses.skill("base_rate").value == losses.skill("base_rate").high == 0
    averaged = log_loss(models["2M"].labels, models["2M"].probabilities.mean(axis=0))
    assert losses.skill("2M", averaged=True).value == pytest.approx(1 - averaged / losses.mean("base_rate"))
    assert losses.skill("logistic_regression", averaged=True) == losses.skill("logistic_regression")


def test_a_difference_has_a_sign_and_its_mirror_image(usual):
    _, losses = usual
    one, other = losses.difference("2M", "20M"), losses.difference("20M", "2M")
    for of_one, of_other in (
        (one.difference, other.difference),
        (one.single_difference, other.single_difference),
    ):
        assert of_one.high < 0 < of_other.low
        assert of_one.value == -of_other.value
    assert one.p_value == other.p_value < 0.01
    assert losses.difference("2M", "2M").p_value == 1.0


def test_differences_of_baselines_equal_the_paired_bootstrap_with_wider_tails(usual):
    models, losses = usual
    pair = ("logistic_regression", "base_rate")
    rows = [row_log_losses(models[name].labels, models[name].probabilities[0]) for name in pair]
    differences = rows[0] - rows[1]
    plain = interval(lambda drawn: differences[drawn].mean(), len(differences), horizon=1, seed=1)
    found = losses.difference(*pair).difference
    assert losses.difference(*pair).single_difference == found
    assert found.value == pytest.approx(plain.estimate)
    width = (found.high - found.low) / (plain.high - plain.low)
    assert 1.0 < width < 1.1


def test_spread_between_refits_widens_the_interval():
    calm = losses_of({"2M": 0.5})[1].loss("2M")
    table, _ = table_and_facts({"2M": 0.5})
    last = (table["refit"] == 2).fillna(False)
    table.loc[last, "probability"] = 1 - table.loc[last, "probability"]
    wild = ResampledLosses(read_predictions(table, "test"), base_rate="base_rate", horizon_days=1).loss("2M")
    assert wild.high - wild.low > 3 * (calm.high - calm.low)


@pytest.mark.parametrize("left", [5, 4, 1])
def test_averages_of_as_many_members_are_compared_and_single_members_with_single_ones(usual, left):
    models = dict(usual[0])
    models["2M"] = replace(models["2M"], probabilities=models["2M"].probabilities[:left])
    labels, others = models["2M"].labels, models["mlp"].probabilities
    found = ResampledLosses(models, base_rate="base_rate", horizon_days=1).difference("2M", "mlp")
    assert (found.members, len(others)) == (left, 5)
    mine, theirs = (one.mean(axis=0) for one in (models["2M"].probabilities, others[:left]))
    assert found.difference.value == pytest.approx(log_loss(labels, mine) - log_loss(labels, theirs))
    single = [np.mean([log_loss(labels, p) for p in of]) for of in (models["2M"].probabilities, others)]
    assert found.single_difference.value == pytest.approx(single[0] - single[1])


def test_a_baseline_with_one_member_equals_any_average_of_it(usual):
    models = dict(usual[0])
    of_one = ResampledLosses(models, base_rate="base_rate", horizon_days=1).difference(
        "2M", "logistic_regression"
    )
    copies = np.repeat(models["logistic_regression"].probabilities, 5, axis=0)
    models["logistic_regression"] = replace(models["logistic_regression"], probabilities=copies)
    of_five = ResampledLosses(models, base_rate="base_rate", horizon_days=1).difference(
        "2M", "logistic_regression"
    )
    assert of_one.difference.value == pytest.approx(of_five.difference.value)
    assert of_one.difference.low == pytest.approx(of_five.difference.low)


def test_each_members_part_in_the_loss_of_the_average():
    labels, members = np.array([1, 0]), np.array([[0.9, 0.2], [0.5, 0.4]])
    alone = [-(np.log(p) + np.log1p(-q)) / 2 for p, q in members]
    together = -(np.log(0.7) + np.log(0.7)) / 2
    found = parts_of_average(labels, members)
    assert found == pytest.approx([2 * together - alone[1], 2 * together - alone[0]])
    assert parts_of_average(labels, members[:1]) == pytest.approx(alone[:1])
    assert np.ptp(parts_of_average(labels, np.repeat(members[:1], 3, axis=0))) < 1e-12


def test_predictions_of_exactly_0_and_1_can_be_averaged():
    certain = np.array([[1.0, 0.0]] * 4 + [[0.3, 0.1]])
    assert np.isfinite(parts_of_average(np.array([1, 0]), certain)).all()


@pytest.mark.long
def test_intervals_of_averages_cover_the_noise_of_members():
    rng = np.random.default_rng(0)

    def drawn(logits):
        # Miscalibrated by the same amount on average; members differ in their level and slope.
        slope, level = 0.7 + 0.1 * rng.normal(size=(5, 1)), 0.3 + 0.15 * rng.normal(size=(5, 1))
        return sigmoid(slope * logits + level + 0.3 * rng.normal(size=(5, len(logits))))

    covered = []
    for _ in range(60):
        logits = -0.8 + rng.normal(size=600)
        labels = (rng.random(600) < sigmoid(logits)).astype(int)
        models = {name: Predicted(name, "transformer", labels, drawn(logits)) for name in ("a", "b")}
        models["base_rate"] = Predicted("base_rate", "baseline", labels, np.full((1, 600), 0.3))
        pair = ResampledLosses(models, base_rate="base_rate", horizon_days=1).difference("a", "b")
        covered.append(pair.difference.low < 0 < pair.difference.high)
    assert np.mean(covered) >= 0.93


@pytest.mark.long
def test_a_detectable_difference_is_mostly_significant():
    # The noise is chosen so that the true difference is about the detectable one.
    options = {"noise_of_baselines": 0.0, "refits": 5}
    found = [losses_of({"2M": 0.8}, **options, seed=seed)[1] for seed in range(40)]
    pairs = [losses.difference("2M", "mlp") for losses in found]
    ratio = np.mean([p.difference.value for p in pairs]) / np.mean([p.detectable for p in pairs])
    seen = np.mean([p.p_value < 0.05 for p in pairs])
    assert 0.7 < ratio < 1.3, "choose another noise"
    assert 0.5 < seen < 1.0


def test_too_short_a_test_split_is_refused():
    with pytest.raises(DatasetError, match=r"has 20 decision rows, in blocks of 5 .* at least 10 blocks"):
        losses_of({"2M": 0.5}, test=20, horizon_days=5)
