"""The features of the next run are known before it, also when it acquires other bars."""

import pytest

from simmer.base.files import write_json
from simmer.data.bars_csv import canonical_csv
from simmer.data.requests import request_digest, request_of
from simmer.data.table_entry import combined_sha256
from simmer.data.tables import content_sha256, features_sha256
from simmer.features.of_bars import features_of_bars
from simmer.status.next_features import next_features, table_entries
from support.bars import session_bars
from support.configs import default_config

BARS, VIX_BARS, OTHER_BARS = (session_bars(420, seed=seed) for seed in (0, 2, 4))
TABLE = "0" * 64


class Folder:
    """Own files of a price and the VIX, beside the folder `data` of a campaign."""

    def __init__(self, path):
        self.path, self.data = path, path / "data"
        self.write("SPY", BARS)
        self.write("VIX", VIX_BARS)
        self.write("QQQ", OTHER_BARS)

    def write(self, ticker, bars):
        (self.path / f"{ticker}.csv").write_bytes(canonical_csv(bars))

    def config(self, *, vix=False, snapshot="pinned", pool=()):
        kinds = {"SPY": "etf", "QQQ": "etf", "VIX": "no_volume_index"}
        entries = [{"ticker": ticker, "kind": kind} for ticker, kind in kinds.items()]
        data = {"source": "csv", "folder": str(self.path), "snapshot": snapshot, "tickers": entries}
        dataset = {"ticker": "SPY", "pool": list(pool)}
        return default_config({"data": data, "dataset": dataset, "features": {"vix": vix}})

    def build(self, config):
        """Write the entries of the acquired bars and of a table with the digest `TABLE`."""
        for ticker in config.dataset.tickers:
            request = request_of(config.data, ticker, self.data / "snapshots")
            write_json(self.data / "raw" / f"{ticker}.resource.json", {"request": request_digest(request)})
        for entry in table_entries(config.dataset, self.data):
            write_json(entry, {"content_sha256": TABLE})


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def test_without_a_table_they_are_computed(folder):
    expected = content_sha256(features_of_bars(BARS, volatility=True).frame)
    assert next_features(folder.config(), folder.data) == expected
    assert not folder.data.exists()


def test_the_table_counts_while_its_bars_are_those_requested(folder):
    config = folder.config(snapshot="latest")
    folder.build(config)
    assert next_features(config, folder.data) == TABLE
    folder.write("SPY", BARS[:400])
    assert next_features(config, folder.data) == content_sha256(
        features_of_bars(BARS[:400], volatility=True).frame
    )


def test_pinned_bars_keep_their_table_when_the_file_grows(folder):
    folder.build(folder.config())
    folder.write("SPY", BARS[:400])
    assert next_features(folder.config(), folder.data) == TABLE


def test_the_vix_counts_if_its_features_are_on(folder):
    config = folder.config(vix=True, snapshot="latest")
    folder.build(config)
    assert next_features(config, folder.data) == TABLE
    other = session_bars(420, seed=3)
    folder.write("VIX", other)
    assert next_features(config, folder.data) == content_sha256(
        features_of_bars(BARS, other, volatility=True).frame
    )


def test_pooled_tickers_count_with_all_their_tables(folder):
    config = folder.config(snapshot="latest", pool=["QQQ"])
    built = [features_of_bars(bars, volatility=True).frame for bars in (BARS, OTHER_BARS)]
    assert next_features(config, folder.data) == features_sha256(built)
    folder.build(config)
    assert next_features(config, folder.data) == combined_sha256([TABLE, TABLE]) != TABLE
    folder.write("QQQ", OTHER_BARS[:400])
    built[1] = features_of_bars(OTHER_BARS[:400], volatility=True).frame
    assert next_features(config, folder.data) == features_sha256(built)
    table_entries(config.dataset, folder.data)[1].unlink()
    assert next_features(config, folder.data, needs_table=True) is None


def test_they_are_unknown_without_the_file(folder):
    (folder.path / "SPY.csv").unlink()
    assert next_features(folder.config(), folder.data) is None
