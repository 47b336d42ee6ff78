import numpy as np
import pytest

from simmer.base.errors import DatasetError
from simmer.evidence.bootstrap import interval
from simmer.evidence.metrics import log_loss, row_log_losses
from simmer.evidence.predictions import read_predictions
from simmer.evidence.resampled import ResampledLosses
from support.final_predictions import table_and_facts


def losses_of(noise_of_scales, *, horizon_days=1, **options):
    table, _ = table_and_facts(noise_of_scales, **options)
    models = read_predictions(table, "test")
    return models, ResampledLosses(models, prior="base_rate", horizon_days=horizon_days)


@pytest.fixture(scope="module")
def usual():
    return losses_of({"2M": 0.3, "20M": 1.2})


def test_means_are_those_of_all_refits_and_rows(usual):
    models, losses = usual
    expected = [log_loss(models["2M"].labels, refit) for refit in models["2M"].probabilities]
    assert losses.seed_losses("2M") == pytest.approx(expected)
    assert losses.mean("2M") == pytest.approx(np.mean(expected))
    assert losses.loss("2M").value == losses.mean("2M")
    assert losses.loss("2M").low < losses.mean("2M") < losses.loss("2M").high


def test_skill_is_against_the_prior_which_has_none_itself(usual):
    _, losses = usual
    skill = losses.skill("2M")
    assert skill.value == pytest.approx(1 - losses.mean("2M") / losses.mean("base_rate"))
    assert skill.low > 0
    assert losses.skill("base_rate").value == losses.skill("base_rate").high == 0


def test_a_difference_has_a_sign_and_its_mirror_image(usual):
    _, losses = usual
    one, other = losses.difference("2M", "20M"), losses.difference("20M", "2M")
    assert one.difference.high < 0 < other.difference.low
    assert one.difference.value == -other.difference.value
    assert one.p_value == other.p_value < 0.01
    assert losses.difference("2M", "2M").p_value == 1.0


def test_baselines_differ_as_the_paired_bootstrap_says_with_fairer_tails(usual):
    models, losses = usual
    rows = [
        row_log_losses(models[name].labels, models[name].probabilities[0]) for name in ("mlp", "base_rate")
    ]
    differences = rows[0] - rows[1]
    plain = interval(lambda drawn: differences[drawn].mean(), len(differences), horizon=1, seed=1)
    found = losses.difference("mlp", "base_rate").difference
    assert found.value == pytest.approx(plain.estimate)
    width = (found.high - found.low) / (plain.high - plain.low)
    assert 1.0 < width < 1.1


def test_spread_between_refits_widens_the_interval():
    calm = losses_of({"2M": 0.5})[1].loss("2M")
    table, _ = table_and_facts({"2M": 0.5})
    last = (table["refit"] == 2).fillna(False)
    table.loc[last, "probability"] = 1 - table.loc[last, "probability"]
    wild = ResampledLosses(read_predictions(table, "test"), prior="base_rate", horizon_days=1).loss("2M")
    assert wild.high - wild.low > 3 * (calm.high - calm.low)


@pytest.mark.long
def test_a_difference_as_large_as_is_said_to_be_detectable_is_mostly_seen():
    # The noise is chosen so that the true difference is about what such data can show.
    found = [losses_of({"2M": 0.62}, noise_of_baselines=0.0, seed=seed)[1] for seed in range(40)]
    pairs = [losses.difference("2M", "mlp") for losses in found]
    ratio = np.mean([p.difference.value for p in pairs]) / np.mean([p.detectable for p in pairs])
    seen = np.mean([p.p_value < 0.05 for p in pairs])
    assert 0.7 < ratio < 1.3, "choose another noise"
    assert 0.5 < seen < 1.0


def test_too_short_a_test_split_is_refused():
    with pytest.raises(DatasetError, match=r"has 20 decision rows, in blocks of 5 .* at least 10 blocks"):
        losses_of({"2M": 0.5}, test=20, horizon_days=5)
