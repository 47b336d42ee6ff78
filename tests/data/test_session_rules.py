from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from simmer.data.bars import check_bars
from support.bars import random_bars, rules, session_bars

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def check(frame, calendar, *, kind="stock", now=NOW):
    found = check_bars(frame, file_name="X.csv", kind=kind, calendar=calendar, now=now)
    return [problem for problem in found if problem.rule not in ("stale", "large_return", "split")]


def with_bar(frame, day):
    """Return the bars and one more, a copy of another bar."""
    extra = frame.iloc[[5]].assign(Date=pd.Timestamp(day).as_unit("us"))
    return pd.concat([frame, extra]).sort_values("Date").reset_index(drop=True)


@pytest.mark.parametrize(("calendar", "kind"), [("XETR", "stock"), ("XTKS", "stock"), ("24/7", "crypto")])
def test_bars_are_judged_by_the_calendar_of_their_exchange(calendar, kind):
    bars = session_bars(400, calendar=calendar)
    assert check(bars, calendar, kind=kind) == []
    gap = bars.drop(index=100).reset_index(drop=True)
    (problem,) = check(gap, calendar, kind=kind)
    assert (problem.rule, problem.row, problem.severity) == ("missing_session", 102, "error")
    assert f"no bar for the {calendar} session {bars['Date'][100]:%Y-%m-%d}" in problem.message
    assert check(bars, "XNYS", kind=kind) != []


def test_a_few_bars_on_closed_weekends_are_warnings_and_many_are_errors():
    bars = session_bars(400, calendar="XBOM")
    few = with_bar(bars, "2003-02-01")  # a Saturday
    assert rules(check(few, "XBOM"), "error") == []
    (problem,) = check(few, "XBOM")
    assert (problem.rule, problem.severity) == ("extra_session", "warning")
    assert "2003-02-01 is no XBOM session" in problem.message
    many = few
    for day in ("2003-02-08", "2003-02-15", "2003-02-22", "2003-03-01"):
        many = with_bar(many, day)
    assert {rule for rule, _ in rules(check(many, "XBOM"))} == {"weekend"}
    assert len(rules(check(many, "XBOM"))) == 5


def test_without_a_calendar_a_weekend_is_an_error():
    bars = with_bar(random_bars(400), "2003-02-01")
    (problem,) = check(bars, None)
    assert (problem.rule, problem.severity) == ("weekend", "error")


def test_what_the_calendar_covers_is_checked_although_it_does_not_know_the_rest():
    covered = session_bars(200, calendar="XTKS", start="1997-01-06")
    before = random_bars(270, start="1996-01-04")
    before = before[before["Date"] < "1997-01-01"]
    bars = pd.concat([before, covered], ignore_index=True)
    (problem,) = check(bars, "XTKS")
    assert (problem.rule, problem.severity) == ("sessions", "warning")
    assert "sessions were checked from 1997-01-01 to " in problem.message
    cut = bars.drop(index=range(len(before) + 50, len(before) + 100)).reset_index(drop=True)
    assert {rule for rule, _ in rules(check(cut, "XTKS"))} == {"missing_session"}
    cut = bars.drop(index=range(100, 150)).reset_index(drop=True)
    (error,) = [problem for problem in check(cut, "XTKS") if problem.severity == "error"]
    assert (error.rule, error.row) == ("missing_session", 102)
    assert "71 days from the bar before; expected at most 14" in error.message


def test_a_calendar_that_cannot_be_computed_is_a_warning():
    (problem,) = check(session_bars(300, calendar="XETR"), "ASEX")
    assert (problem.rule, problem.severity) == ("sessions", "warning")
    assert problem.message.startswith("no session was checked: calendar ASEX")


def test_a_currency_may_lack_a_few_holidays():
    bars = session_bars(500, calendar="24/5").assign(Volume=0)
    lacking = bars.drop(index=range(50, 250, 20)).reset_index(drop=True)
    (problem,) = check(lacking, "24/5", kind="currency")
    assert (problem.rule, problem.row, problem.severity) == ("missing_session", 52, "warning")
    assert "no bar on 10 of 500 24/5 sessions, first on" in problem.message
    more = bars.drop(index=range(50, 270, 20)).reset_index(drop=True)
    assert len(rules(check(more, "24/5", kind="currency"))) == 11  # the last counts those that are not shown


@pytest.mark.parametrize(
    ("calendar", "day", "end"),
    [
        ("XNYS", "2026-10-30", datetime(2026, 10, 30, 20, 0, tzinfo=UTC)),
        ("XTKS", "2026-10-30", datetime(2026, 10, 30, 6, 30, tzinfo=UTC)),
        ("24/7", "2026-10-31", datetime(2026, 11, 1, tzinfo=UTC)),
    ],
)
def test_the_newest_bar_is_unfinished_until_its_exchange_closes(calendar, day, end):
    bars = session_bars(130, calendar=calendar, start="2026-07-01")
    bars = bars[bars["Date"] <= day]
    (problem,) = check(bars, calendar, now=end - timedelta(minutes=1))
    assert (problem.rule, problem.row, problem.severity) == ("unfinished", len(bars) + 1, "warning")
    assert f"the {calendar} session {day} ends at {end:%H:%M} UTC" in problem.message
    assert check(bars, calendar, now=end) == []
    assert check(bars.iloc[:-1], calendar, now=end - timedelta(minutes=1)) == []


def test_bars_after_the_end_of_a_calendar_are_not_judged():
    days = np.busday_offset(np.datetime64("2029-12-20"), np.arange(20)).astype("datetime64[us]")
    bars = random_bars(20).assign(Date=days)
    found = check(bars, "XSAU", now=datetime(2030, 2, 1, tzinfo=UTC))
    assert ("sessions", None) in rules(found, "warning")
    assert all("2030" not in problem.message for problem in found if problem.rule == "extra_session")
