from pathlib import Path

import pandas as pd
import pytest

from simmer.base.errors import ConfigError, DataError
from simmer.data.bars_csv import canonical_csv
from simmer.data.manifest import Provenance
from simmer.data.registration import origin_of_file
from simmer.data.snapshots import SHARED, SnapshotStore
from simmer.data.sources import acquire, latest_id
from simmer.data.sources.bundled import require_bundled_range
from simmer.data.sources.yahoo import vendor_origin
from simmer.data.tickers import TickerSpec
from simmer.data.vendor import VENDOR_COLUMNS
from support.bars import bundled_bars, session_bars
from support.configs import data_settings


@pytest.fixture
def store(tmp_path):
    return SnapshotStore(tmp_path / "snapshots")


# ---- bundled --------------------------------------------------------------------------------


@pytest.mark.parametrize("ticker", ["GSPC", "IXIC"])
def test_bundled_bars_are_twenty_years_of_real_sessions(ticker, store):
    acquired = acquire(data_settings(), ticker, store)
    assert len(acquired.frame) == 5031
    assert acquired.provenance.adjustment == "index level"
    assert acquired.provenance.tool.startswith("arch ")
    assert acquired.provenance.retrieved_at is None
    assert "://" not in str(acquired.provenance.sources)
    assert not store.root.exists()


def test_first_real_bar_is_the_published_one():
    first = bundled_bars("GSPC").iloc[0]
    assert first["Date"] == pd.Timestamp("1999-01-04")
    assert first[["Open", "High", "Low", "Close"]].tolist() == [
        1229.22998, 1248.810059, 1219.099976, 1228.099976,
    ]  # fmt: skip
    assert first["Volume"] == 877_000_000


def test_bundled_bars_with_shifted_dates_or_missing_rows_are_refused():
    bars = bundled_bars()
    require_bundled_range(bars, what="bars")
    shifted = bars.assign(Date=bars["Date"] - pd.Timedelta(days=10_000))
    for broken in (shifted, bars.drop(index=7), bars.iloc[1:], bars.iloc[:-1]):
        with pytest.raises(DataError, match="expected 5031 from 1999-01-04 to 2018-12-31"):
            require_bundled_range(broken, what="bars")


def test_an_unknown_bundled_ticker_lists_the_known_ones(store):
    with pytest.raises(DataError, match="no SPY; it has GSPC, IXIC"):
        acquire(data_settings("SPY"), "SPY", store)


@pytest.mark.parametrize(
    "spec",
    [
        TickerSpec("GSPC", "etf"),
        TickerSpec("GSPC", "index", "x.csv"),
        TickerSpec("GSPC", "index", symbol="^GSPC"),
        TickerSpec("GSPC", "index", snapshot="0" * 16),
    ],
)
def test_bundled_indices_are_not_etfs_and_take_nothing_else(spec, store):
    with pytest.raises(ConfigError, match="is an index and takes no file"):
        acquire(data_settings(spec), "GSPC", store)


# ---- csv ------------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "SPY.csv").write_bytes(canonical_csv(session_bars(40)))
    return folder


def from_csv(own, spec=None, **changes):
    return data_settings(spec or TickerSpec("SPY", "etf"), source="csv", folder=str(own), **changes)


def test_own_bars_are_read_as_they_are_and_kept(own, store):
    acquired = acquire(from_csv(own), "SPY", store)
    pd.testing.assert_frame_equal(acquired.frame, session_bars(40), check_exact=True)
    (snapshot,) = store.of("SPY")
    assert acquired.provenance.adjustment == "unknown"
    assert acquired.provenance.retrieved_at == snapshot.entry["retrieved_at"]
    assert acquired.provenance.sources[0]["snapshot"] == snapshot.id
    assert acquired.provenance.sources[0]["hash"] == snapshot.entry["hash"]


def test_stored_files_hold_no_folder_of_this_machine(own, store):
    acquired = acquire(from_csv(own), "SPY", store)
    assert str(own) not in str(acquired.provenance)
    assert str(own) not in str(store.of("SPY")[0].entry)


def test_a_byte_order_mark_and_crlf_are_kept_in_the_snapshot_and_not_in_the_bars(own, store):
    content = b"\xef\xbb\xbf" + (own / "SPY.csv").read_bytes().replace(b"\n", b"\r\n")
    (own / "SPY.csv").write_bytes(content)
    acquired = acquire(from_csv(own), "SPY", store)
    assert store.of("SPY")[0].read() == content
    assert canonical_csv(acquired.frame) == canonical_csv(session_bars(40))


def test_the_first_snapshot_is_used_although_the_file_changed_or_is_gone(own, store):
    first = acquire(from_csv(own), "SPY", store)
    (own / "SPY.csv").write_bytes(canonical_csv(session_bars(50)))
    assert canonical_csv(acquire(from_csv(own), "SPY", store).frame) == canonical_csv(first.frame)
    (own / "SPY.csv").unlink()
    assert canonical_csv(acquire(from_csv(own), "SPY", store).frame) == canonical_csv(first.frame)


