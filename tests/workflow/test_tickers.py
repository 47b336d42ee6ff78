"""A campaign over several tickers: one campaign each, joined tables, and a ticker that fails."""

import csv
import json

import pandas as pd
import psutil
import pytest

from simmer.config.campaign import parse_config
from simmer.config.reading import read_mapping
from support.bars import bundled_bars
from support.campaign import DONE, SMALL, Campaign, wait_until

PAIR = {
    "data": {"tickers": [{"ticker": "GSPC", "kind": "index"}, {"ticker": "IXIC", "kind": "index"}]},
    "dataset": {"ticker": "*"},
    "scales": {"debug": {"n_trials": 2, "epochs_max": 1}},
    "evidence": {"seeds": 1},
}
EACH = "tickers/{}/results/hpo_debug.done"


def test_each_ticker_is_validated_then_searched_then_joined(new_campaign):
    campaign = new_campaign(SMALL, PAIR)
    assert campaign.plan() == {
        "ticker_data": 2,
        "ticker_search": 2,
        "tickers_done": 1,
        "tickers_hardware": 1,
        "all": 1,
    }
    assert campaign.plan("report")["ticker_report"] == 2
    for ticker in ("GSPC", "IXIC"):
        own = campaign.folder / "tickers" / ticker
        assert parse_config(read_mapping(own / "config.yaml")).dataset.ticker == ticker
        assert (own / "data/snapshots").resolve() == (campaign.folder / "data/snapshots").resolve()


def test_one_ticker_of_a_pattern_keeps_the_paths_of_an_ordinary_campaign(prepared, campaign_from):
    campaign = campaign_from(prepared, {"dataset": {"ticker": "GS*"}})
    assert campaign.plan(DONE)["hpo_debug"] == 3
    assert not (campaign.folder / "tickers").exists()


def test_a_mistake_of_any_ticker_is_refused_before_a_folder_is_made(new_campaign):
    campaign = new_campaign(SMALL, PAIR, {"dataset": {"ticker": ["GSPC", "../OUT"]}})
    assert "expected one of data.tickers" in campaign.dry_run().refused().text
    assert not (campaign.folder / "tickers").exists()


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A finished campaign over two tickers with its report."""
    campaign = Campaign(tmp_path_factory.mktemp("tickers") / "campaign", SMALL, PAIR)
    try:
        campaign.run("all").succeeded()
        campaign.run("report").succeeded()
    finally:
        campaign.kill_everything()
    return campaign


@pytest.mark.long
def test_tables_and_report_join_both_tickers(pair):
    folder = pair.folder
    rows = rows_of(pair)
    assert [row["ticker"] for row in rows] == ["GSPC", "GSPC", "IXIC", "IXIC"]
    best = json.loads((folder / "results/hpo/debug/best.json").read_text())
    assert {ticker: one["1"]["ticker"] for ticker, one in best.items()} == {"GSPC": "GSPC", "IXIC": "IXIC"}
    assert "joined from 2 tickers" in (folder / DONE).read_text()
    hardware = pd.read_parquet(folder / "results/hardware.parquet")
    assert set(hardware["ticker"]) == {"GSPC", "IXIC"}
    report = (folder / "results/summary.md").read_text()
    assert "2 verdicts on 2 tickers" in report
    for ticker in ("GSPC", "IXIC"):
        assert (folder / f"tickers/{ticker}/results/summary.html").is_file()
        evidence = json.loads((folder / f"tickers/{ticker}/results/evidence.json").read_text())
        planned = [pair for pair in evidence["horizons"]["1"]["differences"] if pair["planned"]]
        assert evidence["comparisons"] == 2 * len(planned)


@pytest.mark.long
def test_the_same_line_again_does_nothing(pair, campaign_from):
    assert "Nothing to be done" in campaign_from(pair).run("all").succeeded().text


@pytest.mark.long
def test_trials_of_a_ticker_that_was_searched_alone_are_not_trained_again(finished, campaign_from):
    more = {"data": PAIR["data"], "dataset": PAIR["dataset"]}
    campaign = campaign_from(finished, more)
    text = campaign.run(DONE).succeeded().text
    assert "studies of GSPC copied from results to tickers/GSPC/results: 1" in text
    assert "3 trials in the ledger, 0 to train" in text
    before, after = (
        {path.relative_to(ledger): path.read_bytes() for path in ledger.rglob("result.json")}
        for ledger in (campaign.folder / "results/ledger", campaign.folder / "tickers/GSPC/results/ledger")
    )
    assert before == after
    assert len(before) == 3


@pytest.mark.long
def test_a_ticker_whose_bars_are_refused_stops_no_other(tmp_path):
    bars = tmp_path / "campaign/bars"
    bars.mkdir(parents=True)
    frame = bundled_bars("GSPC")
    frame.to_csv(bars / "GOOD.csv")
    broken = frame.copy()
    broken.iloc[100, broken.columns.get_loc("High")] = 1.0
    broken.to_csv(bars / "BAD.csv")
    entries = [{"ticker": name, "kind": "index"} for name in ("BAD", "GOOD")]
    data = {"source": "csv", "folder": "bars", "tickers": entries}
    campaign = Campaign(tmp_path / "campaign", SMALL, PAIR, {"data": data})
    try:
        text = campaign.run("all").failed().text
        assert "the campaign of BAD failed" in text
        assert "GOOD: debug h1: 2 trials" in text
        assert (campaign.folder / EACH.format("GOOD")).is_file()
        assert not (campaign.folder / DONE).exists()
    finally:
        campaign.kill_everything()


@pytest.mark.long
def test_killing_the_whole_campaign_ends_that_of_the_ticker_too_and_the_same_line_resumes(pair, tmp_path):
    campaign = pair.copy_to(tmp_path / "campaign", {"scales": {"debug": {"n_trials": 6, "epochs_max": 4}}})
    try:
        run = campaign.start("all")
        wait_until(lambda: nested(run), "a ticker is searched")
        inner = nested(run)
        run.process.kill()
        wait_until(lambda: not any(process.is_running() for process in inner), "it ends, too")
        campaign.run("all").succeeded()
    finally:
        campaign.kill_everything()
    rows = rows_of(campaign)
    assert len(rows) == 12


def rows_of(campaign):
    """Return the rows of trials.csv."""
    with (campaign.folder / "results/hpo/debug/trials.csv").open() as file:
        return list(csv.DictReader(file))


def nested(run):
    """Return the processes of a run that run the campaign of a ticker."""
    return [
        process
        for process in psutil.Process(run.pid).children(recursive=True)
        if "tickers/" in " ".join(process.cmdline()) and "--directory" in process.cmdline()
    ]
