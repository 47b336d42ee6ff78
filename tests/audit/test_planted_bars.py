import numpy as np
import pytest

from simmer.audit.planted_bars import CHANCE_AFTER, planted_bars
from simmer.data.bars import check_bars
from simmer.features.labels import LabelSpec, label
from support.bars import bits, session_bars

DAYS = session_bars(4_000)["Date"].to_numpy()


def labels_of(bars, threshold, basis):
    spec = LabelSpec(horizon_days=1, threshold=threshold, basis=basis)
    return label(bars["High"].to_numpy(), bars["Close"].to_numpy(), spec)


@pytest.mark.parametrize("kind", ["index", "etf"])
def test_planted_bars_pass_every_rule_for_bars(kind):
    planted = planted_bars(DAYS, threshold=0.01, seed=1)
    assert check_bars(planted.bars, file_name="planted", kind=kind, calendar="XNYS") == []


@pytest.mark.parametrize("threshold", [0.0, 0.002, 0.01, 0.05])
def test_labels_of_both_bases_have_the_stated_probabilities(threshold):
    planted = planted_bars(DAYS, threshold=threshold, seed=2)
    labels = labels_of(planted.bars, threshold, "high")
    assert np.array_equal(labels, labels_of(planted.bars, threshold, "close"))
    for chance in CHANCE_AFTER:
        found = labels[planted.chance[:-1] == chance]
        assert abs(found.mean() - chance) < 4 * np.sqrt(chance * (1 - chance) / len(found))


def test_only_the_decision_row_is_informative():
    planted = planted_bars(DAYS, threshold=0.01, seed=3)
    rising = (planted.bars["Close"] > planted.bars["Open"]).to_numpy()
    assert np.array_equal(planted.chance, np.where(rising, CHANCE_AFTER[1], CHANCE_AFTER[0]))
    labels = labels_of(planted.bars, 0.01, "high")
    for lag in (1, 2, 5):
        earlier, later = rising[: len(labels) - lag], labels[lag:]
        assert abs(later[earlier].mean() - later[~earlier].mean()) < 0.06
    assert labels[rising[:-1]].mean() - labels[~rising[:-1]].mean() > 0.4


def test_prices_do_not_drift_away():
    closes = [planted_bars(DAYS, threshold=0.01, seed=seed).bars["Close"].iat[-1] for seed in range(30)]
    assert abs(np.log(closes).mean() - np.log(1000.0)) < 4 * 0.0115 * np.sqrt(len(DAYS) / 30)


def test_the_same_seed_gives_the_same_bars():
    one, same, other = (planted_bars(DAYS, threshold=0.01, seed=seed) for seed in (1, 1, 2))
    assert bits(one.bars["High"].to_numpy()) == bits(same.bars["High"].to_numpy())
    assert not np.array_equal(one.chance, other.chance)