def test_the_latest_is_the_file_as_it_is_also_if_it_was_that_before(own, store):
    for rows in (40, 50, 40):
        (own / "SPY.csv").write_bytes(canonical_csv(session_bars(rows)))
        acquired = acquire(from_csv(own, snapshot="latest"), "SPY", store)
        assert len(acquired.frame) == rows
        assert acquired.provenance.sources[0]["snapshot"] == latest_id(from_csv(own), "SPY", store)
    assert len(store.of("SPY")) == 2


def test_the_snapshot_of_an_entry_wins_over_the_latest(own, store):
    acquire(from_csv(own), "SPY", store)
    pinned = TickerSpec("SPY", "etf", snapshot=store.of("SPY")[0].id)
    (own / "SPY.csv").write_bytes(canonical_csv(session_bars(50)))
    assert len(acquire(from_csv(own, pinned, snapshot="latest"), "SPY", store).frame) == 40


def test_a_latest_file_that_is_refused_names_the_way_to_go_on(own, store):
    settings = from_csv(own, snapshot="latest")
    acquire(settings, "SPY", store)
    (kept,) = store.of("SPY")
    (own / "SPY.csv").write_bytes((own / "SPY.csv").read_bytes() + b"x,1,1,1,1,1\n")
    for found in ("line 42: Date is 'x'", "has no SPY.csv"):
        with pytest.raises(DataError, match=found) as raised:
            acquire(settings, "SPY", store)
        assert f"kept last, on {kept.kept_on}, add `snapshot: '{kept.id}'`" in str(raised.value)
        (own / "SPY.csv").unlink(missing_ok=True)
    assert len(store.of("SPY")) == 1


def test_another_file_in_the_configuration_is_used(own, store):
    acquire(from_csv(own), "SPY", store)
    (own / "newer.csv").write_bytes(canonical_csv(session_bars(50)))
    acquired = acquire(from_csv(own, TickerSpec("SPY", "etf", file="newer.csv")), "SPY", store)
    assert len(acquired.frame) == 50
    elsewhere = own.parent / "elsewhere"
    own.rename(elsewhere)
    (elsewhere / "SPY.csv").write_bytes(canonical_csv(session_bars(45)))
    assert len(acquire(from_csv(elsewhere), "SPY", store).frame) == 45


def test_a_pinned_snapshot_needs_no_file(own, store):
    acquire(from_csv(own), "SPY", store)
    pinned = TickerSpec("SPY", "etf", snapshot=store.of("SPY")[0].id)
    (own / "SPY.csv").unlink()
    assert len(acquire(from_csv(own, pinned), "SPY", store).frame) == 40


def test_own_csv_that_is_missing_says_what_to_do(own, store):
    for file, message in (
        ("none.csv", rf"data\.folder {own} has no none\.csv; put it there, .* \(CSV files there: SPY\.csv\)"),
        ("spy_daily.csv", r"has no spy_daily\.csv; did you mean `file: SPY\.csv`\?"),
        ("../SPY.csv", "no path inside"),
    ):
        with pytest.raises(DataError, match=message):
            acquire(from_csv(own, TickerSpec("SPY", "etf", file=file)), "SPY", store)
    assert not store.root.exists()


def test_a_folder_that_does_not_exist_is_named_in_full(own, store, monkeypatch):
    monkeypatch.chdir(own.parent)
    for folder, message in (
        (f"{own}s", rf"data\.folder {own}s does not exist; did you mean `folder: {own}`\?"),
        ("nothing/like/it", rf"data\.folder {own.parent}/nothing/like/it does not exist \(a relative folder"),
        ("own/SPY.csv", rf"data\.folder {own}/SPY\.csv is a file; write the folder that it is in"),
    ):
        with pytest.raises(DataError, match=message):
            acquire(data_settings("SPY", source="csv", folder=folder), "SPY", store)
    assert not store.root.exists()


def test_the_home_folder_may_be_a_tilde(own, store, monkeypatch):
    monkeypatch.setenv("HOME", str(own.parent))
    settings = data_settings("SPY", source="csv", folder="~/own")
    assert len(acquire(settings, "SPY", store).frame) == 40
    assert acquire(settings, "SPY", store).provenance == acquire(settings, "SPY", store).provenance
    with pytest.raises(DataError, match=rf"data\.folder {own}s does not exist"):
        acquire(data_settings("SPY", source="csv", folder="~/owns"), "SPY", store)


