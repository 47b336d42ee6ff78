import json
import multiprocessing
import os
import signal
import stat
import time

import pytest

from simmer.base.errors import DataError, LedgerError
from simmer.base.files import sha256_of_bytes
from simmer.data.bars_csv import canonical_csv
from simmer.data.manifest import Provenance, read_manifest
from simmer.data.snapshots import SnapshotStore
from simmer.data.validation import validate_manifest
from support.bars import random_bars

MINE = {"source": "csv", "file": "mine.csv"}
OTHER = {"source": "csv", "file": "other.csv"}


def clock():
    """A clock that advances by a second at each call."""
    ticks = iter(range(60))
    return lambda: f"2026-01-01T00:00:{next(ticks):02d}+00:00"


@pytest.fixture
def store(tmp_path):
    return SnapshotStore(tmp_path / "snapshots", now=clock())


def keep(store, seed=0, *, ticker="SPY", origin=MINE):
    frame = random_bars(60, seed=seed)
    provenance = Provenance(ticker, "etf", "unknown", "own file", ({"title": "own file"},))
    return store.add(canonical_csv(frame), frame=frame, provenance=provenance, origin=origin)


def test_bytes_are_kept_as_they_came_and_named_by_their_hash(store):
    snapshot = keep(store)
    assert snapshot.read() == canonical_csv(random_bars(60))
    assert snapshot.entry["hash"].startswith(f"sha256:{snapshot.id}")
    assert snapshot.entry["path"] == f"SPY/{snapshot.id}.csv"
    assert stat.S_IMODE(snapshot.path.stat().st_mode) == 0o444


def test_the_first_of_an_origin_stays_until_another_is_pinned(store):
    first, second = keep(store, 1), keep(store, 2)
    assert store.choose("SPY", origin=MINE, pinned=None).id == first.id
    assert store.choose("SPY", origin=MINE, pinned=second.id).id == second.id
    assert store.choose("SPY", origin=MINE, pinned=None, latest=True).id == second.id
    assert store.choose("SPY", origin=OTHER, pinned=None) is None
    assert [snapshot.id for snapshot in store.of("SPY")] == [first.id, second.id]


def test_the_first_of_an_origin_stays_when_an_older_content_comes_from_it_later(store):
    old = keep(store, 1, origin=OTHER)
    first = keep(store, 2)
    again = keep(store, 1)
    assert again.id == old.id
    assert store.choose("SPY", origin=MINE, pinned=None).id == first.id


def test_the_same_bytes_are_kept_once_with_every_origin(store):
    first = keep(store)
    before = first.path.stat()
    second = keep(store, origin=OTHER)
    third = keep(store, origin=OTHER)
    assert first.path.stat() == before
    assert [came["origin"] for came in third.entry["origins"]] == [MINE, OTHER]
    assert second.entry == third.entry
    assert third.entry["retrieved_at"] == first.entry["retrieved_at"]


def test_a_pin_to_a_missing_snapshot_lists_the_existing_ones(store):
    with pytest.raises(DataError, match="expected one of: none at all"):
        store.choose("SPY", origin=MINE, pinned="0" * 16)
    kept = keep(store)
    with pytest.raises(DataError, match=f"expected one of: {kept.id}"):
        store.choose("SPY", origin=MINE, pinned="0" * 16)


def test_a_snapshot_that_was_changed_is_never_read(store):
    snapshot = keep(store)
    snapshot.path.chmod(0o644)
    snapshot.path.write_bytes(snapshot.path.read_bytes().replace(b"2003-01-06", b"2003-01-03"))
    with pytest.raises(DataError, match="was changed after it was kept"):
        snapshot.read()


def test_the_manifest_is_valid_and_depends_on_the_order_only_in_sequence_numbers(tmp_path):
    manifests = []
    for order in ((1, 2, 3), (3, 1, 2)):
        store = SnapshotStore(tmp_path / str(order[0]), now=lambda: "2026-01-01T00:00:00+00:00")
        for seed in order:
            keep(store, seed, ticker="DIA" if seed == 3 else "SPY")
        text = (store.root / "datapackage.json").read_text()
        manifests.append([line for line in text.splitlines() if '"sequence"' not in line])
        report = validate_manifest(store.root / "datapackage.json", kinds={}, calendars=None)
        assert report.problems == ()
        assert len(report.checked) == 3
    assert manifests[0] == manifests[1]


