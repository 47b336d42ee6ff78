from datetime import UTC, datetime, time, timedelta

import numpy as np
import pandas as pd
import pytest

from simmer.base.errors import ConfigError, DataError
from simmer.data.bars import check_bars
from simmer.data.bars_csv import canonical_csv
from simmer.data.problems import Problem, refuse_errors, shorten
from simmer.data.sessions import sessions
from support.bars import bundled_bars, random_bars, rules


def check(frame, *, kind="etf", calendar=None, now=datetime(2026, 11, 1, tzinfo=UTC), ticker=None):
    return check_bars(frame, file_name="X.csv", kind=kind, calendar=calendar, now=now, ticker=ticker)


def changed(row, **values):
    frame = random_bars(30)
    for name, value in values.items():
        frame.loc[row, name] = value
    return frame


def test_valid_bars_have_no_problem():
    assert check(random_bars(300)) == []


def test_real_bars_have_only_their_two_days_without_volume():
    assert check(bundled_bars("GSPC"), kind="index", calendar="XNYS") == []
    problems = check(bundled_bars("IXIC"), kind="index", calendar="XNYS")
    days = bundled_bars("IXIC")["Date"].dt.strftime("%Y-%m-%d")
    found = [(p.rule, p.severity, days[p.row - 2]) for p in problems]
    assert found == [("no_volume", "warning", "2015-05-12"), ("no_volume", "warning", "2018-01-09")]


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"Open": np.nan}, "finite"),
        ({"Open": -np.inf}, "finite"),
        ({"High": np.inf}, "finite"),
        ({"Low": -1.0}, "positive"),
        ({"Low": 0.0}, "positive"),
        ({"High": 1.0}, "containment"),
        ({"Low": 1000.0}, "containment"),
        ({"Volume": -5}, "volume"),
        ({"Date": pd.Timestamp("2003-01-11")}, "weekend"),
        ({"Date": pd.Timestamp("2003-01-08")}, "order"),
        ({"Date": pd.Timestamp("2003-01-09")}, "duplicate"),
        ({"Date": pd.Timestamp("2003-01-10 05:00")}, "date_format"),
        ({"Date": pd.Timestamp("1803-01-10")}, "date_range"),
        ({"Date": pd.NaT}, "date_format"),
        ({"Volume": 0}, "no_volume"),
    ],
)
def test_each_rule_finds_its_row(values, rule):
    assert (rule, 6) in rules(check(changed(4, **values)))


def test_all_problems_come_at_once():
    frame = random_bars(30)
    frame.loc[3, "Open"] = np.nan
    frame.loc[7, "Volume"] = -1
    frame.loc[9, "High"] = 1.0
    assert {("finite", 5), ("volume", 9), ("containment", 11)} <= set(rules(check(frame)))


@pytest.mark.parametrize("kind", ["etf", "index"])
def test_empty_bars_are_errors_for_an_etf_and_warnings_for_an_index(kind):
    frame = random_bars(30)
    frame.loc[4, "Volume"] = 0
    frame.loc[5, ["Open", "High", "Low", "Close"]] = frame.loc[5, "Close"]
    severity = {"etf": "error", "index": "warning"}[kind]
    problems = check(frame, kind=kind)
    assert rules(problems, severity) == [("no_volume", 6), ("flat", 7)]
    assert len(problems) == 2


def test_containment_tolerates_rounding_only():
    for excess, expected in ((0.5e-6, []), (2e-6, [("containment", 6)])):
        frame = random_bars(30)
        frame.loc[4, "Close"] = frame.loc[4, "High"] * (1 + excess)
        assert rules(check(frame)) == expected
        frame = random_bars(30)
        frame.loc[4, "Close"] = frame.loc[4, "Low"] * (1 - excess)
        assert rules(check(frame)) == expected


def test_a_date_after_today_is_refused_in_every_time_zone(monkeypatch):
    frame = random_bars(30)
    before, last = (datetime.combine(day, time(), UTC) for day in frame["Date"].iloc[-2:])
    assert check(frame, now=last) == []
    assert check(frame, now=before + timedelta(hours=10)) == []  # in Kiribati
    assert rules(check(frame, now=before + timedelta(hours=9))) == [("date_range", 31)]
    far = random_bars(5, start="2999-01-02")
    for zone in ("Asia/Tokyo", "America/Adak"):
        monkeypatch.setenv("TZ", zone)
        problems = check_bars(far, file_name="X", kind="etf", calendar="XNYS")
        assert {rule for rule, _ in rules(problems)} == {"date_range"}


