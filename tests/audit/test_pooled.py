"""The audit of pooled tickers passes sound windows and finds those that depend on validation."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from simmer.audit.checks import run_audit
from simmer.audit.labels import border_days
from simmer.audit.pooled import check_pooled, check_pooled_tables
from simmer.audit.raw import PooledSeries, RawSeries
from simmer.base.checks import CheckStatus
from simmer.features.pooling import pooled_train
from support.audited import SETTINGS, model_features
from support.bars import session_bars

OK, FAIL = CheckStatus.OK, CheckStatus.FAIL
POOLED = replace(SETTINGS, pool=("IXIC",))
NAME = "IXIC_dataset_a33"
DAYS = 5


def series_of(bars):
    raw = RawSeries(bars.reset_index(drop=True))
    return PooledSeries("IXIC", raw, NAME, model_features(raw))


@pytest.fixture(scope="module")
def other():
    """A ticker whose exchange is closed on every fortieth day."""
    bars = session_bars(1_100, seed=6)
    return series_of(bars[np.arange(len(bars)) % 40 > 0])


@pytest.fixture(scope="module")
def dataset(table, other):
    return POOLED.build(table, DAYS, pooled=[other.table])


def statuses(other, dataset, table, part=None):
    """Return the statuses by kind of check; `part` makes the pooled windows from a table."""

    def build(pooled):
        made = POOLED.build(table, DAYS, pooled=pooled)
        return made if part is None else replace(made, pooled=(part(pooled[0]),))

    checks = check_pooled([other], dataset, features=model_features, build=build, seed=1)
    return {check.id.split()[0]: check.status for check in checks}


def test_sound_pooled_tickers_pass_and_each_check_has_a_row_of_its_own(raw, table, other):
    settings = {"calendar": "XNYS", "controls": (), "looks": Path("never"), "seed": 1}
    found = run_audit(
        replace(POOLED, horizons_days=(DAYS,)),
        raw,
        table,
        features=model_features,
        pooled=[other],
        **settings,
    )
    assert found.failed == ()
    ids = [check.id for check in found.checks]
    assert len(set(ids)) == len(ids)
    assert {check.id: check.status for check in found.checks if "IXIC" in check.id} == dict.fromkeys(
        [
            *(f"table {NAME}", f"prefix {NAME}", "prefix price_relative IXIC"),
            *(f"{kind} h5 IXIC" for kind in ("labels", "borders", "scaling", "future of train")),
        ],
        OK,
    )


def test_windows_whose_labels_end_in_validation_fail(other, dataset, table):
    later = dataset.dates[dataset.borders[0] + 40]
    part = partial(
        pooled_train,
        "IXIC",
        before=later,
        label=dataset.label_spec,
        context_days=dataset.context_days,
        feature_columns=dataset.feature_names,
    )
    wrong = replace(dataset, pooled=(part(other.table),))
    assert statuses(other, wrong, table, part) == {
        "labels": OK,
        "borders": FAIL,
        "scaling": OK,
        "future": FAIL,
    }


def test_standardisation_over_rows_of_validation_fails(other, dataset, table):
    def part(frame):
        (sound,) = POOLED.build(table, DAYS, pooled=[frame]).pooled
        values = frame[list(sound.feature_names)].to_numpy(dtype=np.float64)
        mean, std = values.mean(axis=0), values.std(axis=0)
        features = ((values - mean) / std).astype(np.float32)[: len(sound.features)]
        return replace(sound, mean=mean, std=std, features=features)

    wrong = replace(dataset, pooled=(part(other.table),))
    assert statuses(other, wrong, table, part) == {
        "labels": OK,
        "borders": OK,
        "scaling": FAIL,
        "future": FAIL,
    }


def test_a_wrong_label_is_found(other, dataset, table):
    (part,) = dataset.pooled
    labels = part.labels.copy()
    labels[7] ^= 1
    wrong = replace(dataset, pooled=(replace(part, labels=labels),))
    assert statuses(other, wrong, table)["labels"] is FAIL


def test_a_pooled_feature_that_looks_ahead_fails(raw, dataset, other):
    def ahead(series):
        frame = model_features(series)
        return frame.assign(rsi_daily=frame["rsi_daily"].shift(-1).fillna(50.0))

    leaking = replace(other, table=ahead(other.raw))
    borders = border_days(dataset, raw)
    table, prefix, _ = check_pooled_tables([leaking], features=ahead, border_days=borders)
    assert (table.status, prefix.status) == (OK, FAIL)
    assert prefix.id == f"prefix {NAME}"


def test_a_ticker_that_ends_before_validation_is_audited_too(raw, table, other, dataset):
    border = border_days(dataset, raw)[0]
    ended = series_of(other.raw.until(border - 40).bars)
    checks = check_pooled_tables([ended], features=model_features, border_days=border_days(dataset, raw))
    assert [check.status for check in checks] == [OK] * 3
    shorter = POOLED.build(table, DAYS, pooled=[ended.table])
    assert set(statuses(ended, shorter, table).values()) == {OK}
