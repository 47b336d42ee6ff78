import json
import os

import pytest

from simmer.evidence.looks import count_looks, horizons_seen, read_looks, record_look

LOOK = {
    "ticker": "GSPC",
    "horizon_days": 1,
    "first_date": "2016-02-29",
    "last_date": "2018-12-28",
    "winners": {"2M": {"fingerprint": "f", "trial": 3}},
    "predictions_sha256": "p1",
}
OTHER = LOOK | {"predictions_sha256": "p2"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger" / "test_reads.jsonl"


def test_the_same_predictions_are_the_same_look(path):
    assert read_looks(path) == []
    for _ in range(3):
        record_look(path, LOOK)
    assert count_looks(read_looks(path), LOOK) == len(read_looks(path)) == 1
    assert read_looks(path)[0]["time"].endswith("+00:00")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 2),
        # Other earlier days, or a border moved by a few days, do not make test days unseen.
        ({"first_date": "2016-06-01"}, 2),
        ({"last_date": "2016-02-29", "first_date": "2010-01-01"}, 2),
        ({"first_date": "2010-01-01", "last_date": "2016-02-28"}, 1),
        ({"ticker": "IXIC"}, 1),
        ({"horizon_days": 3}, 1),
    ],
)
def test_looks_at_overlapping_days_are_counted(path, changes, expected):
    record_look(path, OTHER | changes)
    record_look(path, LOOK)
    assert count_looks(read_looks(path), LOOK) == expected


def test_all_horizons_scored_on_these_days_are_counted(path):
    for look in (LOOK, LOOK | {"horizon_days": 3}, LOOK | {"horizon_days": 5, "ticker": "IXIC"}):
        record_look(path, look)
    assert horizons_seen(read_looks(path), LOOK) == 2


def test_only_the_incomplete_line_is_skipped(path):
    record_look(path, LOOK)
    path.write_bytes(path.read_bytes() + b'{"time": "2026')
    record_look(path, OTHER)
    assert [one["predictions_sha256"] for one in read_looks(path)] == ["p1", "p2"]


@pytest.mark.parametrize("damage", [b"", b"\0" * 300, b"{}\n[1]\nnull\n"])
def test_a_damaged_log_is_completed_from_its_copy(path, damage):
    copy = path.with_name("test_reads.copy.jsonl")
    record_look(path, LOOK)
    record_look(path, OTHER)
    for damaged, whole in ((path, copy), (copy, path)):
        damaged.write_bytes(damage)
        assert len(read_looks(path)) == 2
        record_look(path, LOOK)
        whole.unlink()
        assert len(read_looks(path)) == 2
        record_look(path, LOOK)


def test_a_changed_look_is_damaged(path):
    record_look(path, LOOK)
    path.write_text(path.read_text().replace("2018-12-28", "2008-12-28"))
    assert [one["last_date"] for one in read_looks(path)] == ["2018-12-28"]


@pytest.mark.parametrize("changes", [{"winners": None}, {"winners": {"2M": 3}}, {"winners": {"2M": {}}}])
def test_a_look_without_its_winners_is_damaged(path, changes):
    path.parent.mkdir()
    path.write_text(json.dumps({"time": "2026-01-01T00:00:00+00:00"} | LOOK | changes) + "\n")
    assert read_looks(path) == []


def test_a_system_that_writes_a_part_at_a_time_writes_the_whole_look(path, monkeypatch):
    monkeypatch.setattr(os, "write", lambda file, content, write=os.write: write(file, content[:7]))
    record_look(path, LOOK)
    monkeypatch.undo()
    assert [one["predictions_sha256"] for one in read_looks(path)] == ["p1"]


def test_looks_of_an_older_version_are_copied(path):
    path.parent.mkdir()
    path.write_text(json.dumps({"time": "2026-01-01T00:00:00+00:00"} | LOOK) + "\n")
    record_look(path, LOOK)
    path.unlink()
    assert count_looks(read_looks(path), LOOK) == 1
