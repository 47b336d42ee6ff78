import numpy as np
import pytest

from simmer.base.errors import DatasetError
from simmer.evidence.baseline_inputs import Inputs, Rows, build_inputs, window_summaries, window_volatility
from support.bars import bits
from support.slow_market import CHANNELS, CONTEXT, inputs_of, slow_market


@pytest.fixture(scope="module")
def market():
    return slow_market(400)


def test_inputs_equal_their_definitions(market):
    decision_rows, context = [59, 60, 300], 60
    found = inputs_of(market, decision_rows, context)
    assert found.summaries.shape == (3, CHANNELS * (1 + 3 * 3))
    assert found.volatility.shape == (3, 8)
    for place, row in enumerate(decision_rows):
        window = market["features"][row - context + 1 : row + 1].astype(float)
        expected = [window[-1]]
        for days in (5, 20, 60):
            span = window[-days:]
            expected += [span.mean(axis=0), span.std(axis=0), span[-1] - span[0]]
        np.testing.assert_allclose(found.summaries[place], np.concatenate(expected), atol=1e-12)
        close, high, low = (market[name][row - context + 1 : row + 1] for name in ("close", "high", "low"))
        returns, ranges = np.diff(np.log(close)), np.log(high) - np.log(low)
        sizes = [ranges[-1], *(np.sqrt(np.mean(returns[-days:] ** 2)) for days in (5, 20, 59))]
        sizes += [ranges[-days:].mean() for days in (5, 20, 60)]
        np.testing.assert_allclose(
            found.volatility[place], [abs(returns[-1]), *np.log(sizes)], rtol=1e-9, atol=1e-12
        )


def as_first_published(*, close, high, low, decision_rows, context_days):
    """Compute the inputs of volatility as the first version did, in its order of operations."""

    def windows(values, days):
        views = np.lib.stride_tricks.sliding_window_view(values, days)
        return np.ascontiguousarray(views[decision_rows - (days - 1)])

    def spans(longest):
        return (*(days for days in (5, 20) if days < longest), longest)

    returns, ranges = np.concatenate([[0.0], np.log(close[1:] / close[:-1])]), np.log(high / low)
    sizes = [ranges[decision_rows]]
    sizes += [np.sqrt(np.square(windows(returns, days)).mean(axis=-1)) for days in spans(context_days - 1)]
    sizes += [windows(ranges, days).mean(axis=-1) for days in spans(context_days)]
    return np.column_stack([np.abs(returns[decision_rows]), np.log(np.maximum(np.column_stack(sizes), 1e-6))])


@pytest.mark.parametrize("context", [2, 6, 21, 60, 100])
def test_inputs_of_volatility_are_bit_identical_to_those_published_before(market, context):
    prices = {name: market[name] for name in ("close", "high", "low")}
    asked = {"decision_rows": np.arange(context - 1, 400), "context_days": context}
    assert bits(window_volatility(**prices, **asked)) == bits(as_first_published(**prices, **asked))


@pytest.mark.parametrize("context", [2, 5, 6, 20, 60])
def test_inputs_are_those_of_the_window_and_of_nothing_else(market, context):
    decision_rows = np.array([context - 1, 100, 101, 350])
    before = inputs_of(market, decision_rows, context)
    rng = np.random.default_rng(2)
    for place, row in enumerate(decision_rows):
        changed = {name: values.copy() for name, values in market.items()}
        for values in changed.values():
            values[row + 1 :] *= rng.uniform(0.5, 2, values[row + 1 :].shape).astype(values.dtype)
            values[: row - context + 1] *= np.float32(3)
        after, shorter = inputs_of(changed, [row], context), inputs_of(until(market, row), [row], context)
        for form in ("summaries", "volatility"):
            expected = bits(getattr(before, form)[place : place + 1])
            assert bits(getattr(after, form)) == bits(getattr(shorter, form)) == expected
        changed["features"][row] += 1
        changed["close"][row] *= 1.1
        touched = inputs_of(changed, [row], context)
        assert bits(touched.summaries) != bits(after.summaries)
        assert bits(touched.volatility) != bits(after.volatility)


def until(market, row):
    return {name: values[: row + 1] for name, values in market.items()}


def test_later_days_may_be_missing(market):
    broken = {name: values.copy() for name, values in market.items()}
    for values in broken.values():
        values[101:] = np.nan
    assert bits(inputs_of(broken, [100]).summaries) == bits(inputs_of(market, [100]).summaries)


def test_constant_prices_have_inputs():
    still = np.full(30, 100.0)
    found = window_volatility(
        close=still, high=still, low=still, decision_rows=np.array([25]), context_days=CONTEXT
    )
    assert np.isfinite(found).all()
    assert window_summaries(np.ones((30, 1)), np.array([25]), context_days=CONTEXT).tolist() == [
        [1, 1, 0, 0, 1, 0, 0]
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": np.zeros(50)}, r"features have shape \(50,\)"),
        ({"close": np.ones(49)}, r"close, high and low \[\(49,\)"),
        ({"decision_rows": np.array([18])}, "run from 18 to 18; expected 19 to 49"),
        ({"decision_rows": np.array([-1])}, "run from -1"),
        ({"decision_rows": np.array([30, 50])}, "run from 30 to 50"),
        ({"decision_rows": np.array([], dtype=int)}, "at least one"),
        ({"decision_rows": np.array([30.0])}, "float64"),
        ({"context_days": 1}, "no return"),
        ({"features": np.full((50, 2), np.nan)}, "features: some window has missing"),
        ({"high": np.full(50, np.inf)}, "high: some window has missing"),
        ({"low": np.zeros(50)}, "low: some window has values of 0 or below"),
    ],
)
def test_windows_that_cannot_be_summarised_are_refused(changes, message):
    values = {
        "features": np.ones((50, 2)),
        **{name: np.ones(50) for name in ("close", "high", "low")},
        "decision_rows": np.array([30, 31]),
        "context_days": CONTEXT,
    } | changes
    with pytest.raises(DatasetError, match=message):
        build_inputs(values.pop("features"), **values)


def test_inputs_and_labels_that_do_not_match_are_refused():
    three, two = np.ones((3, 2)), np.ones((2, 2))
    with pytest.raises(DatasetError, match="3 rows of summaries and 2 of volatility"):
        Inputs(three, two)
    with pytest.raises(DatasetError, match="1 values that are not finite"):
        Inputs(three, np.array([[1.0, np.inf]] * 1))
    with pytest.raises(DatasetError, match="one or more of each"):
        Inputs(np.ones((0, 2)), np.ones((0, 2)))
    with pytest.raises(DatasetError, match=r"shape \(2,\); expected one for each of 3"):
        Rows(Inputs(three, three), np.array([0, 1]))
    with pytest.raises(DatasetError, match="other values than 0 and 1"):
        Rows(Inputs(three, three), np.array([0, 1, 2]))
