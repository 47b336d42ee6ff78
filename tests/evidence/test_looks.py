import pytest

from simmer.evidence.looks import horizons_seen, looks, readings, record_reading

READING = {
    "ticker": "GSPC",
    "horizon_days": 1,
    "first_date": "2016-02-29",
    "last_date": "2018-12-28",
    "winners": {"2M": {"fingerprint": "f", "trial": 3}},
    "predictions_sha256": "p1",
}
OTHER = READING | {"predictions_sha256": "p2"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger" / "test_reads.jsonl"


def test_the_same_predictions_are_the_same_look(path):
    assert readings(path) == []
    for _ in range(3):
        record_reading(path, READING)
    assert looks(readings(path), READING) == len(readings(path)) == 1
    assert readings(path)[0]["time"].endswith("+00:00")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 2),
        # Other days before the test split, or a border moved a little, make no untouched test of it.
        ({"first_date": "2016-06-01"}, 2),
        ({"last_date": "2016-02-29", "first_date": "2010-01-01"}, 2),
        ({"first_date": "2010-01-01", "last_date": "2016-02-28"}, 1),
        ({"ticker": "IXIC"}, 1),
        ({"horizon_days": 3}, 1),
    ],
)
def test_a_look_counts_where_its_days_overlap(path, changes, expected):
    record_reading(path, OTHER | changes)
    record_reading(path, READING)
    assert looks(readings(path), READING) == expected


def test_horizons_that_were_ever_scored_on_these_days_are_counted(path):
    for reading in (READING, READING | {"horizon_days": 3}, READING | {"horizon_days": 5, "ticker": "IXIC"}):
        record_reading(path, reading)
    assert horizons_seen(readings(path), READING) == 2


def test_a_torn_line_costs_nothing_but_itself(path):
    record_reading(path, READING)
    path.write_bytes(path.read_bytes() + b'{"time": "2026')
    record_reading(path, OTHER)
    assert [one["predictions_sha256"] for one in readings(path)] == ["p1", "p2"]
