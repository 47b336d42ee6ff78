"""From the vendor into a campaign: fetched when asked for, kept, adjusted, compared, pinned."""

import csv
import os
from dataclasses import replace

import pytest

from simmer.files import read_json
from support.campaign import SMALL, Campaign
from support.vendor_series import SIX, known_market
from support.vendor_server import VendorServer, unknown, vendor_environment

END = "2016-01-01"
YAHOO = {
    "data": {
        "source": "yahoo",
        "end": END,
        "tickers": [
            *({"ticker": ticker, "kind": "etf"} for ticker in ("SPY", "DIA", "QQQ")),
            *({"ticker": ticker, "kind": "index"} for ticker in ("DJI", "IXIC")),
            {"ticker": "VIX", "kind": "no_volume_index"},
        ],
    },
    "features": {"vix": True},
    "dataset": {"ticker": "SPY"},
}
ONE = {
    "data": {"source": "yahoo", "end": END, "tickers": [{"ticker": "SPY", "kind": "etf"}]},
    "dataset": {"ticker": "SPY"},
}
FETCH = ("--forcerun", "fetch_data", "--", "fetch")
PROCESSED = ("data/processed/datapackage.json", "results/data_dictionary.md")


def environment(server, home):
    """Return the start of a command line that redirects the vendor's client and gives it another home."""
    names = vendor_environment(server.url) | {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache")}
    return ["env", *(f"{name}={value}" for name, value in names.items())]


@pytest.fixture(scope="module")
def fetched(tmp_path_factory):
    """Six tickers fetched, and everything built from them."""
    folder = tmp_path_factory.mktemp("fetched")
    campaign = Campaign(folder / "campaign", SMALL, YAHOO)
    (folder / "home").mkdir()
    try:
        with VendorServer(known_market(END)) as server:
            run = campaign.run(*FETCH, prefix=environment(server, folder / "home")).succeeded()
            asked = server.price_requests()
        campaign.run("--", *PROCESSED).succeeded()  # the vendor is gone
    finally:
        campaign.kill_everything()
    return campaign, run, asked


@pytest.fixture
def vendor(tmp_path):
    """A campaign of SPY alone, its vendor, and a way to fetch from it."""
    campaign = Campaign(tmp_path / "campaign", SMALL, ONE)
    series = known_market(END, ("SPY",))
    with VendorServer(series) as server:
        yield campaign, series, server, environment(server, tmp_path)
    campaign.kill_everything()


def raw_entries(campaign):
    manifest = read_json(campaign.folder / "data/raw/datapackage.json")
    return {entry["ticker"]: entry for entry in manifest["resources"]}


def snapshots(campaign, ticker="SPY"):
    return sorted((campaign.folder / f"data/snapshots/{ticker}").glob("*.csv"))


def test_six_tickers_come_whole_with_one_request_for_prices_each(fetched):
    campaign, run, asked = fetched
    assert len(asked) == len(SIX)
    assert set(raw_entries(campaign)) == set(SIX)
    for ticker, first in (("SPY", "1993-01-29"), ("IXIC", "1971-02-05"), ("VIX", "1990-01-02")):
        entry = raw_entries(campaign)[ticker]
        assert (entry["date_min"], entry["date_max"]) == (first, "2015-12-31")
        assert f"{ticker}: snapshot {snapshots(campaign, ticker)[0].stem}" in run.text


def test_manifests_tell_where_when_and_how(fetched):
    campaign, _, _ = fetched
    raw = raw_entries(campaign)
    assert raw["SPY"]["adjustment"] == "for splits by the vendor, for dividends by us"
    assert raw["DJI"]["adjustment"] == "index level"
    for ticker, entry in raw.items():
        assert entry["tool"].startswith("yfinance ")
        assert entry["retrieved_at"].endswith("+00:00")
        assert entry["sources"][0]["snapshot"] == snapshots(campaign, ticker)[0].stem
    processed = read_json(campaign.folder / "data/processed/datapackage.json")["resources"]
    assert {entry["path"] for entry in processed} == {
        *(f"{ticker}_dataset_a25.parquet" for ticker in SIX if ticker != "VIX"),
        "VIX_features.parquet",
        "SPY_dataset_c.parquet",
    }
    hashes = {entry["path"]: entry["hash"] for entry in raw.values()}
    for entry in processed:
        assert {source["path"]: source["hash"] for source in entry["sources"]}.items() <= hashes.items()
    combined = next(entry for entry in processed if entry["path"] == "SPY_dataset_c.parquet")
    assert [source["path"] for source in combined["sources"]] == ["SPY.csv", "VIX.csv"]
    assert len(combined["schema"]["fields"]) == 1 + 33


def test_the_dictionary_covers_every_column_and_none_has_a_gap(fetched):
    campaign, _, _ = fetched
    with (campaign.folder / "results/data_dictionary.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["missing"] for row in rows} == {"0"}
    assert len([row for row in rows if row["table"] == "SPY_dataset_c"]) == 34
    assert len([row for row in rows if row["table"] == "VIX_features"]) == 9


def test_nothing_is_left_in_the_home_of_the_user_or_beside_the_snapshots(fetched):
    campaign, _, _ = fetched
    home = (campaign.folder.parent / "home").rglob("*")
    assert not [path for path in home if "yfinance" in path.name]
    assert not [path for path in campaign.folder.rglob("*") if path.name.endswith((".tmp", ".db"))]


def test_no_target_but_fetch_goes_to_the_vendor(new_campaign):
    campaign = new_campaign(SMALL, YAHOO)
    for target in ("all", "results/hpo_debug.done", "results/data_validation.json"):
        assert "fetch_data" not in campaign.plan(target)
    assert campaign.plan("fetch") == {"fetch": 1, "fetch_data": 6}


def test_without_a_snapshot_the_chain_says_how_to_get_one_and_takes_nothing_else(new_campaign):
    campaign = new_campaign(SMALL, ONE)
    run = campaign.run().failed()
    assert "found no snapshot of SPY (SPY) before 2016-01-01" in run.text
    assert "make fetch" in run.text
    assert not list(campaign.folder.glob("data/*/*.csv"))


def test_a_refetch_is_another_snapshot_and_used_only_when_pinned(vendor):
    campaign, series, server, prefix = vendor
    campaign.run(*FETCH, prefix=prefix).succeeded()
    campaign.run("data/raw/datapackage.json").succeeded()
    (first,) = snapshots(campaign)
    content, bars = first.read_bytes(), (campaign.folder / "data/raw/SPY.csv").read_bytes()

    newer = series[0].bars.copy()
    newer.loc[newer.index[-3], "Volume"] += 11
    newer.loc[: len(newer) - 101, ["Open", "High", "Low", "Close", "Adj Close"]] /= 2
    newer.loc[: len(newer) - 101, ["Dividends"]] /= 2
    server.series[series[0].symbol] = replace(series[0], bars=newer)
    run = campaign.run(*FETCH, prefix=prefix).succeeded()
    second = next(path for path in snapshots(campaign) if path != first)
    report = (campaign.folder / "results/fetched/SPY.txt").read_text()
    assert f"since snapshot {first.stem}:" in report
    assert "times 0.500000 (a dividend or a split)" in report
    assert "Volume: revised on 2015-12-29" in report
    assert f"write `snapshot: {second.stem}`" in run.text
    assert read_json(campaign.folder / "results/fetched/SPY.json")["previous"] == first.stem

    campaign.run("-F", "--", "data/raw/datapackage.json").succeeded()
    assert (campaign.folder / "data/raw/SPY.csv").read_bytes() == bars
    pinned = [{"ticker": "SPY", "kind": "etf", "snapshot": second.stem}]
    campaign.configure({"data": {"tickers": pinned}})
    campaign.run("data/raw/datapackage.json").succeeded()
    assert (campaign.folder / "data/raw/SPY.csv").read_bytes() != bars
    assert raw_entries(campaign)["SPY"]["sources"][0]["snapshot"] == second.stem
    assert first.read_bytes() == content


def test_bars_that_break_a_rule_are_refused_with_every_problem_and_not_kept(vendor):
    campaign, series, server, prefix = vendor
    broken = series[0].bars.copy()
    broken.loc[100, "Volume"] = 0
    broken.loc[200, "High"] = broken.loc[200, "Low"] / 2
    server.series[series[0].symbol] = replace(series[0], bars=broken)
    run = campaign.run(*FETCH, prefix=prefix).failed()
    assert "the answer for SPY, line 102: Volume is 0" in run.text
    assert "the answer for SPY, line 202: High" in run.text
    assert not (campaign.folder / "data").exists()


def test_an_unknown_symbol_is_said_at_once(vendor):
    campaign, _, server, prefix = vendor
    server.script.extend([unknown] * 4)
    run = campaign.run(*FETCH, prefix=prefix).failed()
    assert "the vendor has no prices of SPY" in run.text
    assert "mend the symbol" in run.text
    assert "Traceback" not in run.text
    assert not (campaign.folder / "data").exists()


def test_the_ordinary_chain_never_imports_the_client(tmp_path, new_campaign):
    (tmp_path / "site").mkdir()
    (tmp_path / "site/yfinance.py").write_text("raise RuntimeError('imported unasked')\n")
    campaign = new_campaign(SMALL)
    path = os.pathsep.join([str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")])
    campaign.run("data/processed/datapackage.json", prefix=["env", f"PYTHONPATH={path}"]).succeeded()
