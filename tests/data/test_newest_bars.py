"""The complete bars of a file, and what is said of them."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from simmer.base.errors import DataError
from simmer.data.bars_csv import canonical_csv
from simmer.data.newest_bars import age_of, newest_bars
from support.bars import session_bars

BARS = session_bars(300, seed=3)
LAST = BARS["Date"].iloc[-1]
LATER = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def files(tmp_path):
    class Files:
        campaign, newer = tmp_path / "raw/SPY.csv", tmp_path / "my newer bars.csv"

    Files.campaign.parent.mkdir()
    Files.campaign.write_bytes(canonical_csv(BARS[:280]))
    Files.newer.write_bytes(canonical_csv(BARS))
    return Files


def newest(files, *, file="newer", now=LATER, ticker="SPY", kind="index"):
    given = file if file is None else getattr(files, file)
    return newest_bars(given, campaign=files.campaign, ticker=ticker, kind=kind, calendar="XNYS", now=now)


def write(path, frame):
    path.write_bytes(canonical_csv(frame))


def test_a_file_that_goes_on_where_the_campaign_ends_needs_no_words(files):
    found = newest(files)
    assert (len(found.frame), found.source, found.notes) == (300, files.newer, ())


def test_without_a_file_the_bars_are_the_campaign_s(files):
    found = newest(files, file=None)
    assert (len(found.frame), found.source, found.notes) == (280, files.campaign, ())
    files.campaign.unlink()
    with pytest.raises(DataError, match="expected the campaign's bars of SPY"):
        newest(files, file=None)


def test_an_unreadable_file_is_named(files):
    files.newer.unlink()
    with pytest.raises(DataError, match=r"the bars of SPY cannot be read: .*my newer bars\.csv"):
        newest(files)
    files.newer.write_text("Date;Open\n2003-01-06;1\n")
    with pytest.raises(DataError, match="the header lacks High, Low and Close"):
        newest(files)


def test_a_file_may_have_any_layout_and_its_lines_are_named(files):
    newest_first = BARS.iloc[::-1].rename(columns={"Close": "Close/Last"}).to_csv(index=False)
    files.newer.write_text(newest_first)
    assert newest(files).frame.equals(BARS)
    assert newest(files).notes == ()
    files.newer.write_text(newest_first.replace(f"{LAST:%Y-%m-%d},", f"{LAST:%Y-%m-%d},9", 1))
    with pytest.raises(DataError, match=r"line 2: High .* is below"):
        newest(files)


def test_a_bar_of_a_session_that_is_not_over_is_left_out(files):
    day = LAST.date()
    for hour, rows, notes in ((20, 299, 1), (22, 300, 0)):
        found = newest(files, now=datetime(day.year, day.month, day.day, hour, tzinfo=UTC))
        assert (len(found.frame), len(found.notes)) == (rows, notes)
        assert not notes or found.notes[0].endswith("left out, because the session was not over")


def test_a_bar_that_is_left_out_need_not_follow_the_rules(files):
    # As a source may write it in the morning.
    wild = BARS.copy()
    wild.loc[299, ["Open", "High", "Low", "Close"]] = [9.0, 1.0, 5.0, 3.0]
    write(files.newer, wild)
    with pytest.raises(DataError, match="High"):
        newest(files)
    day = LAST.date()
    assert len(newest(files, now=datetime(day.year, day.month, day.day, 12, tzinfo=UTC)).frame) == 299


def test_bars_of_the_future_alone_are_refused(files):
    with pytest.raises(DataError, match="found no bar of SPY up to"):
        newest(files, now=datetime(2002, 6, 3, tzinfo=UTC))


def test_the_rules_of_the_source_csv_hold(files):
    write(files.newer, BARS.drop(index=100))
    with pytest.raises(DataError, match="no bar for the XNYS session"):
        newest(files)


def test_another_adjustment_is_said_with_its_factor(files):
    other = BARS.copy()
    other.loc[:199, ["Open", "High", "Low", "Close"]] *= 0.98
    write(files.newer, other)
    (note,) = newest(files).notes
    assert "DIFFERS from the campaign's bars on 200 of 280 common days" in note
    assert "times 0.980000 (a dividend or a split)" in note
    assert "adjusted as the campaign's" in note


def test_a_later_beginning_is_said(files):
    write(files.newer, BARS[40:])
    (note,) = newest(files).notes
    assert f"lacks 40 days of the campaign's bars, {BARS['Date'].iloc[0]:%Y-%m-%d} to" in note
    assert "begin with the campaign's" in note


def test_an_older_file_is_not_blamed_for_days_after_its_end(files):
    write(files.newer, BARS[:250])
    assert newest(files).notes == ()


def test_bars_without_a_common_day_may_be_of_another_ticker(files):
    write(files.newer, BARS[280:])
    (note,) = newest(files).notes
    assert "may be bars of another ticker" in note


@pytest.mark.parametrize(
    ("day", "now", "expected"),
    [
        (date(2026, 11, 24), datetime(2026, 11, 24, 22, tzinfo=UTC), (0, 0)),
        (date(2026, 11, 24), datetime(2026, 11, 25, 22, tzinfo=UTC), (1, 1)),
        (date(2026, 11, 25), datetime(2026, 11, 29, 12, tzinfo=UTC), (1, 4)),
        (date(2026, 11, 24), datetime(2026, 11, 24, 12, tzinfo=UTC), (0, 0)),
    ],
)
def test_age_is_counted_in_sessions_and_in_days(day, now, expected):
    assert age_of(day, "XNYS", now) == expected


def test_nothing_is_written(files):
    before = {path: path.stat().st_mtime_ns for path in files.newer.parent.rglob("*")}
    found = newest(files)
    assert {path: path.stat().st_mtime_ns for path in files.newer.parent.rglob("*")} == before
    assert np.array_equal(found.frame["Close"], BARS["Close"])
