import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmer.base.errors import ConfigError, DatasetError
from simmer.features.labels import LabelSpec, label, threshold_for
from support.bars import bundled_bars

price = st.integers(min_value=90, max_value=110).map(float)
series = st.lists(st.tuples(price, price), min_size=2, max_size=40)


def brute_force(high, close, spec):
    answers = []
    for today in range(len(close)):
        if today + spec.horizon_days >= len(close):
            break
        answer = 0
        for ahead in range(1, spec.horizon_days + 1):
            reached = (high if spec.basis == "high" else close)[today + ahead]
            if reached >= close[today] * (1 + spec.threshold):
                answer = 1
        answers.append(answer)
    return answers


@given(
    series,
    st.integers(1, 12),
    st.sampled_from([0.0, 0.01, 0.05, 0.1]),
    st.sampled_from(["high", "close"]),
)
def test_labels_equal_a_plain_loop(prices, horizon, threshold, basis):
    high, close = np.array(prices).T
    spec = LabelSpec(horizon, threshold, basis)
    if len(close) <= horizon:
        with pytest.raises(DatasetError, match="use a longer series"):
            label(high, close, spec)
        return
    found = label(high, close, spec)
    assert found.dtype == np.int8
    assert found.tolist() == brute_force(high, close, spec)


def test_today_does_not_count_and_the_last_day_of_the_horizon_does():
    close = np.array([100.0, 100.0, 100.0, 100.0, 100.0])
    high = np.array([200.0, 100.0, 100.0, 102.0, 100.0])
    assert label(high, close, LabelSpec(2, 0.02, "high")).tolist() == [0, 1, 1]
    assert label(high, close, LabelSpec(3, 0.02, "high")).tolist() == [1, 1]
    assert label(high, close, LabelSpec(1, 0.02, "high")).tolist() == [0, 0, 1, 0]
    assert label(high, close, LabelSpec(1, 0.02, "close")).tolist() == [0, 0, 0, 0]


def test_reaching_the_threshold_exactly_is_enough():
    close = np.array([100.0, 101.0])
    assert label(close, close, LabelSpec(1, 0.01, "close")).tolist() == [1]
    assert label(close, np.array([100.0, 100.99]), LabelSpec(1, 0.01, "close")).tolist() == [0]


def test_the_high_basis_finds_at_least_what_the_close_basis_finds():
    bars = bundled_bars()
    high, close = bars["High"].to_numpy(), bars["Close"].to_numpy()
    by_high, by_close = (label(high, close, LabelSpec(3, 0.01, basis)) for basis in ("high", "close"))
    assert (by_high >= by_close).all()
    assert by_high.sum() > by_close.sum()


@pytest.mark.parametrize("basis", ["high", "close"])
@pytest.mark.parametrize("threshold", [0.0, 0.01, 0.03])
def test_base_rates_rise_with_the_horizon_on_real_bars(basis, threshold):
    bars = bundled_bars()
    high, close = bars["High"].to_numpy(), bars["Close"].to_numpy()
    rates = [label(high, close, LabelSpec(h, threshold, basis))[:5000].mean() for h in (1, 2, 3, 5, 10)]
    assert all(np.diff(rates) > 0)


@pytest.mark.parametrize("horizon", [0, -1, 1.0, True, "3", None, 251])
def test_an_invalid_horizon_is_refused(horizon):
    with pytest.raises(ConfigError, match="horizon is"):
        LabelSpec(horizon, 0.01, "high")


@pytest.mark.parametrize("threshold", [-0.01, 1.0, 5, float("nan"), float("inf"), "1%", True, None])
def test_an_invalid_threshold_is_refused(threshold):
    with pytest.raises(ConfigError, match="threshold is"):
        LabelSpec(1, threshold, "high")


def test_an_unknown_basis_is_refused():
    with pytest.raises(ConfigError, match="basis is 'low'; expected one of high, close"):
        LabelSpec(1, 0.01, "low")


def test_standardised_or_missing_prices_are_refused():
    good = np.array([100.0, 101.0, 102.0])
    for bad in ([100.0, np.nan, 1.0], [100.0, -0.5, 1.0], [0.0, 1.0, 1.0], [100.0, np.inf, 1.0]):
        for high, close in ((good, np.array(bad)), (np.array(bad), good)):
            with pytest.raises(DatasetError, match="raw prices"):
                label(high, close, LabelSpec(1, 0.01, "high"))
    with pytest.raises(DatasetError, match="equally long"):
        label(good[:2], good, LabelSpec(1, 0.01, "high"))


@pytest.mark.parametrize("basis", ["high", "close"])
@pytest.mark.parametrize("base_rate", [0.1, 0.3])
def test_a_suggested_threshold_gives_about_that_base_rate(basis, base_rate):
    high, close = (bundled_bars()[name].to_numpy() for name in ("High", "Close"))
    threshold = threshold_for(high, close, LabelSpec(3, 0.9, basis), base_rate=base_rate)
    assert label(high, close, LabelSpec(3, threshold, basis)).mean() == pytest.approx(base_rate, abs=0.01)


def test_a_suggested_threshold_is_never_negative():
    falling = np.linspace(200.0, 100.0, 50)
    assert threshold_for(falling, falling, LabelSpec(1, 0.9, "close"), base_rate=0.3) == 0.0
