from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from simmer.audit.raw import RawSeries
from simmer.audit.standardisation import check_future, check_standardisation
from simmer.base.checks import CheckStatus
from simmer.data.bars import check_bars
from support.audited import SETTINGS, model_features
from support.bars import rules


def standardised_over(rows, frame, days=1):
    """Return the real dataset, standardised by the statistics of its first `rows` rows."""
    dataset = SETTINGS.build(frame, days)
    values = frame[list(dataset.feature_names)].to_numpy(dtype=np.float64)
    mean, std = values[:rows].mean(axis=0), values[:rows].std(axis=0)
    standardised = ((values - mean) / std).astype(np.float32)[: len(dataset.dates)]
    return replace(dataset, mean=mean, std=std, features=standardised)


def future(raw, build, features=model_features):
    return check_future(raw, features=features, build=build, horizon="h1", seed=1)


def test_the_real_standardisation_passes(datasets, table):
    for dataset in datasets.values():
        check = check_standardisation(dataset, table)
        assert check.status is CheckStatus.OK
        assert float(check.measured) < 1e-12


@pytest.mark.parametrize("more_rows", [1, 10_000])
def test_standardisation_over_later_rows_fails(datasets, table, more_rows):
    check = check_standardisation(standardised_over(datasets[1].train[-1] + 1 + more_rows, table), table)
    assert check.status is CheckStatus.FAIL
    assert "first" in check.fix


def test_values_that_are_not_standardised_as_recorded_fail(datasets, table):
    features = datasets[1].features.copy()
    features[-1, -1] += 1e-3
    assert check_standardisation(replace(datasets[1], features=features), table).status is CheckStatus.FAIL


def test_later_prices_do_not_move_the_real_dataset(raw, vix_raw):
    checks = [
        *future(raw, partial(SETTINGS.build, horizon_days=5)),
        *future(vix_raw, partial(replace(SETTINGS, vix=True).build, horizon_days=1)),
    ]
    assert [check.status for check in checks] == [CheckStatus.OK] * 6


def test_later_prices_move_a_dataset_standardised_over_all_rows(raw, table):
    checks = future(raw, partial(standardised_over, len(table)))
    assert [check.status for check in checks] == [CheckStatus.FAIL] * 3
    assert "train_scaled inputs of train" in checks[0].fix


def test_later_prices_move_labels_that_were_not_purged(raw):
    def unpurged(frame):
        dataset = SETTINGS.build(frame, 5)
        return replace(dataset, train=np.append(dataset.train, dataset.train[-1] + np.arange(1, 5)))

    checks = future(raw, unpurged)
    assert checks[1].status is CheckStatus.FAIL
    assert "labels of train" in checks[1].fix


def test_later_prices_move_features_that_look_ahead(raw):
    def ahead(series):
        frame = model_features(series)
        return frame.assign(rsi_daily=frame["rsi_daily"].shift(-1).fillna(50.0))

    checks = future(raw, partial(SETTINGS.build, horizon_days=1), features=ahead)
    assert checks[0].status is CheckStatus.FAIL


def test_disturbed_bars_pass_every_rule_for_bars(raw):
    day = raw.days[700]
    disturbed = raw.disturbed_from(day, seed=3)
    assert rules(check_bars(disturbed.bars, file_name="x", kind="index", calendar="XNYS")) == []
    same = (disturbed.bars["Close"] == raw.bars["Close"]).to_numpy()
    assert same[:700].all()
    assert not same[700:].any()


def test_a_series_ends_with_the_day_it_is_cut_at(vix_raw):
    part = vix_raw.until(vix_raw.days[500])
    assert isinstance(part, RawSeries)
    assert (len(part.bars), len(part.vix_bars)) == (501, 501)
