"""Bars from the vendor: fetched on request only, kept, adjusted, compared, pinned."""

import csv
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from simmer.base.files import read_json, sha256_of_bytes
from support.campaign import SMALL, Campaign, without_client
from support.vendor_series import SIX, known_market, vendor_adjusted
from support.vendor_server import VendorServer, unknown, vendor_environment

pytestmark = pytest.mark.long

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
REFETCH = ("--forcerun", "fetch_data", "--", "results/fetched/SPY.txt")
PROCESSED = ("data/processed/datapackage.json", "results/data_dictionary.md")

# In the fetching job alone, `time.sleep` records its argument instead of waiting.
NO_WAITING = """
import os, sys, time
import vendor_redirect

vendor_redirect.install(os.environ[vendor_redirect.URL_VARIABLE])
if sys.orig_argv[-1].endswith(".fetch_data.py"):
    def note(seconds):
        with open(os.environ["PAUSES"], "a") as file:
            file.write(f"{seconds}\\n")
    time.sleep = note
"""


def environment(server, home):
    """Return the start of a command line that redirects the vendor's client and changes its home folder."""
    names = vendor_environment(server.url) | {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache")}
    return ["env", *(f"{name}={value}" for name, value in names.items())]


def vendor_gone(folder):
    """Return the start of a command line that reaches no vendor and pauses without waiting."""
    site = folder / "gone"
    site.mkdir()
    (site / "sitecustomize.py").write_text(NO_WAITING)
    with VendorServer([]) as server:
        names = vendor_environment(server.url)
    names["PYTHONPATH"] = os.pathsep.join([str(site), names["PYTHONPATH"]])
    names |= {"HOME": str(folder), "PAUSES": str(folder / "pauses.txt")}
    return ["env", *(f"{name}={value}" for name, value in names.items())]


@pytest.fixture(scope="module")
def fetched(tmp_path_factory):
    """A campaign with six fetched tickers and all tables built from them."""
    folder = tmp_path_factory.mktemp("fetched")
    campaign = Campaign(folder / "campaign", SMALL, YAHOO)
    (folder / "home").mkdir()
    (folder / "scratch").mkdir()
    try:
        with VendorServer(known_market(END)) as server:
            prefix = [*environment(server, folder / "home"), f"TMPDIR={folder / 'scratch'}"]
            run = campaign.run(*FETCH, prefix=prefix).succeeded()
            requests = server.price_requests()
        campaign.run("--", *PROCESSED, prefix=without_client(folder)).succeeded()  # without the vendor
    finally:
        campaign.kill_everything()
    return campaign, run, requests


@pytest.fixture
def vendor(tmp_path):
    """A campaign of SPY alone, its series, the vendor's server, and the prefix of a command that uses it."""
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


def test_six_tickers_are_complete_after_one_request_for_prices_each(fetched):
    campaign, run, requests = fetched
    assert len(requests) == len(SIX)
    assert set(raw_entries(campaign)) == set(SIX)
    for ticker, first in (("SPY", "1993-01-29"), ("IXIC", "1971-02-05"), ("VIX", "1990-01-02")):
        entry = raw_entries(campaign)[ticker]
        assert (entry["date_min"], entry["date_max"]) == (first, "2015-12-31")
        assert f"{ticker}: snapshot {snapshots(campaign, ticker)[0].stem}" in run.text


def test_manifests_record_source_time_and_adjustment(fetched):
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
        *(f"{ticker}_dataset_a33.parquet" for ticker in SIX if ticker != "VIX"),
        "VIX_features.parquet",
        "SPY_dataset_c41.parquet",
    }
    hashes = {entry["path"]: entry["hash"] for entry in raw.values()}
    for entry in processed:
        assert {source["path"]: source["hash"] for source in entry["sources"]}.items() <= hashes.items()
    combined = next(entry for entry in processed if entry["path"] == "SPY_dataset_c41.parquet")
    assert [source["path"] for source in combined["sources"]] == ["SPY.csv", "VIX.csv"]
    assert len(combined["schema"]["fields"]) == 1 + 41