@pytest.mark.parametrize("kind", ["etf", "index", "no_volume_index"])
def test_session_rules_apply_to_every_kind(kind):
    bars = bundled_bars("GSPC").iloc[3000:3300].reset_index(drop=True)
    bars["Volume"] = 0 if kind == "no_volume_index" else 7
    assert check(bars, kind=kind, calendar="XNYS") == []
    gap = bars.drop(index=100).reset_index(drop=True)
    (problem,) = check(gap, kind=kind, calendar="XNYS")
    assert (problem.rule, problem.row, problem.severity) == ("missing_session", 102, "error")
    assert f"{bars['Date'][100]:%Y-%m-%d}" in problem.message
    row = int(np.flatnonzero(bars["Date"] == pd.Timestamp("2011-01-14"))[0]) + 1
    extra = bars.iloc[[row]].assign(Date=pd.Timestamp("2011-01-17").as_unit("us"), Close=bars["Low"][row])
    extra = pd.concat([bars.iloc[:row], extra, bars.iloc[row:]], ignore_index=True)
    (problem,) = check(extra, kind=kind, calendar="XNYS")
    assert (problem.rule, problem.row, problem.severity) == ("extra_session", row + 2, "warning")
    assert ("left out of the features" in problem.message) == (kind == "no_volume_index")


def test_a_gap_before_1990_is_an_error_like_any_other():
    days = sessions("XNYS", np.datetime64("1971-02-05"), np.datetime64("1971-06-30")).astype("datetime64[us]")
    bars = random_bars(len(days)).assign(Date=days)
    assert check(bars, kind="index", calendar="XNYS") == []
    gap = bars.drop(index=10).reset_index(drop=True)
    assert rules(check(gap, kind="index", calendar="XNYS")) == [("missing_session", 12)]


def test_old_gaps_are_seen_although_calendars_default_to_twenty_years():
    bars = bundled_bars().drop(index=10).reset_index(drop=True)
    assert rules(check(bars, kind="index", calendar="XNYS")) == [("missing_session", 12)]


def test_a_single_day_and_a_calendar_that_starts_later():
    bars = bundled_bars().iloc[:1]
    assert check(bars, kind="index", calendar="XNYS") == []
    old = random_bars(5, start="1950-01-02")
    assert rules(check(old, calendar="XTKS"), "warning") == [("sessions", None)]


def test_unknown_kind_and_calendar_are_configuration_errors():
    with pytest.raises(ConfigError, match="kind is 'share'"):
        check(random_bars(5), kind="share")
    with pytest.raises(ConfigError, match="calendar 'NOPE'"):
        check(random_bars(5), calendar="NOPE")


def test_large_returns_and_stale_rows_are_warnings():
    frame = random_bars(30)
    frame.loc[10:, ["Open", "High", "Low", "Close"]] /= 1.7
    frame.loc[20, frame.columns[1:]] = frame.loc[19, frame.columns[1:]]
    assert rules(check(frame)) == []
    assert rules(check(frame), "warning") == [("large_return", 12), ("stale", 22)]
    assert rules(check(frame.assign(Volume=0), kind="no_volume_index"), "warning") == [("stale", 22)]


def test_the_volume_of_an_index_may_begin_late_and_is_one_warning():
    frame = random_bars(100)
    frame.loc[:59, "Volume"] = 0
    frame.loc[80, "Volume"] = 0
    found = check(frame, kind="index")
    assert rules(found) == []
    assert rules(found, "warning") == [("late_volume", 62), ("no_volume", 82)]
    assert f"volume begins on {frame['Date'][60]:%Y-%m-%d}, after 60 rows" in found[0].message
    assert rules(check(frame, kind="index", calendar=None), "error") == []
    assert {rule for rule, _ in rules(check(frame, kind="etf"))} == {"no_volume"}


def test_an_index_without_any_volume_gets_advice_about_its_kind():
    frame = random_bars(50).assign(Volume=0)
    (problem,) = check(frame, kind="index")
    assert (problem.rule, problem.severity) == ("no_volume", "warning")
    assert "kind: no_volume_index" in problem.message
    assert check(frame, kind="no_volume_index") == []


def test_volume_of_a_no_volume_index_is_a_warning():
    frame = random_bars(50).assign(Volume=0)
    frame.loc[3, "Volume"] = 5
    (problem,) = check(frame, kind="no_volume_index")
    assert (problem.rule, problem.severity) == ("volume", "warning")
    assert "on 1 rows" in problem.message
    frame.loc[3, "Volume"] = -5
    (problem,) = check(frame, kind="no_volume_index")
    assert (problem.rule, problem.row, problem.severity) == ("volume", 5, "error")


@pytest.mark.parametrize("kind", ["index", "no_volume_index"])
def test_flat_days_of_an_index_are_one_warning_with_their_number(kind):
    frame = random_bars(50).assign(Volume=0 if kind == "no_volume_index" else 7)
    for name in ("High", "Low", "Open"):
        frame.loc[3:9, name] = frame.loc[3:9, "Close"]
    (problem,) = [p for p in check(frame, kind=kind) if p.rule == "flat"]
    assert (problem.row, problem.severity) == (5, "warning")
    assert "on 7 rows" in problem.message
    assert len([p for p in check(frame, kind="etf") if p.rule == "flat" and p.severity == "error"]) == 7


def test_an_adjusted_close_with_raw_prices_is_one_problem():
    frame = random_bars(300)
    frame.loc[:199, "Close"] *= 0.7
    found = [p for p in check(frame) if p.severity == "error"]
    assert [p.rule for p in found] == ["mixed_adjustment"]
    assert "Close seems to be adjusted" in found[0].message
    assert found[0].row == 2
    assert "on 200 of 300 rows" in found[0].message


