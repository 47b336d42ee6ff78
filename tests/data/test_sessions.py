import re
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from simmer.base.errors import ConfigError, DataError
from simmer.data.sessions import (
    end_of_session,
    expected_days,
    known_sessions,
    last_complete_session,
    sessions,
)
from support.bars import bundled_bars


def days(*texts):
    return np.array(texts, dtype="datetime64[D]")


def test_both_ends_are_included_and_closed_days_are_not():
    # Monday and Tuesday of hurricane Sandy, then Thanksgiving.
    found = sessions("XNYS", *days("2012-10-26", "2012-10-31"))
    assert found.dtype == np.dtype("datetime64[D]")
    assert found.tolist() == days("2012-10-26", "2012-10-31").tolist()
    found = sessions("XNYS", *days("2012-11-21", "2012-11-23"))
    assert found.tolist() == days("2012-11-21", "2012-11-23").tolist()


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2012-10-26", "2012-10-26", ["2012-10-26"]),
        ("2012-10-27", "2012-10-30", []),
        # Older than the twenty years that the calendar covers by itself.
        ("1971-02-05", "1971-02-08", ["1971-02-05", "1971-02-08"]),
    ],
)
def test_single_closed_and_old_days(first, last, expected):
    assert sessions("XNYS", *days(first, last)).astype(str).tolist() == expected


def test_sessions_are_the_days_of_real_bars():
    real = bundled_bars()["Date"].to_numpy().astype("datetime64[D]")
    np.testing.assert_array_equal(sessions("XNYS", real[0], real[-1]), real)


def test_an_unknown_calendar_is_a_configuration_error():
    with pytest.raises(
        ConfigError, match="calendar 'NOPE' is unknown; expected a name of exchange_calendars"
    ):
        sessions("NOPE", *days("2012-10-26", "2012-10-31"))


def test_days_before_the_calendar_begins_are_refused():
    with pytest.raises(DataError, match="1997"):
        sessions("XTKS", *days("1950-01-02", "1950-01-06"))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-24T20:59", "2026-11-23"),
        ("2026-11-24T21:00", "2026-11-24"),  # 16:00 in New York
        ("2026-11-26T23:00", "2026-11-25"),  # Thanksgiving
        ("2026-11-27T17:59", "2026-11-25"),
        ("2026-11-27T18:00", "2026-11-27"),  # closes early
        ("2026-11-29T12:00", "2026-11-27"),  # Sunday
        ("2026-07-01T20:00", "2026-07-01"),  # summer time
    ],
)
def test_a_session_is_complete_when_it_has_closed(now, expected):
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert str(last_complete_session("XNYS", at)) == expected
    assert str(last_complete_session("XNYS", at.astimezone(timezone(timedelta(hours=9))))) == expected


def test_where_the_sun_rises_first_a_session_may_end_before_its_date_begins_here():
    at = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    assert str(last_complete_session("XNZE", at)) == "2026-11-23"
    assert str(last_complete_session("XNZE", at + timedelta(hours=2))) == "2026-11-24"


def test_an_unknown_calendar_has_no_complete_session():
    with pytest.raises(ConfigError, match="calendar 'NOPE' is unknown"):
        last_complete_session("NOPE", datetime(2026, 11, 24, tzinfo=UTC))


@pytest.mark.parametrize(
    ("calendar", "first", "last", "covered", "lack"),
    [
        ("XTKS", "1996-01-04", "1997-02-03", ("1997-01-01", "1997-02-03"), "known only from 1997-01-01$"),
        ("XSAU", "2029-12-01", "2030-01-31", ("2029-12-01", "2029-12-31"), "until 2029-12-31$"),
        ("XKRX", "1950-01-02", "2051-01-02", ("1956-01-01", "2050-12-31"), "from 1956-01-01 until 2050"),
    ],
)
def test_the_covered_part_is_known_beyond_the_bounds_of_a_calendar(calendar, first, last, covered, lack):
    found = known_sessions(calendar, *days(first, last))
    assert tuple(map(str, found.covered)) == covered
    assert re.search(rf"calendar {calendar} of exchange_calendars [\d.]+ is .*{lack}", found.lack)
    np.testing.assert_array_equal(found.days, sessions(calendar, *days(*covered)))
    assert found.cover(days(first, *covered, last)).tolist()[1:3] == [True, True]
    assert not found.cover(days(first, last)).all()


def test_days_at_the_border_of_a_calendar_are_known_without_a_lack():
    assert known_sessions("XTKS", *days("1997-01-03", "1997-01-07")).lack is None
    assert sessions("XTKS", *days("1997-01-03", "1997-01-07")).astype(str).tolist() == [
        "1997-01-06",
        "1997-01-07",
    ]


@pytest.mark.parametrize(
    ("calendar", "reason"), [("ASEX", "NotImplementedError"), ("XTAE", "ValueError: Special dates")]
)
def test_a_calendar_that_the_library_cannot_compute_is_one_sentence(calendar, reason):
    found = known_sessions(calendar, *days("2020-01-02", "2020-06-30"))
    assert found.covered is None
    assert len(found.days) == 0
    assert not found.cover(days("2020-01-02")).any()
    assert found.lack.startswith(f"calendar {calendar} of exchange_calendars")
    assert f"cannot be computed ({reason}" in found.lack
    assert len(found.lack) < 250
    with pytest.raises(DataError, match=reason):
        sessions(calendar, *days("2020-01-02", "2020-06-30"))
    with pytest.raises(DataError, match=reason):
        last_complete_session(calendar, datetime(2020, 6, 30, tzinfo=UTC))
    assert end_of_session(calendar, *days("2020-06-30")) is None


def test_after_the_end_of_a_calendar_no_session_is_complete_and_on_its_last_day_one_is():
    at = datetime(2029, 12, 31, 22, tzinfo=UTC)
    assert str(last_complete_session("XSAU", at)) == "2029-12-31"
    with pytest.raises(DataError, match=r"until 2029-12-31; .* install a newer exchange_calendars"):
        last_complete_session("XSAU", at + timedelta(days=2))


def test_every_day_is_a_session_of_a_market_that_never_closes():
    assert len(sessions("24/7", *days("2023-12-23", "2024-01-02"))) == 11
    assert end_of_session("24/7", *days("2023-12-24")) == datetime(2023, 12, 25, tzinfo=UTC)


def test_a_session_ends_when_its_exchange_closes():
    assert end_of_session("XTKS", *days("2023-12-22")) == datetime(2023, 12, 22, 6, 0, tzinfo=UTC)
    assert end_of_session("XNYS", *days("2023-11-24")) == datetime(2023, 11, 24, 18, 0, tzinfo=UTC)
    assert end_of_session("XNYS", *days("2023-11-23")) is None


def test_days_that_a_calendar_lacks_are_expected_if_they_have_a_bar():
    bars = days("1996-12-27", "1996-12-28", "1996-12-30", "1997-01-06", "1997-01-07", "1997-01-09")
    found = expected_days("XTKS", bars).astype(str).tolist()
    assert found == [*bars.astype(str)[:5], "1997-01-08", "1997-01-09"]
