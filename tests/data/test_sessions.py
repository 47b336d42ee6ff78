from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from simmer.base.errors import ConfigError, DataError
from simmer.data.sessions import last_complete_session, sessions
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