def test_the_dictionary_covers_every_column_and_none_has_a_gap(fetched):
    campaign, _, _ = fetched
    with (campaign.folder / "results/data_dictionary.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["missing"] for row in rows} == {"0"}
    assert len([row for row in rows if row["table"] == "SPY_dataset_c41"]) == 42
    assert len([row for row in rows if row["table"] == "VIX_features"]) == 9


def test_no_file_is_left_in_the_home_folder_or_next_to_the_snapshots(fetched):
    campaign, _, _ = fetched
    home = (campaign.folder.parent / "home").rglob("*")
    assert not [path for path in home if "yfinance" in path.name]
    assert not list((campaign.folder.parent / "scratch").iterdir())
    assert not [path for path in campaign.folder.rglob("*") if path.name.endswith((".tmp", ".db"))]


def test_only_the_target_fetch_plans_a_fetch(new_campaign):
    campaign = new_campaign(SMALL, YAHOO)
    scales = [f"results/hpo_{scale}.done" for scale in ("2M", "20M", "200M", "2B", "debug")]
    others = ("results/data_validation.json", "results/verification.txt", "results/data_dictionary.md")
    planned = campaign.plan("--forceall", "--", "all", *scales, *others, "data/processed/datapackage.json")
    assert planned["acquire_data"] == len(SIX)
    assert {"verify", "hpo_2B_done", "all"} <= set(planned)
    assert "fetch_data" not in planned
    assert campaign.plan("fetch") == {"fetch": 1, "fetch_data": 6}


def test_without_a_snapshot_the_chain_fails_and_names_make_fetch(new_campaign):
    campaign = new_campaign(SMALL, ONE)
    run = campaign.run().failed()
    assert "found no snapshot of SPY (SPY) before 2016-01-01" in run.text
    assert "make fetch" in run.text
    assert not list(campaign.folder.glob("data/*/*.csv"))


def test_a_refetch_is_another_snapshot_that_is_used_only_when_pinned(vendor):
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
    assert f"snapshot: '{second.stem}'" in run.text
    assert read_json(campaign.folder / "results/fetched/SPY.json")["previous"] == first.stem

    campaign.run("-F", "--", "data/raw/datapackage.json").succeeded()
    assert (campaign.folder / "data/raw/SPY.csv").read_bytes() == bars
    pinned = [{"ticker": "SPY", "kind": "etf", "snapshot": second.stem}]
    campaign.configure({"data": {"tickers": pinned}})
    campaign.run("data/raw/datapackage.json").succeeded()
    assert (campaign.folder / "data/raw/SPY.csv").read_bytes() != bars
    assert raw_entries(campaign)["SPY"]["sources"][0]["snapshot"] == second.stem
    assert first.read_bytes() == content


def test_a_later_dividend_changes_the_bars_only_when_its_snapshot_is_pinned(fetched, campaign_from, tmp_path):
    campaign = campaign_from(fetched[0])
    (first,) = snapshots(campaign)
    content, bars = first.read_bytes(), (campaign.folder / "data/raw/SPY.csv").read_bytes()
    (series,) = known_market(END, ("SPY",))
    newer = series.bars.copy()
    row = len(newer) - 20
    assert newer.loc[row, "Dividends"] == 0
    newer.loc[row, "Dividends"] = 0.5
    newer["Adj Close"] = vendor_adjusted(newer["Close"].tolist(), newer["Dividends"].tolist())
    with VendorServer([replace(series, bars=newer)]) as server:
        campaign.run(*REFETCH, prefix=environment(server, tmp_path)).succeeded()
    second = next(path for path in snapshots(campaign) if path != first)
    day, factor = newer.loc[row, "Date"], 1 - 0.5 / newer.loc[row - 1, "Close"]
    report = (campaign.folder / "results/fetched/SPY.txt").read_text()
    assert f"Adj Close: {row} rows, 1993-01-29 to {newer.loc[row - 1, 'Date']:%Y-%m-%d}" in report
    assert f"times {factor:.6f} (a dividend or a split)" in report
    assert f"Dividends: revised on {day:%Y-%m-%d}, 0 became 0.5" in report
    changed = {
        change["column"]
        for change in read_json(campaign.folder / "results/fetched/SPY.json")["changes"]["changed"]
    }
    assert changed == {"Adj Close", "Dividends"}

    campaign.run("-F", "--", "data/raw/SPY.csv").succeeded()
    assert (campaign.folder / "data/raw/SPY.csv").read_bytes() == bars
    pinned = YAHOO["data"]["tickers"][0] | {"snapshot": second.stem}
    campaign.configure({"data": {"tickers": [pinned, *YAHOO["data"]["tickers"][1:]]}})
    campaign.run("data/raw/SPY.csv").succeeded()
    before = pd.read_csv(fetched[0].folder / "data/raw/SPY.csv")
    after = pd.read_csv(campaign.folder / "data/raw/SPY.csv")
    for price in ("Open", "High", "Low", "Close"):
        ratio = after[price] / before[price]
        np.testing.assert_allclose(ratio[:row], factor, rtol=1e-9)
        assert (ratio[row:] == 1).all()
    assert first.read_bytes() == content


def test_without_a_network_the_reason_is_reported_after_three_growing_pauses(new_campaign, tmp_path):
    campaign = new_campaign(SMALL, ONE)
    run = campaign.run(*FETCH, prefix=vendor_gone(tmp_path)).failed()
    assert "cannot reach the vendor for SPY" in run.text
    assert "check the network, or use the source csv with files of your own, or bundled" in run.text
    first, second, third = map(float, (tmp_path / "pauses.txt").read_text().split())
    assert 5 <= first <= 7.5 < 10 <= second <= 15 < 20 <= third <= 30
    assert not (campaign.folder / "data").exists()


def test_a_failed_refetch_changes_nothing_and_the_chain_continues(fetched, campaign_from, tmp_path):
    campaign = campaign_from(fetched[0])
    before = digests(campaign.folder / "data")
    campaign.run(*REFETCH, prefix=vendor_gone(tmp_path)).failed()
    assert digests(campaign.folder / "data") == before
    assert campaign.plan("--", *PROCESSED) == {}


def digests(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder): sha256_of_bytes(path.read_bytes()) for path in files}


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


def test_an_unknown_symbol_is_reported_without_a_retry(vendor):
    campaign, _, server, prefix = vendor
    server.script.extend([unknown] * 4)
    run = campaign.run(*FETCH, prefix=prefix).failed()
    assert "the vendor has no prices of SPY" in run.text
    assert "correct the symbol" in run.text
    assert "Traceback" not in run.text
    assert not (campaign.folder / "data").exists()


def test_the_ordinary_chain_never_imports_the_client(tmp_path, new_campaign):
    prefix = without_client(tmp_path)
    tried = subprocess.run([*prefix, sys.executable, "-c", "import yfinance"], capture_output=True, text=True)
    assert "imported unasked" in tried.stderr
    campaign = new_campaign(SMALL)
    campaign.run("data/processed/datapackage.json", prefix=prefix).succeeded()
