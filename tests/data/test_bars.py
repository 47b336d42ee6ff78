from datetime import date

import numpy as np
import pandas as pd
import pytest

from simmer.data.bars import canonical_csv, check_bars, parse_bars
from simmer.data.problems import MAX_SHOWN_PER_RULE, Problem, refuse_errors, shorten
from simmer.errors import ConfigError, DataError
from support.bars import bundled_bars, random_bars

HEADER = "Date,Open,High,Low,Close,Volume"
GOOD = "2018-12-27,10.0,11.0,9.0,10.5,100"
NEXT = "2018-12-28,10.5,11.5,10.0,11.0,200"


def csv(*lines, end="\n"):
    return (end.join((HEADER, *lines)) + end).encode()


def rules(problems, severity="error"):
    return [(p.rule, p.row) for p in problems if p.severity == severity]


def check(frame, *, kind="etf", calendar=None, today=date(2026, 1, 1)):
    return check_bars(frame, file_name="X.csv", kind=kind, calendar=calendar, today=today)


def changed(row, **values):
    frame = random_bars(30)
    for name, value in values.items():
        frame.loc[row, name] = value
    return frame


# --- reading ---------------------------------------------------------------------------------------


def test_reads_values_exactly_with_pinned_dtypes():
    frame, problems = parse_bars(csv(GOOD, "2018-12-28,0.1,1e1,0.30000000000000004,7,9007199254740993"), "X")
    assert problems == []
    assert [str(dtype) for dtype in frame.dtypes] == ["datetime64[us]", *["float64"] * 4, "int64"]
    assert frame.iloc[1].tolist() == [
        pd.Timestamp("2018-12-28"), 0.1, 10.0, 0.30000000000000004, 7.0, 9007199254740993,
    ]  # fmt: skip


@pytest.mark.parametrize("ticker", ["GSPC", "IXIC"])
def test_canonical_bytes_read_back_to_the_same_table_and_the_same_bytes(ticker):
    bars = bundled_bars(ticker)
    content = canonical_csv(bars)
    frame, problems = parse_bars(content, "X")
    assert problems == []
    pd.testing.assert_frame_equal(frame, bars, check_exact=True)
    assert canonical_csv(frame) == content


def test_byte_order_mark_and_crlf_give_the_same_table():
    plain, _ = parse_bars(csv(GOOD, NEXT), "X")
    windows, problems = parse_bars(b"\xef\xbb\xbf" + csv(GOOD, NEXT, end="\r\n"), "X")
    assert problems == []
    pd.testing.assert_frame_equal(plain, windows, check_exact=True)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (GOOD + ",5", "fields"),
        ("2018-12-27,10.0,11.0,9.0,10.5", "fields"),
        ('2018-12-27,"1,000.0",11.0,9.0,10.5,100', "fields"),
        ("2018-12-27,1,000.0,11.0,9.0,10.5,100", "fields"),
        ("", "fields"),
        ("27/12/2018,10.0,11.0,9.0,10.5,100", "date_format"),
        ("03/04/2018,10.0,11.0,9.0,10.5,100", "date_format"),
        ("20181227,10.0,11.0,9.0,10.5,100", "date_format"),
        ("2018-W52-4,10.0,11.0,9.0,10.5,100", "date_format"),
        ("2018-02-30,10.0,11.0,9.0,10.5,100", "date_format"),
        ("2018-12-27 05:00:00,10.0,11.0,9.0,10.5,100", "date_format"),
        ("=cmd|' /C calc'!A0,10.0,11.0,9.0,10.5,100", "date_format"),
        ("2018-12-27,null,11.0,9.0,10.5,100", "number"),
        ("2018-12-27,,11.0,9.0,10.5,100", "number"),
        ("2018-12-27,nan,11.0,9.0,10.5,100", "number"),
        ("2018-12-27,inf,11.0,9.0,10.5,100", "number"),
        ("2018-12-27,1e999,11.0,9.0,10.5,100", "number"),
        ("2018-12-27,1_0,11.0,9.0,10.5,100", "number"),
        ("2018-12-27, 10.0,11.0,9.0,10.5,100", "number"),
        ("2018-12-27,١٠,11.0,9.0,10.5,100", "number"),
        ("2018-12-27,10.0,11.0,9.0,10.5,100.5", "number"),
        ("2018-12-27,10.0,11.0,9.0,10.5,99999999999999999999", "number"),
        ("2018-12-27,10.0,11.0,9.0,10.5,", "number"),
        ("2018-12-27,10.0,11.0,9.0,10\x00.5,100", "number"),
    ],
)
def test_a_bad_line_is_refused_and_named(line, rule):
    frame, problems = parse_bars(csv(NEXT, line), "X.csv")
    assert frame is None
    assert rules(problems) == [(rule, 3)]
    assert problems[0].file == "X.csv"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (csv(), "empty"),
        (csv(GOOD) + b"\xff\xfe", "encoding"),
        (b"<!DOCTYPE html><html>Too many requests</html>", "header"),
        (b'{"error": 429}', "header"),
        (b"Date;Open;High;Low;Close;Volume\n2018-12-27;1,0;2;1;1;5\n", "header"),
        (b"Price,Close,High,Low,Open,Volume\nTicker,SPY,SPY,SPY,SPY,SPY\n", "header"),
        (b"date,open,high,low,close,volume\n", "header"),
        (b"PAR1\x00\x01", "header"),
    ],
)
def test_a_file_that_is_no_bars_csv_is_refused_with_one_problem(content, rule):
    frame, problems = parse_bars(content, "X.csv")
    assert frame is None
    assert [problem.rule for problem in problems] == [rule]


