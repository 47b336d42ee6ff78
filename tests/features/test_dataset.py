import numpy as np
import pandas as pd
import pytest

from simmer.base.errors import ConfigError, DatasetError
from simmer.features.columns import A25_COLUMNS
from simmer.features.dataset import build_dataset, check_base_rates, describe
from simmer.features.indicators import build_a25
from simmer.features.labels import LabelSpec, label
from simmer.features.splits import SPLITS, SplitSpec, decision_rows, find_borders
from support.bars import bits, bundled_bars, random_bars

CONTEXT = 60
FRACTIONS = SplitSpec(train_fraction=0.70, validation_fraction=0.15)
DATES = SplitSpec(train_end="2012-12-31", validation_end="2015-12-31")


@pytest.fixture(scope="module")
def table():
    return build_a25(bundled_bars()).frame


def build(
    frame,
    *,
    horizon=1,
    threshold=0.01,
    split=FRACTIONS,
    context=CONTEXT,
    columns=A25_COLUMNS,
    least=400,
    test="open",
):
    return build_dataset(
        frame,
        label=LabelSpec(horizon, threshold, "high"),
        split=split,
        context_days=context,
        feature_columns=columns,
        min_validation_decisions=least,
        test=test,
    )


# --- splits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", [1, 2, 3, 5])
@pytest.mark.parametrize("split", [FRACTIONS, DATES], ids=["fractions", "dates"])
def test_no_label_crosses_a_border_and_every_other_row_is_kept(table, horizon, split):
    dataset = build(table, horizon=horizon, split=split)
    first_rows = {"train": CONTEXT - 1, "validation": dataset.borders[0], "test": dataset.borders[1]}
    ends = {"train": dataset.borders[0], "validation": dataset.borders[1], "test": len(table)}
    for name in SPLITS:
        rows = dataset.decision_rows(name)
        assert rows.dtype == np.int64
        expected = [t for t in range(first_rows[name], ends[name]) if t + horizon < ends[name]]
        assert rows.tolist() == expected
        days_of_labels = table["Date"].to_numpy()[rows + horizon]
        if name != "test":
            assert days_of_labels.max() < table["Date"].to_numpy()[ends[name]]


def test_inputs_may_cross_the_border_so_that_validation_starts_on_its_first_day(table):
    dataset = build(table, split=DATES)
    assert dataset.dates[dataset.validation[0]] == np.datetime64("2013-01-02")
    assert dataset.dates[dataset.test[0]] == np.datetime64("2016-01-04")
    assert dataset.dates[dataset.train[-1]] == np.datetime64("2012-12-28")
    assert dataset.train[0] == CONTEXT - 1


def test_borders_are_the_same_for_every_horizon(table):
    assert len({build(table, horizon=h).borders for h in (1, 2, 3, 5, 20)}) == 1


def test_fractions_are_of_the_decision_rows():
    dates = np.arange(1059).astype("datetime64[D]")
    assert find_borders(dates, FRACTIONS, context_days=60) == (59 + 700, 59 + 850)
    rows = decision_rows(1059, (759, 909), context_days=60, horizon_days=5)
    assert [len(rows[name]) for name in SPLITS] == [695, 145, 145]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"train_fraction": 0.0, "validation_fraction": 0.3},
            r"train_fraction: found 0.0, expected more than 0",
        ),
        (
            {"train_fraction": 0.9, "validation_fraction": -0.3},
            r"validation_fraction: found -0.3, expected more than 0",
        ),
        (
            {"train_fraction": float("nan"), "validation_fraction": 0.3},
            r"train_fraction: found nan, expected a finite number",
        ),
        (
            {"train_fraction": "0.7", "validation_fraction": 0.1},
            r"train_fraction: found '0.7', expected a number or null .*without quotes",
        ),
        (
            {"train_fraction": True, "validation_fraction": 0.1},
            r"train_fraction: found true, expected a number or null",
        ),
        (
            {"train_end": 2012, "validation_end": 2015},
            r"train_end: found 2012, expected a date such as 2014-12-31, or null; validation_end: found 2015",
        ),
    ],
)
def test_split_values_that_are_not_fractions_or_dates_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        SplitSpec(**values)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"train_fraction": 0.7},
        {"validation_fraction": 0.1},
        {"train_end": "2012-12-31"},
        {"train_fraction": 0.7, "validation_end": "2012-12-31"},
        {"train_fraction": 0.7, "validation_fraction": 0.1, "train_end": "2012-12-31"},
        {"train_fraction": 0.7, "validation_fraction": 0.3},
        {"train_end": "2015-12-31", "validation_end": "2012-12-31"},
        {"train_end": "2012-12-31", "validation_end": "2012-12-31"},
        {"train_end": "31.12.2012", "validation_end": "2015-12-31"},
        {"train_end": "20121231", "validation_end": "2015-12-31"},
        {"train_end": "2012-13-31", "validation_end": "2015-12-31"},
    ],
)
def test_a_split_that_contradicts_itself_is_refused(values):
    with pytest.raises(ConfigError, match=r"split|train ends"):
        SplitSpec(**values)


