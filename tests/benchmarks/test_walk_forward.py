"""The walk-forward sets: parts in order, purged, and without any day of the sealed test split."""

import numpy as np
import pytest

from recipe_variants import VARIANTS
from support.bars import bundled_table
from support.configs import default_config
from walk_forward import FOLDS, SETS, TICKERS, WalkForwardSet, days_before_test

PARTS = ("train", "validation", "test")


def dataset_of(one, variant="shipped"):
    return one.dataset(VARIANTS[variant].config(one).dataset)


def first_test_day(ticker):
    table = bundled_table(ticker)
    shipped = default_config().dataset.build(table, 1)
    return table["Date"].to_numpy()[shipped.borders[1]]


@pytest.mark.parametrize("one", SETS, ids=lambda one: one.name)
def test_parts_are_ordered_and_no_label_reaches_into_the_next(one):
    dataset = dataset_of(one)
    ends = (*dataset.borders, len(dataset.dates))
    starts = (dataset.context_days - 1, *dataset.borders)
    for part, start, end in zip(PARTS, starts, ends, strict=True):
        rows = dataset.decision_rows(part)
        assert rows.tolist() == list(range(start, end - one.horizon_days))
    assert min(len(dataset.decision_rows(part)) for part in PARTS[1:]) > 400


@pytest.mark.parametrize("one", SETS, ids=lambda one: one.name)
def test_parts_end_on_the_days_of_the_fold(one):
    dataset = dataset_of(one)
    last_rows = [border - 1 for border in (*dataset.borders, len(dataset.dates))]
    assert dataset.dates[last_rows].tolist() == one.last_days().tolist()


@pytest.mark.parametrize("one", SETS, ids=lambda one: one.name)
def test_no_table_has_a_day_of_the_sealed_test_split(one):
    for variant in ("shipped", "pooled", "four scales"):
        for table in one.tables(VARIANTS[variant].config(one).dataset):
            assert table["Date"].max() <= one.last_days()[-1] < first_test_day(one.ticker)


@pytest.mark.parametrize("ticker", TICKERS)
def test_folds_walk_forward_by_one_block_up_to_the_sealed_days(ticker):
    ends = np.stack([WalkForwardSet(ticker, 1, fold).last_days() for fold in FOLDS])
    assert (ends[1:, :2] == ends[:-1, 1:]).all()
    days = days_before_test(ticker)
    assert ends[-1, -1] == days[-1]
    blocks = np.diff(np.searchsorted(days, ends), axis=1) / len(days) * 8.5
    np.testing.assert_allclose(blocks, 1, atol=0.003)


@pytest.mark.parametrize("variant", ["no volatility columns", "pooled", "sliding patches"])
def test_a_variant_is_scored_on_the_same_days_and_labels(variant):
    for one in SETS[::5]:
        shipped, changed = dataset_of(one), dataset_of(one, variant)
        for part in PARTS[1:]:
            days = [data.dates[data.decision_rows(part)].tolist() for data in (shipped, changed)]
            assert days[0] == days[1]
            assert shipped.labels_of(part).tolist() == changed.labels_of(part).tolist()


def test_pooling_adds_only_train_windows_of_the_other_series():
    one = WalkForwardSet("IXIC", 5, 2)
    (pooled,) = dataset_of(one, "pooled").pooled
    assert pooled.ticker == "GSPC"
    assert pooled.dates[-1] < one.last_days()[0]
