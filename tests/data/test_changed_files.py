import pytest

from simmer.base.files import write_json
from simmer.data.bars_csv import canonical_csv
from simmer.data.changed_files import changed_files, in_words, way_on
from simmer.data.snapshots import SnapshotStore
from simmer.data.sources import acquire
from simmer.data.tickers import TickerSpec
from support.bars import session_bars
from support.configs import data_settings

DAY = "2026-01-02"
BARS = session_bars(50)


class OwnFile:
    """SPY.csv of 40 bars in a folder, and its changes since it was acquired."""

    def __init__(self, folder):
        self.folder = folder
        self.store = SnapshotStore(folder / "snapshots", now=lambda: f"{DAY}T00:00:00.000+00:00")
        self.write(BARS[:40])

    def settings(self, choice, **entry):
        spec = TickerSpec("SPY", "etf", **entry)
        return data_settings(spec, source="csv", folder=str(self.folder), snapshot=choice)

    def write(self, bars):
        (self.folder / "SPY.csv").write_bytes(canonical_csv(bars))

    def acquire(self, choice="pinned"):
        """Acquire the bars, as the rule does, and return the id of their snapshot."""
        source = acquire(self.settings(choice), "SPY", self.store).provenance.sources[0]
        write_json(self.folder / "raw" / "SPY.resource.json", {"sources": [source]})
        return source["snapshot"]

    def changes(self, choice="pinned", searched=("SPY",), **entry):
        return changed_files(self.settings(choice, **entry), self.folder, searched=searched)

    def lines(self, *choice, **keys):
        return [in_words(change) for change in self.changes(*choice, **keys)]


@pytest.fixture
def own(tmp_path):
    own = OwnFile(tmp_path)
    own.acquire()
    return own


def test_nothing_is_said_of_an_unchanged_a_missing_and_a_new_file(own, tmp_path):
    assert own.lines("pinned") == own.lines("latest") == []
    (own.folder / "SPY.csv").unlink()
    assert own.lines("pinned") == own.lines("latest") == []
    (tmp_path / "new").mkdir()
    assert OwnFile(tmp_path / "new").lines() == []


def test_appended_bars_begin_new_studies_only_as_the_latest(own):
    own.write(BARS[:42])
    added = "SPY.csv: 2 rows added (2003-03-05 to 2003-03-06). "
    assert own.lines("pinned") == [
        f"{added}pinned: the search keeps its snapshot of {DAY}; "
        "`data.snapshot: latest` would begin other studies"
    ]
    assert own.lines("latest") == [f"{added}latest: other studies"]


def test_rows_removed_and_revised_are_counted(own):
    bars = BARS[:40].copy()
    bars.loc[[5, 6], "Volume"] += 1
    own.write(bars[3:])
    (line,) = own.lines()
    assert line.startswith("SPY.csv: 3 rows removed (2003-01-06 to 2003-01-08), 2 rows revised. ")


def test_prices_that_a_dividend_rescaled_are_told_from_revisions(own):
    bars = BARS[:40].copy()
    bars.loc[:29, ["Open", "High", "Low", "Close"]] *= 0.99
    bars.loc[35, "Volume"] += 1
    own.write(bars)
    (line,) = own.lines()
    assert line.startswith("SPY.csv: 30 rows rescaled (a dividend or a split), 1 row revised. ")


def test_bars_that_the_search_does_not_use_begin_no_new_study(own):
    own.write(BARS[:41])
    assert own.lines("latest", searched=["DJI"])[0].endswith("latest: no other study")


def test_the_same_bars_in_another_form_begin_no_new_study(own):
    path = own.folder / "SPY.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    (line,) = own.lines()
    assert line.startswith("SPY.csv: changed, but no row by more than rounding. ")
    assert line.endswith("`data.snapshot: latest` would begin no other study")


def test_a_price_rounded_differently_begins_a_new_study(own):
    bars = BARS[:40].copy()
    bars.loc[5, "Close"] *= 1 + 1e-9
    own.write(bars)
    (line,) = own.lines()
    assert line.startswith("SPY.csv: changed, but no row by more than rounding. ")
    assert line.endswith("would begin other studies")


def test_a_file_that_breaks_a_rule_is_named_with_its_line(own):
    path = own.folder / "SPY.csv"
    path.write_bytes(path.read_bytes() + path.read_bytes().splitlines(keepends=True)[-1])
    found = "SPY.csv: changed, but cannot be used (SPY.csv, line 42: 2003-03-04 appears twice"
    (pinned,), (latest,) = own.lines("pinned"), own.lines("latest")
    assert pinned.startswith(found)
    assert pinned.endswith("`data.snapshot: latest` would refuse it")
    assert latest.startswith(found)
    assert latest.endswith("latest: the run will refuse it")


def test_the_file_is_compared_with_the_snapshot_in_use(own):
    first = own.acquire()
    own.write(BARS[:42])
    second = own.acquire("latest")
    assert own.lines("latest") == []
    assert "2 rows added" in own.lines("pinned")[0]
    own.write(BARS[:41])
    assert "1 row removed" in own.lines("latest")[0]
    for kept, found in ((first, "1 row added"), (second, "1 row removed")):
        (line,) = own.lines("latest", snapshot=kept)
        assert found in line
        assert line.endswith(f". pinned in data.tickers: the search keeps its snapshot of {DAY}")


def test_another_file_in_the_configuration_is_compared_with_the_bars_in_use(own):
    own.write(BARS[:42])
    (own.folder / "SPY.csv").rename(own.folder / "newer.csv")
    added = "newer.csv: 2 rows added (2003-03-05 to 2003-03-06). "
    (pinned,) = own.lines("pinned", file="newer.csv")
    assert pinned.startswith(f"{added}a file at another place: other studies; to keep the bars: `snapshot: '")
    assert own.lines("latest", file="newer.csv") == [f"{added}latest: other studies"]


def test_the_command_that_shows_the_changes_is_named(own):
    own.write(BARS[:42])
    (change,) = own.changes(start="2003-01-08")
    file = own.folder / "SPY.csv"
    assert way_on(change).startswith(f"SPY.csv: `make register FILE={file} TICKER=SPY KIND=etf ")
    assert "2003-01-08" in way_on(change)
    assert way_on(change).endswith("` shows the changes, and prints the line that takes them over")
    assert own.changes("latest") != ()
    assert way_on(own.changes("latest")[0]) is None
    file.write_bytes(file.read_bytes()[:-30])
    assert way_on(own.changes()[0]).endswith("` shows every problem")


def test_bars_outside_the_chosen_days_are_no_change(own):
    own.write(BARS[:42])
    (line,) = own.lines(end=f"{BARS['Date'][39]:%Y-%m-%d}")
    assert line.startswith("SPY.csv: changed, but no row by more than rounding. ")
    assert line.endswith("would begin no other study")


@pytest.mark.parametrize("entry", [[], {}, {"sources": []}, {"sources": [1]}, {"sources": [{"snapshot": 1}]}])
def test_a_damaged_entry_is_left_to_its_job(own, entry):
    write_json(own.folder / "raw" / "SPY.resource.json", entry)
    own.write(BARS[:42])
    assert own.lines("latest") == []
