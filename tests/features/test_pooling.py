"""Windows of pooled tickers are in train only, scaled by themselves, and end before validation begins."""

import numpy as np
import pandas as pd
import pytest

from simmer.base.errors import DatasetError
from simmer.features.columns import A25_COLUMNS
from simmer.features.dataset import build_dataset, describe
from simmer.features.indicators import build_a25
from simmer.features.labels import LabelSpec, label
from simmer.features.splits import SplitSpec
from support.bars import bits, bundled_bars

CONTEXT = 60
COLUMNS = list(A25_COLUMNS)


@pytest.fixture(scope="module")
def own():
    return build_a25(bundled_bars()).frame


@pytest.fixture(scope="module")
def other():
    """The table of a ticker whose exchange is closed on every fortieth day."""
    bars = bundled_bars("IXIC")
    return build_a25(bars[np.arange(len(bars)) % 40 > 0].reset_index(drop=True)).frame


def build(own, *, horizon=1, threshold=0.01, test="open", **pool):
    return build_dataset(
        own,
        label=LabelSpec(horizon, threshold, "high"),
        split=SplitSpec(0.70, 0.15),
        context_days=CONTEXT,
        feature_columns=A25_COLUMNS,
        min_validation_decisions=400,
        test=test,
        pool=pool,
    )


def pooled(own, other, **options):
    (part,) = build(own, IXIC=other, **options).pooled
    return part


@pytest.mark.parametrize("horizon", [1, 2, 5, 20])
def test_a_window_counts_if_its_label_ends_before_validation_begins(own, other, horizon):
    dataset = build(own, horizon=horizon, IXIC=other)
    (part,) = dataset.pooled
    border, days = dataset.dates[dataset.borders[0]], other["Date"].to_numpy()
    expected = [t for t in range(CONTEXT - 1, len(days) - horizon) if days[t + horizon] < border]
    assert part.decision_rows.tolist() == expected
    assert part.decision_rows.dtype == np.int64
    assert bits(part.dates) == bits(days[: expected[-1] + 1])


def test_labels_come_from_its_own_raw_prices(own, other):
    part = pooled(own, other, horizon=3)
    expected = label(other["High"].to_numpy(), other["Close"].to_numpy(), LabelSpec(3, 0.01, "high"))
    assert bits(part.labels) == bits(expected[part.decision_rows])


def test_it_is_scaled_by_its_own_train_rows(own, other):
    part = pooled(own, other, horizon=5)
    rows = part.decision_rows[-1] + 1
    values = other[COLUMNS].to_numpy()[:rows]
    np.testing.assert_allclose(part.mean, values.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(part.std, values.std(axis=0), rtol=1e-9)
    assert len(part.features) == len(part.price_relative) == rows
    for form in ("train_scaled", "price_relative"):
        np.testing.assert_allclose(part.inputs(form).astype(np.float64).mean(axis=0), 0, atol=1e-4)
        np.testing.assert_allclose(part.inputs(form).astype(np.float64).std(axis=0), 1, atol=1e-4)


@pytest.mark.parametrize("horizon", [1, 5])
def test_its_rows_from_validation_on_change_nothing(own, other, horizon):
    dataset = build(own, horizon=horizon, IXIC=other)
    border = dataset.dates[dataset.borders[0]]
    first = int((other["Date"].to_numpy() < border).sum())
    before = dataset.pooled[0]

    def differing_from(row):
        found = set()
        for factor in (0.5, 1.5):
            changed = other.copy()
            changed.loc[row:, COLUMNS] *= factor
            after = pooled(own, changed, horizon=horizon)
            arrays = ("dates", "features", "mean", "std", "price_relative", "decision_rows", "labels")
            found |= {name for name in arrays if bits(getattr(after, name)) != bits(getattr(before, name))}
        return found

    assert differing_from(first) == set()
    assert differing_from(first - horizon) == {"labels"}, "the days that only the last label uses"
    assert {"mean", "std", "features", "price_relative"} <= differing_from(first - horizon - 1)


def test_the_study_s_own_splits_and_facts_are_the_same_with_pooling(own, other):
    alone, together = build(own, horizon=3), build(own, horizon=3, IXIC=other)
    assert alone.pooled == ()
    for name, value in vars(alone).items():
        if isinstance(value, np.ndarray):
            assert bits(getattr(together, name)) == bits(value), name
    assert describe(together) == describe(alone)


def test_it_has_no_row_of_validation_whatever_is_open(own, other):
    for test in ("sealed", "inputs", "open"):
        dataset = build(own, test=test, IXIC=other)
        assert dataset.pooled[0].dates[-1] < dataset.dates[dataset.borders[0]]


def test_facts_of_the_windows(own, other):
    part = pooled(own, other)
    facts = part.facts()
    assert facts["n"] == len(part.labels)
    assert (facts["first_date"], facts["last_date"]) == ("2000-01-21", "2013-04-23")
    assert facts["base_rate"] == pytest.approx(facts["positives"] / facts["n"])


def test_several_tickers_keep_their_order(own, other):
    dataset = build(own, B=other, A=own)
    assert [part.ticker for part in dataset.pooled] == ["B", "A"]
    assert bits(dataset.pooled[1].features) == bits(dataset.features[: dataset.train[-1] + 1])
    assert bits(dataset.pooled[1].labels) == bits(dataset.labels_of("train"))


def late(other):
    return other[other["Date"] > pd.Timestamp("2013-04-01")].reset_index(drop=True)


def flat(other):
    return other.assign(Close=1.0, High=1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (late, r"IXIC has no train window before 2013-04-25, .* from 2013-04-02 to 2018-12-"),
        (flat, r"IXIC has \d+ train windows of which 0 are positive; expected both classes"),
        (lambda other: other.assign(rsi_daily=50.0), "IXIC: rsi_daily is constant"),
        (lambda other: other.assign(obv=np.nan), "IXIC: obv of 1999-.* is nan"),
        (lambda other: other.drop(columns="obv"), r"IXIC: the table lacks \['obv'\]"),
    ],
)
def test_a_ticker_that_adds_nothing_to_learn_from_is_refused(own, other, change, message):
    with pytest.raises(DatasetError, match=rf"dataset\.pool: {message}"):
        pooled(own, change(other))