@pytest.mark.parametrize(
    "ends", [("1990-01-01", "2015-12-31"), ("2012-12-31", "2018-12-31"), ("2019-01-01", "2020-01-01")]
)
def test_split_dates_outside_the_table_are_refused(table, ends):
    with pytest.raises(DatasetError, match="leaves train, validation or test empty"):
        build(table, split=SplitSpec(train_end=ends[0], validation_end=ends[1]))


# --- leakage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", [1, 5])
def test_rows_after_the_last_train_label_do_not_change_train(table, horizon):
    before = build(table, horizon=horizon)
    after_last_label = int(before.train[-1]) + horizon + 1
    assert after_last_label == before.borders[0]
    rng = np.random.default_rng(1)
    for first in (after_last_label, after_last_label + 1, len(table) - 1):
        changed = table.copy()
        noise = rng.uniform(0.5, 2.0, (len(table) - first, len(A25_COLUMNS)))
        changed.loc[first:, list(A25_COLUMNS)] *= noise
        after = build(changed, horizon=horizon)
        assert bits(after.mean) == bits(before.mean)
        assert bits(after.std) == bits(before.std)
        assert bits(after.features[:first]) == bits(before.features[:first])
        assert bits(after.labels_of("train")) == bits(before.labels_of("train"))
        assert bits(after.features[first:]) != bits(before.features[first:])


def test_rows_that_only_train_labels_use_do_not_change_the_standardisation(table):
    before = build(table, horizon=5)
    changed = table.copy()
    changed.loc[before.train[-1] + 1 :, list(A25_COLUMNS)] *= 1.5
    after = build(changed, horizon=5)
    assert bits(after.mean) == bits(before.mean)
    assert bits(after.std) == bits(before.std)
    touched = table.copy()
    touched.loc[before.train[-1], "Close"] *= 1.5
    assert bits(build(touched, horizon=5).mean) != bits(before.mean)


def test_the_standardisation_uses_the_train_rows(table):
    dataset = build(table)
    raw = table[list(A25_COLUMNS)].to_numpy()
    train = raw[: dataset.train[-1] + 1]
    np.testing.assert_allclose(dataset.mean, [np.mean(column) for column in train.T], rtol=1e-12)
    np.testing.assert_allclose(dataset.std, [np.std(column) for column in train.T], rtol=1e-9)
    assert dataset.features.dtype == np.float32
    np.testing.assert_allclose(
        dataset.features * dataset.std + dataset.mean,
        raw,
        rtol=1e-6,
        atol=1e-6 * np.abs(raw).max(axis=0).max(),
    )
    scaled = dataset.features[: dataset.train[-1] + 1].astype(np.float64)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.std(axis=0), 1, atol=1e-5)


def test_the_dataset_does_not_depend_on_the_memory_layout_of_the_table(table):
    one_block = pd.DataFrame(
        np.asfortranarray(table[list(A25_COLUMNS)].to_numpy()), columns=list(A25_COLUMNS)
    )
    other = pd.DataFrame(np.ascontiguousarray(one_block.to_numpy()), columns=list(A25_COLUMNS))
    first, second = (build(frame.assign(Date=table["Date"])) for frame in (one_block, other))
    for name in ("mean", "std", "features", "labels"):
        assert bits(getattr(first, name)) == bits(getattr(second, name)) == bits(getattr(build(table), name))


def test_labels_come_from_raw_prices(table):
    dataset = build(table, horizon=3)
    expected = label(table["High"].to_numpy(), table["Close"].to_numpy(), LabelSpec(3, 0.01, "high"))
    assert bits(dataset.labels) == bits(expected)
    fewer = build(table, horizon=3, columns=("rsi_daily", "adx_14"))
    assert bits(fewer.labels) == bits(expected)
    assert fewer.features.shape == (len(table), 2)
    assert fewer.feature_names == ("rsi_daily", "adx_14")


# --- the test split -------------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", [1, 5])
def test_a_sealed_dataset_holds_no_row_of_test(table, horizon):
    opened, sealed = (build(table, horizon=horizon, test=test) for test in ("open", "sealed"))
    border = opened.borders[1]
    assert sealed.test is None
    for name in ("dates", "features", "price_relative"):
        assert bits(getattr(sealed, name)) == bits(getattr(opened, name)[:border])
    assert len(sealed.labels) == border - horizon
    for name in ("dates", "features", "price_relative", "labels"):
        assert getattr(sealed, name).base is None, f"{name} still holds what it was cut from"
    for split in ("train", "validation"):
        assert bits(sealed.labels_of(split)) == bits(opened.labels_of(split))
        assert bits(sealed.decision_rows(split)) == bits(opened.decision_rows(split))
    for read in (sealed.decision_rows, sealed.labels_of, sealed.has_labels):
        with pytest.raises(DatasetError, match="the test split is sealed"):
            read("test")
    assert list(describe(sealed)) == ["train", "validation"]


