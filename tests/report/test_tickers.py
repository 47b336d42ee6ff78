"""The report over several tickers."""

import csv
import io

import pytest

from simmer.evidence.results import Evidence
from simmer.report.markdown import to_markdown
from simmer.report.scores_csv import scores_csv, scores_csv_of_tickers
from simmer.report.tickers import tickers_content
from support import evidence_results


@pytest.fixture
def found():
    """Evidence of three tickers, one of them with a scale less."""
    known = {
        "SPY": evidence_results.evidence(),
        "DIA": evidence_results.evidence(h1=evidence_results.horizon("law", scales=3)),
        "7203.T": evidence_results.evidence(h1=evidence_results.horizon("undetermined")),
    }
    return {ticker: Evidence.from_json(one) for ticker, one in known.items()}


@pytest.fixture
def text(found):
    pages = {ticker: f"tickers/{ticker}/results/summary.html" for ticker in found}
    return to_markdown(list(tickers_content("all", found, pages)))


def test_verdicts_are_counted_and_those_that_decide_name_their_tickers(text):
    assert "5 verdicts on 3 tickers: 2 LAW, " in text
    assert "; 1 NONE, " in text
    assert "; 2 UNDETERMINED, " in text
    assert "- LAW: SPY (1 day ahead) and DIA (1 day ahead)." in text
    assert "UNDETERMINED:" not in text


def test_a_claim_against_a_scale_comes_first_and_names_its_ticker(text):
    assert text.index("DIA, 1 day ahead: 2M loses to the MLP.") < text.index("## Does scale help?")


def test_each_horizon_has_a_row_per_ticker_that_was_scored_there(found, text):
    one, three = text.split("## 1 day ahead")[1].split("## 3 days ahead")[:2]
    rows = [line.split(" | ") for line in one.splitlines() if line.startswith("| ")]
    assert [row[0].removeprefix("| ") for row in rows[1:]] == ["SPY", "DIA", "7203.T"]
    columns = [cell.strip("| ") for cell in rows[0]]
    scores = dict(zip(columns, (cell.strip("| ") for cell in rows[2]), strict=True))
    assert scores["2B"] == r"\-", "DIA has no such scale"
    model = next(model for model in found["DIA"].horizons[0].models if model.name == "2M")
    assert scores["2M"] == f"{model.averaged_log_loss:.4f}"
    assert "DIA" not in three.split("## 5 days ahead")[0]


def test_the_page_of_each_ticker_is_named(text):
    assert "| 7203.T | tickers/7203.T/results/summary.html |" in text


def test_the_table_has_the_rows_of_each_ticker_with_its_name(found):
    rows = list(csv.DictReader(io.StringIO(scores_csv_of_tickers(found))))
    assert list(dict.fromkeys(row["ticker"] for row in rows)) == list(found)
    of_dia = [
        {name: cell for name, cell in row.items() if name != "ticker"}
        for row in rows
        if row["ticker"] == "DIA"
    ]
    assert of_dia == list(csv.DictReader(io.StringIO(scores_csv(found["DIA"]))))