def test_the_line_of_a_wrong_byte_is_counted():
    _, problems = parse_bars(csv(GOOD, NEXT) + b"\xff", "X")
    assert problems[0].row == 4


def test_every_bad_line_is_reported_and_many_are_counted():
    _, problems = parse_bars(csv("x", GOOD, "2018-12-27,a,b,9.0,10.5,c"), "X")
    assert rules(problems) == [("fields", 2), ("number", 4), ("number", 4), ("number", 4)]
    _, problems = parse_bars(csv(*["x"] * 1000), "X")
    assert len(problems) == MAX_SHOWN_PER_RULE + 1
    assert problems[-1].message == "990 more of the same kind, 1000 in all"


def test_a_last_line_without_its_end_is_a_warning():
    frame, problems = parse_bars(csv(GOOD, NEXT)[:-1], "X")
    assert len(frame) == 2
    assert rules(problems, "warning") == [("line_end", 3)]
    assert rules(problems) == []


# --- rules -----------------------------------------------------------------------------------------


def test_sound_bars_have_no_problem():
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


def test_containment_forgives_rounding_and_no_more():
    for excess, expected in ((0.5e-6, []), (2e-6, [("containment", 6)])):
        frame = random_bars(30)
        frame.loc[4, "Close"] = frame.loc[4, "High"] * (1 + excess)
        assert rules(check(frame)) == expected
        frame = random_bars(30)
        frame.loc[4, "Close"] = frame.loc[4, "Low"] * (1 - excess)
        assert rules(check(frame)) == expected


def test_a_date_after_today_is_refused_whatever_the_time_zone(monkeypatch):
    frame = random_bars(30)
    last = frame["Date"].iloc[-1].date()
    assert check(frame, today=last) == []
    assert rules(check(frame, today=frame["Date"].iloc[-2].date())) == [("date_range", 31)]
    far = random_bars(5, start="2999-01-02")
    for zone in ("Asia/Tokyo", "America/Adak"):
        monkeypatch.setenv("TZ", zone)
        problems = check_bars(far, file_name="X", kind="etf", calendar="XNYS")
        assert {rule for rule, _ in rules(problems)} == {"date_range"}


def test_missing_and_extra_sessions():
    bars = bundled_bars().iloc[3000:3300].reset_index(drop=True)
    gone = bars["Date"].iloc[100]
    problems = check(bars.drop(index=100).reset_index(drop=True), kind="index", calendar="XNYS")
    assert rules(problems) == [("missing_session", 102)]
    assert f"{gone:%Y-%m-%d}" in problems[0].message

    holiday = bars.copy()
    row = int(np.flatnonzero(holiday["Date"] == pd.Timestamp("2011-01-14"))[0]) + 1
    extra = holiday.iloc[[row]].assign(
        Date=pd.Timestamp("2011-01-17").as_unit("us")
    )  # Martin Luther King Day
    holiday = pd.concat([holiday.iloc[:row], extra, holiday.iloc[row:]], ignore_index=True)
    found = rules(check(holiday, kind="index", calendar="XNYS"), "warning")
    assert ("extra_session", row + 2) in found


def test_old_gaps_are_seen_although_calendars_default_to_twenty_years():
    bars = bundled_bars().drop(index=10).reset_index(drop=True)
    assert rules(check(bars, kind="index", calendar="XNYS")) == [("missing_session", 12)]


def test_a_single_day_and_a_calendar_that_starts_later():
    bars = bundled_bars().iloc[:1]
    assert check(bars, kind="index", calendar="XNYS") == []
    old = random_bars(5, start="1950-01-02")
    assert rules(check(old, calendar="XTKS"), "warning") == [("sessions", None)]


def test_unknown_kind_and_calendar_are_configuration_errors():
    with pytest.raises(ConfigError, match="kind is 'stock'"):
        check(random_bars(5), kind="stock")
    with pytest.raises(ConfigError, match="calendar 'NOPE'"):
        check(random_bars(5), calendar="NOPE")


def test_large_returns_and_stale_rows_are_warnings():
    frame = random_bars(30)
    frame.loc[10:, ["Open", "High", "Low", "Close"]] /= 2
    frame.loc[20, frame.columns[1:]] = frame.loc[19, frame.columns[1:]]
    assert rules(check(frame)) == []
    assert rules(check(frame), "warning") == [("large_return", 12), ("stale", 22)]


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


def test_a_missing_price_is_never_written():
    with pytest.raises(DataError, match="missing or infinite"):
        canonical_csv(changed(4, Open=np.nan))


def test_problems_become_one_error_that_lists_them_all():
    error = Problem("X.csv", 3, "positive", "Low is 0")
    warning = Problem("X.csv", None, "stale", "twice", "warning")
    refuse_errors([warning], what="bars")
    with pytest.raises(DataError) as raised:
        refuse_errors([error, warning, error], what="bars")
    assert str(raised.value).count("X.csv, line 3: Low is 0 [positive]") == 2
    assert "twice" not in str(raised.value)
    assert shorten([error] * 3) == [error] * 3