def test_inputs_of_test_come_without_its_labels(table):
    opened, inputs = (build(table, horizon=3, test=test) for test in ("open", "inputs"))
    assert bits(inputs.decision_rows("test")) == bits(opened.test)
    assert bits(inputs.features) == bits(opened.features)
    assert len(inputs.labels) == opened.borders[1] - 3
    with pytest.raises(DatasetError, match="labels of test are sealed"):
        inputs.labels_of("test")
    facts = describe(inputs)
    assert facts["test"]["n"] == 713
    assert not {"positives", "base_rate", "prior_log_loss"} & set(facts["test"])
    assert facts["validation"] == describe(opened)["validation"]


def test_nothing_sealed_depends_on_test_rows(table):
    before = build(table, horizon=3, test="sealed")
    changed = table.copy()
    changed.loc[before.borders[1] :, ["High", "Close"]] *= np.linspace(
        0.5, 2.0, len(table) - before.borders[1]
    )[:, None]
    after = build(changed, horizon=3, test="sealed")
    for name in ("dates", "features", "price_relative", "labels", "mean", "std", "train", "validation"):
        assert bits(getattr(after, name)) == bits(getattr(before, name)), name


# --- facts and refusals ----------------------------------------------------------------------------


def test_the_description_holds_counts_dates_and_the_loss_of_the_base_rate(table):
    dataset = build(table, horizon=3)
    facts = describe(dataset)
    assert [facts[name]["n"] for name in SPLITS] == [3338, 713, 713]
    assert facts["validation"]["first_date"] == "2013-04-25"
    assert {facts[name]["purged"] for name in SPLITS} == {3}
    train_rate = dataset.labels_of("train").mean()
    for name in SPLITS:
        labels = dataset.labels_of(name)
        assert facts[name]["positives"] == labels.sum()
        assert facts[name]["base_rate"] == pytest.approx(labels.mean())
        expected = -np.mean([np.log(train_rate if one else 1 - train_rate) for one in labels])
        assert facts[name]["prior_log_loss"] == pytest.approx(expected, rel=1e-12)


def test_base_rates_that_do_not_fall_pass(table):
    check_base_rates({h: build(table, horizon=h) for h in (5, 1, 3)})
    rates = [describe(build(table, horizon=h))["train"]["base_rate"] for h in (1, 3, 5)]
    assert rates == sorted(rates)
    assert rates[0] < rates[-1]


def test_base_rates_that_fall_are_refused(table):
    mixed = {1: build(table, horizon=1, threshold=0.0), 3: build(table, horizon=3, threshold=0.05)}
    with pytest.raises(
        DatasetError, match=r"train base rate falls as the horizon grows \(1 days 0\.\d+, 3 days"
    ):
        check_base_rates(mixed)


def test_a_dataset_of_another_horizon_is_refused(table):
    with pytest.raises(DatasetError, match="horizon 3 has labels of horizon 1"):
        check_base_rates({1: build(table), 3: build(table)})


def test_too_few_validation_rows_are_refused_with_advice(table):
    with pytest.raises(
        DatasetError, match=r"validation has 715 labelled .* at least 716.*raise validation_fra"
    ):
        build(table, least=716)
    assert len(build(table, least=715).validation) == 715


def test_a_split_without_both_classes_is_refused(table):
    with pytest.raises(DatasetError, match=r"validation has 715 decision rows .* 0 are positive"):
        build(table, threshold=0.06)
    rising = random_bars(900)
    rising["Close"] = np.linspace(100, 200, 900)
    rising["High"] = rising["Close"] * 1.05
    with pytest.raises(DatasetError, match=r"train has (\d+) decision rows .* of which \1 are positive"):
        build(rising, split=SplitSpec(0.7, 0.2), columns=("Close",), least=1, context=50)


def test_a_split_with_nothing_left_after_purging_is_refused(table):
    with pytest.raises(DatasetError, match="validation has 0 labelled"):
        build(
            table, horizon=30, split=SplitSpec(train_end="2012-12-31", validation_end="2013-01-10"), least=1
        )


@pytest.mark.parametrize("context", [0, -1, 4832, 10_000])
def test_a_context_that_does_not_fit_is_refused(table, context):
    with pytest.raises(DatasetError, match="context of"):
        build(table, context=context)


def test_columns_that_are_missing_or_twice_or_none_are_refused(table):
    with pytest.raises(DatasetError, match="lacks \\['vix_close'\\]"):
        build(table, columns=("Close", "vix_close"))
    for columns in ((), ("Close", "Close")):
        with pytest.raises(DatasetError, match="at least one feature, none named twice"):
            build(table, columns=columns)


def test_features_that_are_missing_or_constant_are_refused(table):
    broken = table.copy()
    broken.loc[4000, "adx_14"] = np.nan
    with pytest.raises(DatasetError, match=r"adx_14 of .* is nan"):
        build(broken)
    constant = table.copy()
    constant.loc[:3600, "adx_14"] = 0.1
    with pytest.raises(DatasetError, match=r"adx_14 is constant \(0\.1\) over the train rows"):
        build(constant)


def test_dates_that_do_not_ascend_are_refused(table):
    for frame in (table.iloc[::-1], table.iloc[:0], pd.concat([table, table.iloc[-1:]])):
        with pytest.raises(DatasetError, match="not strictly ascending"):
            build(frame)
