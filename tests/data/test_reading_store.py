import pytest

from simmer.base.errors import DataError
from simmer.data.bars_csv import canonical_csv
from simmer.data.inspection import inspect_bars
from simmer.data.reading_store import ReadingStore
from simmer.data.snapshots import SnapshotStore
from simmer.data.sources import acquire
from simmer.data.tickers import TickerSpec
from support.bars import session_bars
from support.configs import data_settings


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "SPY.csv").write_bytes(canonical_csv(session_bars(60)))
    return data_settings("SPY", source="csv", folder=str(tmp_path))


def test_what_a_run_would_acquire_is_returned_and_nothing_is_written(settings, tmp_path):
    tried = acquire(settings, "SPY", ReadingStore(tmp_path / "snapshots"))
    assert not (tmp_path / "snapshots").exists()
    kept = acquire(settings, "SPY", SnapshotStore(tmp_path / "snapshots"))
    assert tried.frame.equals(kept.frame)
    assert tried.provenance.sources == kept.provenance.sources


def test_bars_that_are_kept_under_another_name_are_refused_as_in_a_run(settings, tmp_path):
    acquire(settings, "SPY", SnapshotStore(tmp_path / "snapshots"))
    (tmp_path / "DIA.csv").write_bytes((tmp_path / "SPY.csv").read_bytes())
    other = data_settings("DIA", source="csv", folder=str(tmp_path))
    with pytest.raises(DataError, match="already kept as SPY; expected those of DIA"):
        acquire(other, "DIA", ReadingStore(tmp_path / "snapshots"))


def test_warnings_are_collected_and_not_logged(settings, tmp_path, caplog):
    content = (tmp_path / "SPY.csv").read_bytes().removesuffix(b"\n")
    (tmp_path / "SPY.csv").write_bytes(content)
    found = inspect_bars(settings, TickerSpec("SPY", "etf"), ReadingStore(tmp_path / "snapshots"))
    assert (found.errors, len(found.frame)) == ((), 60)
    assert [line.partition(": ")[2] for line in found.warnings] == [
        "the last line has no line end; check that the file was not cut off [line_end]"
    ]
    assert caplog.text == ""
