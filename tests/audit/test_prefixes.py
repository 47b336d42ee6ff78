import numpy as np
import pytest

from simmer.audit.labels import border_days
from simmer.audit.prefixes import check_prefixes, check_table, cut_days
from simmer.audit.raw import days_of, vix_features
from simmer.base.checks import CheckStatus
from simmer.base.errors import DataError
from support.audited import model_features


@pytest.fixture
def cuts(raw, datasets):
    return cut_days(raw.days, border_days(datasets[1], raw))


def statuses(checks):
    return [check.status for check in checks]


def test_cuts_include_borders_every_weekday_and_the_end(raw, datasets, cuts):
    for border in border_days(datasets[1], raw):
        row = int(np.searchsorted(raw.days, border))
        assert np.isin(raw.days[row - 1 : row + 2], cuts).all()
    assert raw.days[-1] in cuts
    weekdays = {int(day.astype(np.int64) + 3) % 7 for day in cuts}
    assert weekdays == {0, 1, 2, 3, 4}
    assert (np.diff(cuts) > np.timedelta64(0)).all()
    assert np.isin(cuts, raw.days).all()


def test_the_real_features_pass_in_both_forms(raw, cuts):
    checks = check_prefixes("a25", model_features, raw, cuts, relative=True)
    assert [check.id for check in checks] == ["prefix a25", "prefix price_relative"]
    assert statuses(checks) == [CheckStatus.OK] * 2
    assert all(check.fix is None for check in checks)


@pytest.mark.long
def test_the_real_features_of_the_vix_pass_alone_and_combined(vix_raw, cuts):
    checks = check_prefixes("c", model_features, vix_raw, cuts, relative=True)
    checks += check_prefixes("vix", vix_features("XNYS"), vix_raw, cuts, relative=False)
    assert statuses(checks) == [CheckStatus.OK] * 3


def with_column(name, values):
    """Return a builder of the real features with one column replaced by a function of the table."""

    def build(raw):
        frame = model_features(raw)
        return frame.assign(**{name: values(frame)})

    return build


def tomorrow(frame):
    return frame["rsi_daily"].shift(-1).fillna(50.0)


def close_of_the_week(frame):
    days = days_of(frame).astype(np.int64)
    return frame.groupby(days - (days + 3) % 7)["Close"].transform("last")


def divided_by_the_whole_mean(frame):
    return frame["sma_50"] / frame["sma_50"].mean()


@pytest.mark.parametrize(
    ("name", "fault"),
    [("rsi_daily", tomorrow), ("rsi_weekly", close_of_the_week), ("sma_50", divided_by_the_whole_mean)],
)
def test_a_feature_that_uses_later_days_fails_and_is_named(raw, cuts, name, fault):
    (check,) = check_prefixes("a25", with_column(name, fault), raw, cuts, relative=False)
    assert check.status is CheckStatus.FAIL
    assert name in check.fix
    assert str(cuts[0])[:4] in check.fix


def test_a_leaking_weekly_value_fails_on_every_day_but_the_last(raw, cuts):
    fault = with_column("rsi_weekly", close_of_the_week)
    fridays = cuts[(cuts.astype(np.int64) + 3) % 7 == 4]
    mondays = cuts[(cuts.astype(np.int64) + 3) % 7 == 0]
    assert statuses(check_prefixes("a25", fault, raw, fridays, relative=False)) == [CheckStatus.OK]
    assert statuses(check_prefixes("a25", fault, raw, mondays, relative=False)) == [CheckStatus.FAIL]


def test_a_table_that_uses_a_later_row_and_drops_it_fails(raw, cuts):
    def build(series):
        frame = model_features(series)
        return frame.assign(rsi_daily=frame["rsi_daily"].shift(-1)).iloc[:-1].reset_index(drop=True)

    assert statuses(check_prefixes("a25", build, raw, cuts, relative=False)) == [CheckStatus.FAIL]


def test_a_leak_in_the_price_relative_form_alone_fails(raw, cuts, monkeypatch):
    def by_whole_mean(frame, names):
        return np.column_stack([frame[name] / frame["Close"].mean() for name in names])

    monkeypatch.setattr("simmer.audit.prefixes.price_relative", by_whole_mean)
    checks = check_prefixes("a25", model_features, raw, cuts, relative=True)
    assert statuses(checks) == [CheckStatus.OK, CheckStatus.FAIL]


def not_before(first_day):
    def build(series):
        if series.days[-1] < first_day:
            raise DataError("too few bars")
        return model_features(series)

    return build


def test_cuts_with_too_few_rows_give_a_warning_or_a_skip(raw, cuts):
    (some,) = check_prefixes("a25", not_before(cuts[5]), raw, cuts, relative=False)
    assert (some.status, some.measured) == (CheckStatus.WARN, f"equal at {len(cuts) - 5} cuts")
    assert "5 cuts" in some.fix
    assert "too few bars" in some.fix
    (none,) = check_prefixes("a25", not_before(raw.days[-1]), raw, cuts[:-1], relative=False)
    assert none.status is CheckStatus.SKIP


def test_a_leak_of_the_vix_fails(vix_raw, cuts):
    def build(series):
        frame = vix_features("XNYS")(series)
        return frame.assign(vix_change_1d=frame["vix_change_1d"].shift(-1).fillna(0.0))

    assert statuses(check_prefixes("vix", build, vix_raw, cuts, relative=False)) == [CheckStatus.FAIL]


def test_the_table_must_equal_the_one_built_from_the_bars(raw, table):
    assert check_table("a25", table, model_features, raw).status is CheckStatus.OK
    nudged = table.assign(rsi_weekly=np.nextafter(table["rsi_weekly"], np.inf))
    assert check_table("a25", nudged, model_features, raw).status is CheckStatus.FAIL
    assert check_table("a25", table.iloc[:-1], model_features, raw).status is CheckStatus.FAIL
