import pytest

from simmer.base.errors import DataError
from simmer.base.files import write_json
from simmer.data.bars_csv import canonical_csv
from simmer.data.manifest import Provenance, build_manifest, describe_resource
from simmer.data.pending import pending_registrations, unlisted_files
from simmer.data.snapshots import SnapshotStore
from support.bars import random_bars

ORIGIN = {"source": "csv", "file": "own.csv"}


def provenance(ticker):
    return Provenance(ticker, "etf", "unknown", "own file", ({"title": "own file"},))


@pytest.fixture
def data(tmp_path):
    """A data folder with two raw tables and their manifest, and a snapshot of a third."""
    raw = tmp_path / "raw"
    raw.mkdir()
    entries = []
    for seed, ticker in enumerate(("SPY", "DIA")):
        frame = random_bars(60, seed=seed)
        content = canonical_csv(frame)
        (raw / f"{ticker}.csv").write_bytes(content)
        entries.append(
            describe_resource(f"{ticker}.csv", content=content, frame=frame, provenance=provenance(ticker))
        )
    write_json(raw / "datapackage.json", build_manifest("raw", entries))
    frame = random_bars(60, seed=9)
    store = SnapshotStore(tmp_path / "snapshots")
    store.add(canonical_csv(frame), frame=frame, provenance=provenance("QQQ"), origin=ORIGIN)
    return tmp_path


def pending(data):
    return pending_registrations(data, [data / part / "datapackage.json" for part in ("snapshots", "raw")])


def test_an_intact_folder_has_nothing_pending(data):
    assert not pending(data)


def test_new_missing_and_changed_files_are_found(data):
    (data / "raw/sub").mkdir()
    (data / "raw/sub/NEW.csv").write_text("x")
    (data / "own.csv").write_text("y")
    (data / "raw/.QQQ.csv.123.tmp").write_text("x")
    (data / "raw/.hidden.csv").write_text("x")
    (data / "raw/notes.txt").write_text("x")
    (data / "raw/SPY.csv").unlink()
    (data / "raw/DIA.csv").write_bytes((data / "raw/DIA.csv").read_bytes() + b"\n")
    found = pending(data)
    assert found
    assert found.unlisted == ("own.csv", "raw/sub/NEW.csv")
    assert found.missing == ("raw/SPY.csv",)
    assert found.changed == ("raw/DIA.csv",)


def test_an_own_file_with_a_snapshot_is_not_pending(data):
    (data / "own.csv").write_bytes(canonical_csv(random_bars(60, seed=9)))
    assert not pending(data)
    (data / "own.csv").write_bytes(canonical_csv(random_bars(60, seed=10)))
    assert pending(data).unlisted == ("own.csv",)


def test_every_file_is_pending_without_a_manifest_and_a_broken_one_is_an_error(data):
    (data / "raw/datapackage.json").unlink()
    assert pending(data).unlisted == ("raw/DIA.csv", "raw/SPY.csv")
    (data / "raw/datapackage.json").write_text("{")
    with pytest.raises(DataError, match="not a JSON manifest"):
        pending(data)


def test_an_entry_that_leads_out_of_the_folder_is_missing_and_never_opened(data):
    write_json(data / "raw/datapackage.json", {"resources": [{"path": "../own.csv", "hash": "sha256:0"}]})
    (data / "own.csv").write_text("x")
    assert pending(data).missing == ("raw/../own.csv",)


def test_files_are_compared_with_entries_without_being_opened(data):
    assert unlisted_files(data / "raw", [{"path": "SPY.csv"}, {"path": 7}, {}]) == ("DIA.csv",)
