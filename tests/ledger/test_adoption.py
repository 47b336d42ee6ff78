"""Studies of one ticker copied into the ledger of its own campaign."""

import shutil

import pytest

from simmer.ledger.adoption import adopt_studies
from support.ledger_book import LedgerBook


@pytest.fixture
def results(tmp_path):
    """A results folder with two studies of GSPC and one of IXIC."""
    pair = {"data": {"tickers": [{"ticker": name, "kind": "index"} for name in ("GSPC", "IXIC")]}}
    book = LedgerBook(tmp_path, pair)
    book.trial(0)
    book.trial(0, days=3)
    other = LedgerBook(tmp_path, pair, {"dataset": {"ticker": "IXIC"}}, features="e" * 64)
    other.trial(0)
    return book.results


def files_in(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_studies_of_the_ticker_are_copied_whole_and_those_of_others_are_not(results, tmp_path):
    own = tmp_path / "tickers/GSPC/results"
    assert adopt_studies(results, own, "GSPC") == 2
    copied = files_in(own / "ledger")
    assert copied.items() <= files_in(results / "ledger").items()
    assert {path.parts[0] for path in copied} < {path.name for path in (results / "ledger").iterdir()}
    assert sum(path.name == "result.json" for path in copied) == 2


def test_studies_that_are_there_stay_as_they_are(results, tmp_path):
    own = tmp_path / "tickers/GSPC/results"
    (own / "ledger").mkdir(parents=True)
    assert adopt_studies(results, own, "GSPC") == 2
    [kept, again] = sorted((own / "ledger").iterdir())
    shutil.rmtree(again)
    (kept / "study.json").write_text("changed")
    assert adopt_studies(results, own, "GSPC") == 1
    assert (kept / "study.json").read_text() == "changed"


def test_a_copy_that_was_interrupted_is_made_again(results, tmp_path):
    own = tmp_path / "tickers/GSPC/results"
    for home in (results / "ledger").iterdir():
        (own / f"ledger/.{home.name}.copying/half").mkdir(parents=True)
    assert adopt_studies(results, own, "GSPC") == 2
    copied = files_in(own / "ledger")
    assert sum(path.name == "result.json" for path in copied) == 2
    assert not any(path.name == "half" for path in own.rglob("*"))


@pytest.mark.parametrize("there", [False, True])
def test_without_studies_of_the_ticker_nothing_is_made(results, tmp_path, there):
    own = tmp_path / "tickers/DIA/results"
    assert adopt_studies(results if there else tmp_path / "none", own, "DIA") == 0
    assert not own.exists()
