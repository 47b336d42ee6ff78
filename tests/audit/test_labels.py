from dataclasses import replace

import numpy as np
import pytest

from simmer.audit.labels import border_days, check_base_rate, check_borders, check_labels, check_splits
from simmer.base.checks import CheckStatus
from support.audited import HORIZONS, SETTINGS


@pytest.mark.parametrize("days", HORIZONS)
def test_correct_labels_and_splits_pass(datasets, raw, days):
    dataset = datasets[days]
    labels, borders, splits = check_labels(dataset, raw), check_borders(dataset, raw), check_splits(dataset)
    assert [check.status for check in (labels, borders, splits)] == [CheckStatus.OK] * 3
    assert labels.source == f"{len(dataset.train) + len(dataset.validation)} labels"
    assert splits.measured == f"in order, {days} purged"


def test_labels_of_closes_pass_as_well(table, raw):
    dataset = replace(SETTINGS, basis="close").build(table, 3)
    assert check_labels(dataset, raw).status is CheckStatus.OK


def test_one_wrong_label_is_found_and_named(datasets, raw):
    dataset = datasets[3]
    labels, row = dataset.labels.copy(), dataset.validation[7]
    labels[row] ^= 1
    check = check_labels(replace(dataset, labels=labels), raw)
    assert (check.status, check.measured) == (CheckStatus.FAIL, 1)
    assert str(dataset.dates[row].astype("datetime64[D]")) in check.fix


@pytest.mark.parametrize("other", [{"horizon_days": 4}, {"basis": "close"}, {"threshold": 0.02}])
def test_labels_of_another_horizon_basis_or_threshold_fail(datasets, raw, other):
    dataset = datasets[3]
    asked = replace(dataset, label_spec=replace(dataset.label_spec, **other))
    assert check_labels(asked, raw).status is CheckStatus.FAIL


def test_labels_of_centred_prices_fail(datasets, raw):
    centred = raw.bars.assign(Close=raw.bars["Close"] - raw.bars["Close"].mean())
    assert check_labels(datasets[1], replace(raw, bars=centred)).status is CheckStatus.FAIL


@pytest.mark.parametrize("split", ["train", "validation"])
@pytest.mark.parametrize("days", [1, 5])
def test_a_label_that_crosses_a_border_fails(datasets, raw, split, days):
    dataset = datasets[days]
    rows = dataset.decision_rows(split)
    longer = replace(dataset, **{split: np.append(rows, rows[-1] + 1)})
    check = check_borders(longer, raw)
    assert (check.status, check.measured) == (CheckStatus.FAIL, 1)
    assert check_splits(longer).status is CheckStatus.FAIL


def test_splits_that_overlap_are_swapped_or_have_gaps_fail(datasets):
    dataset = datasets[1]
    for changed in (
        replace(dataset, validation=np.append(dataset.train[-5:], dataset.validation)),
        replace(dataset, train=dataset.validation, validation=dataset.train),
        replace(dataset, train=np.delete(dataset.train, 10)),
        replace(dataset, validation=dataset.validation[::-1]),
        replace(dataset, train=dataset.train[:-1]),
    ):
        assert check_splits(changed).status is CheckStatus.FAIL


@pytest.mark.parametrize("split", ["train", "validation"])
def test_the_base_rate_must_rise_with_the_horizon(datasets, split):
    assert check_base_rate(datasets, split).status is CheckStatus.OK
    ignored = dict.fromkeys(HORIZONS, datasets[5])
    assert check_base_rate(ignored, split).status is CheckStatus.WARN
    swapped = {1: datasets[5], 3: datasets[3], 5: datasets[1]}
    assert check_base_rate(swapped, split).status is CheckStatus.FAIL
    assert check_base_rate({1: datasets[1]}, split).status is CheckStatus.SKIP


def test_borders_are_days_of_the_raw_bars(datasets, raw, table):
    validation, test = border_days(datasets[1], raw)
    days = table["Date"].to_numpy().astype("datetime64[D]")
    assert (validation, test) == tuple(days[list(datasets[1].borders)])