def test_own_csv_with_problems_lists_them_all_and_keeps_nothing(own, store):
    lines = (own / "SPY.csv").read_text().splitlines()
    lines[5] = "x,1,1,1,1,1"
    lines[9] = lines[9].replace(lines[9].split(",")[4], "null")
    (own / "SPY.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError) as raised:
        acquire(from_csv(own), "SPY", store)
    assert "SPY.csv, line 6: Date is 'x'" in str(raised.value)
    assert "SPY.csv, line 10: Close is 'null'" in str(raised.value)
    assert not store.root.exists()


# ---- yahoo: what was fetched ----------------------------------------------------------------

YAHOO = {"source": "yahoo", "end": "2004-01-01"}


def fetched(store, settings, ticker="SPY", rows=40):
    bars = session_bars(rows)
    vendor = bars.assign(**{"Adj Close": bars["Close"], "Dividends": 0.0, "Stock Splits": 0.0})
    vendor.loc[20, "Dividends"] = 0.01 * float(bars["Close"][19])
    vendor = vendor[list(VENDOR_COLUMNS)]
    spec = settings.ticker(ticker)
    return store.add(
        canonical_csv(vendor),
        frame=vendor,
        provenance=Provenance(ticker, spec.kind, "for splits by the vendor", "test", ({"title": "test"},)),
        origin=vendor_origin(settings, spec),
    )


def test_fetched_bars_are_adjusted_or_left_as_traded(store):
    settings = data_settings("SPY", **YAHOO)
    fetched(store, settings)
    adjusted = acquire(settings, "SPY", store)
    raw = acquire(data_settings("SPY", adjustment="none", **YAHOO), "SPY", store)
    bars = session_bars(40)
    pd.testing.assert_frame_equal(raw.frame, bars, check_exact=True)
    assert raw.provenance.adjustment == "for splits by the vendor"
    assert adjusted.provenance.adjustment == "for splits by the vendor, for dividends by us"
    ratio = adjusted.frame["Close"] / bars["Close"]
    assert ratio[:20].round(12).unique().tolist() == [0.99]
    assert ratio[20:].unique().tolist() == [1.0]


def test_without_a_snapshot_the_error_names_make_fetch(store):
    with pytest.raises(DataError, match=r"no snapshot of DJI \(\^DJI\) before 2004-01-01.*make fetch"):
        acquire(data_settings("DJI", **YAHOO), "DJI", store)
    fetched(store, data_settings("SPY", **YAHOO))
    with pytest.raises(DataError, match="before 2005-01-01"):
        acquire(data_settings("SPY", source="yahoo", end="2005-01-01"), "SPY", store)


def test_the_latest_is_what_was_fetched_last_up_to_the_same_day(store):
    pinned, latest = (data_settings("SPY", snapshot=choice, **YAHOO) for choice in ("pinned", "latest"))
    assert latest_id(latest, "SPY", store) is None
    first, second = (fetched(store, pinned, rows=rows) for rows in (40, 41))
    fetched(store, data_settings("SPY", source="yahoo", end="2005-01-01"), rows=42)
    assert [latest_id(settings, "SPY", store) for settings in (pinned, latest)] == [first.id, second.id]
    assert [len(acquire(settings, "SPY", store).frame) for settings in (pinned, latest)] == [40, 41]


def test_a_fetched_snapshot_can_be_pinned_with_any_source(store, own):
    snapshot = fetched(store, data_settings("SPY", **YAHOO))
    pinned = TickerSpec("SPY", "etf", snapshot=snapshot.id)
    assert len(acquire(from_csv(own, pinned), "SPY", store).frame) == 40


def test_a_file_has_one_origin_for_one_ticker_and_for_several(tmp_path, monkeypatch):
    own = tmp_path / "tickers/SPY"
    (tmp_path / "data/snapshots").mkdir(parents=True)
    (own / "data").mkdir(parents=True)
    (own / "data/snapshots").symlink_to(SHARED)
    monkeypatch.chdir(own)
    of_several = origin_of_file(Path("../../bars/SPY.csv"), own / "data/snapshots")
    monkeypatch.chdir(tmp_path)
    assert of_several == origin_of_file(Path("bars/SPY.csv"), Path("data/snapshots"))
    assert of_several == origin_of_file(Path("bars/SPY.csv"))
    assert of_several != origin_of_file(Path("../../bars/SPY.csv"))


def test_the_origin_of_a_file_is_its_name_and_a_digest_of_its_folder_as_given():
    assert origin_of_file(Path("own/SPY.csv")) == origin_of_file(Path("./own/../own/SPY.csv"))
    assert origin_of_file(Path("own/SPY.csv")) != origin_of_file(Path("SPY.csv"))
    assert origin_of_file(Path("own/SPY.csv")) != origin_of_file(Path("/own/SPY.csv"))


def test_a_moved_campaign_uses_the_same_snapshot(tmp_path, monkeypatch):
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "own").mkdir(parents=True)
    (here / "own/SPY.csv").write_bytes(canonical_csv(session_bars(40)))
    settings = data_settings("SPY", source="csv", folder="own")
    monkeypatch.chdir(here)
    acquire(settings, "SPY", SnapshotStore(Path("snapshots")))
    here.rename(there)
    monkeypatch.chdir(there)
    Path("own/SPY.csv").write_bytes(canonical_csv(session_bars(50)))
    assert len(acquire(settings, "SPY", SnapshotStore(Path("snapshots"))).frame) == 40