@pytest.mark.parametrize(
    ("rows", "below", "rule"),
    [
        (300, 19, "containment"),
        (300, 20, "mixed_adjustment"),
        (600, 30, "containment"),
        (600, 31, "mixed_adjustment"),
    ],
)
def test_a_few_closes_below_low_are_single_errors(rows, below, rule):
    frame = random_bars(rows)
    frame.loc[: below - 1, "Close"] *= 0.7
    assert {rule for rule, _ in rules(check(frame))} == {rule}


def test_bars_before_the_listing_of_a_fund_are_errors():
    frame = random_bars(60, start="1993-01-04")
    found = [p for p in check(frame, ticker="SPY") if p.rule == "listing"]
    assert found[0].row == 2
    assert "before SPY was listed (1993-01-29)" in found[0].message
    assert "19 in all" in found[-1].message
    old = random_bars(60, start="1985-01-29")  # before the vendor's history of ^DJI, which is no listing
    assert check(old, ticker="DJI", kind="index") == []
    assert [p for p in check(frame, ticker="ABC") if p.rule == "listing"] == []
    assert check(random_bars(60, start="1993-01-29"), ticker="SPY") == []


def test_extra_days_of_a_no_volume_index_are_a_warning():
    frame = random_bars(60, start="2026-05-11").assign(Volume=0)  # with Memorial Day
    found = [p for p in check(frame, kind="no_volume_index", calendar="XNYS") if p.rule == "extra_session"]
    assert [p.severity for p in found] == ["warning"] * len(found)
    assert "2026-05-25 is no XNYS session; the day is left out of the features" in found[0].message


def test_five_equal_closes_are_a_warning_and_four_are_not():
    for last, expected in ((13, []), (14, [("stale", 16)])):
        frame = random_bars(30)
        frame.loc[10:last, "Close"] = 100.0
        frame.loc[10:last, ["Open", "High", "Low"]] = [100.0, 101.0, 99.0]
        frame.loc[9:, "Close"] = frame.loc[9:, "Close"].clip(90, 110)
        assert [r for r in rules(check(frame), "warning") if r[0] == "stale"] == expected


@pytest.mark.parametrize(
    "frame",
    [
        random_bars(5).drop(columns="Volume"),
        random_bars(5)[["Open", "Date", "High", "Low", "Close", "Volume"]],
        random_bars(5).astype({"Volume": "float64"}),
        random_bars(5).astype({"Close": "float32"}),
        random_bars(0),
    ],
)
def test_another_layout_is_one_problem(frame):
    problems = check(frame)
    assert len(problems) == 1
    assert problems[0].rule in ("layout", "empty")
    with pytest.raises(DataError, match="bars cannot be written"):
        canonical_csv(frame)


def test_problems_become_one_error_that_lists_them_all():
    error = Problem("X.csv", 3, "positive", "Low is 0")
    warning = Problem("X.csv", None, "stale", "twice", "warning")
    refuse_errors([warning], what="bars")
    with pytest.raises(DataError) as raised:
        refuse_errors([error, warning, error], what="bars")
    assert str(raised.value).count("X.csv, line 3: Low is 0 [positive]") == 2
    assert "twice" not in str(raised.value)
    assert shorten([error] * 3) == [error] * 3


def idle(rows, *, of=400, **values):
    frame = random_bars(of)
    frame.loc[: rows - 1, list(values)] = list(values.values())
    return frame


@pytest.mark.parametrize(
    ("kind", "most"), [("stock", 100), ("crypto", 20)], ids=["a quarter", "one in twenty"]
)
def test_idle_days_of_a_stock_are_one_warning_until_there_are_too_many(kind, most):
    for values, rule in (
        ({"Volume": 0}, "no_volume"),
        (dict.fromkeys(("Open", "High", "Low", "Close"), 100.0), "flat"),
    ):
        for rows, severity in ((most, "warning"), (most + 1, "error")):
            found = [p for p in check(idle(rows, **values), kind=kind) if p.rule == rule]
            assert [(p.row, p.severity) for p in found] == [(2, severity)]
            assert f"on {rows} rows" in found[0].message


def test_only_a_cryptocurrency_has_volumes_with_decimals():
    frame = random_bars(30).astype({"Volume": "float64"})
    frame.loc[4, "Volume"] = 0.5
    assert check(frame, kind="crypto") == []
    (problem,) = check(frame, kind="stock")
    assert (problem.rule, problem.row, problem.severity) == ("decimals", 6, "error")
    assert "Volume is 0.5; expected a whole number" in problem.message
    frame.loc[7, "Volume"] = np.nan
    assert rules(check(frame, kind="crypto")) == [("decimals", 9)]


def test_a_currency_has_no_volume_and_moves_less():
    frame = random_bars(30).assign(Volume=0)
    assert check(frame, kind="currency") == []
    frame.loc[10:, ["Open", "High", "Low", "Close"]] *= 0.5
    (problem,) = check(frame, kind="currency")
    assert (problem.rule, problem.row, problem.severity) == ("jump", 12, "warning")  # and no split
    assert rules(check(random_bars(30), kind="currency"), "warning") == [("volume", None)]