def test_files_that_a_crash_left_behind_are_adopted_or_ignored(store):
    snapshot = keep(store, 1)
    content = snapshot.path.read_bytes()
    snapshot.path.unlink()
    (store.root / "SPY/.0123.csv.77.tmp").write_bytes(content[:100])
    assert keep(store, 1).id == snapshot.id
    assert len(store.of("SPY")) == 1
    assert snapshot.path.read_bytes() == content


def test_a_folder_that_cannot_be_written_is_an_error_and_changes_nothing(store):
    keep(store, 1)
    before = {path: path.read_bytes() for path in store.root.rglob("*.*")}
    # Even root cannot make a folder where a file is.
    (store.root / "DIA").write_text("")
    with pytest.raises(LedgerError, match="cannot write"):
        keep(store, 2, ticker="DIA")
    assert {path: path.read_bytes() for path in before} == before


def add_many(root, seeds):
    for seed in seeds:
        keep(SnapshotStore(root), seed, ticker="SPY" if seed % 2 else "DIA")


def test_processes_side_by_side_lose_no_entry(tmp_path):
    context = multiprocessing.get_context("fork")
    workers = [
        context.Process(target=add_many, args=(tmp_path, range(start, 20, 4)), daemon=True)
        for start in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert len(read_manifest(tmp_path / "datapackage.json")["resources"]) == 20


def test_kill_at_any_moment_leaves_whole_files_and_the_same_call_completes_it(tmp_path):
    context = multiprocessing.get_context("fork")
    for attempt in range(12):
        worker = context.Process(target=add_many, args=(tmp_path, range(30)), daemon=True)
        worker.start()
        time.sleep(0.004 * attempt)
        os.kill(worker.pid, signal.SIGKILL)
        worker.join(30)
        for path in tmp_path.rglob("*.json"):
            if not path.name.startswith("."):
                json.loads(path.read_text())
        for ticker in ("SPY", "DIA"):
            for snapshot in SnapshotStore(tmp_path).of(ticker):
                if snapshot.path.exists():  # else its entry was written, and it was about to be
                    snapshot.read()
    add_many(tmp_path, range(30))
    report = validate_manifest(tmp_path / "datapackage.json", kinds={}, calendars=None)
    assert report.ok
    assert len(report.checked) == 30


def test_a_clock_that_is_set_back_changes_no_choice(tmp_path):
    times = iter(["2026-02-01T00:00:00+00:00", "2026-01-01T00:00:00+00:00"])
    store = SnapshotStore(tmp_path, now=lambda: next(times))
    first, second = keep(store, 1), keep(store, 2)
    assert store.choose("SPY", origin=MINE, pinned=None).id == first.id
    assert [snapshot.id for snapshot in store.of("SPY")] == [first.id, second.id]


def test_an_entry_that_was_changed_with_its_table_is_refused(store):
    snapshot = keep(store, 1)
    other = canonical_csv(random_bars(60, seed=2))
    snapshot.path.chmod(0o644)
    snapshot.path.write_bytes(other)
    sidecar = snapshot.path.with_suffix(".resource.json")
    sidecar.write_text(
        sidecar.read_text().replace(snapshot.entry["hash"], f"sha256:{sha256_of_bytes(other)}")
    )
    with pytest.raises(DataError, match="not the entry of a snapshot"):
        store.choose("SPY", origin=MINE, pinned=snapshot.id)


def test_a_table_without_its_entry_is_an_error(store):
    keep(store, 1).path.with_suffix(".resource.json").unlink()
    with pytest.raises(DataError, match="has no entry next to it"):
        store.choose("SPY", origin=MINE, pinned=None)


def test_a_manifest_that_was_not_written_is_written_by_the_next_call(store):
    keep(store, 1)
    manifest = store.root / "datapackage.json"
    content = manifest.read_bytes()
    manifest.unlink()
    store.settle()
    assert manifest.read_bytes() == content
    before = manifest.stat().st_mtime_ns
    store.settle()
    assert manifest.stat().st_mtime_ns == before


def test_the_same_bars_are_not_kept_as_two_tickers(store):
    keep(store, 1)
    with pytest.raises(DataError, match="the same bars are already kept as SPY; expected those of DIA"):
        keep(store, 1, ticker="DIA")
    assert store.of("DIA") == ()


@pytest.mark.parametrize("key", ["tool", "adjustment", "sources", "rows", "sequence", "date_min", "kind"])
def test_an_entry_without_a_required_key_is_refused(store, key):
    sidecar = keep(store, 1).path.with_suffix(".resource.json")
    entry = json.loads(sidecar.read_text())
    del entry[key]
    sidecar.write_text(json.dumps(entry))
    with pytest.raises(DataError, match="not the entry of a snapshot"):
        store.of("SPY")
