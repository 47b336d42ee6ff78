"""The report of a finished search; the engine is a program that notes how it was called."""

import os
import shlex
import sys

import pytest
import yaml

from simmer.commands.report import main
from support.configs import ROOT
from support.ledger_book import START_S, LedgerBook

SCALE = {"run_scales": ["2M"], "dataset": {"horizons_days": [1]}, "scales": {"2M": {"n_trials": 2}}}
OVERLAY = (
    "run_scales: [2M]\ndataset: {horizons_days: [1]}\nscales: {2M: {n_trials: 2}}\nsearch: {race: null}\n"
)
ENGINE = """
import os, sys
from pathlib import Path
words = sys.argv[1:]
with open(os.environ["CALLS"], "a") as file:
    file.write(f"{os.environ.get('SIMMER_NO_SEARCH')} {words}\\n")
folder = Path(words[words.index("--directory") + 1]) / "results"
(folder / "summary.md").write_text("# Title\\n\\n- found this\\n\\n## 1 Next\\n\\n- not this\\n")
sys.exit(int(os.environ.get("STATUS", 0)))
"""


@pytest.fixture
def book(tmp_path, monkeypatch):
    book = LedgerBook(tmp_path / "my campaign", SCALE)
    book.write_features(book.features)
    book.trial(0)
    (book.folder / "mine.yaml").write_text(OVERLAY)
    (tmp_path / "engine.py").write_text(ENGINE)
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    return book


def report(book, *arguments):
    engine = shlex.join([sys.executable, str(book.folder.parent / "engine.py")])
    main(
        [
            *(str(book.results), "--config", str(ROOT / "config/config.yaml"), "--begin", engine),
            *("--overlay", str(book.folder / "mine.yaml"), *arguments),
        ],
        clock=lambda: START_S + 3600.0,
    )


def calls(book):
    path = book.folder.parent / "calls"
    return path.read_text().splitlines() if path.exists() else []


def test_trials_to_train_are_a_reason_to_refuse(book):
    with pytest.raises(SystemExit) as refused:
        report(book)
    first, last = str(refused.value).splitlines()
    assert first == "2M/h1: 1 of 2 trials to train"
    assert last.startswith("found 1 trial of mine.yaml without a result (about 30 s at the measured rate)")
    assert not calls(book)


def test_race_runs_to_train_are_a_reason_to_refuse(book):
    book.trial(1)
    race = {"search": {"race": {"trials": 2, "runs": 1}}}
    with_race = book.folder / "mine.yaml"
    with_race.write_text(yaml.safe_dump(yaml.safe_load(with_race.read_text()) | race))
    with pytest.raises(SystemExit) as refused:
        report(book)
    first, last = str(refused.value).splitlines()
    assert first == "2M/h1: 2 race runs to train"
    assert last.startswith(
        "found 2 race runs of mine.yaml without a result (about 60 s at the measured rate)"
    )
    assert last.endswith("or leave the race out (search: {race: null})")
    assert not calls(book)


def test_a_finished_search_is_reported(book, capsys):
    book.trial(1)
    report(book)
    run, page = calls(book)
    assert run.startswith("1 ") and run.endswith("'--', 'report']")
    assert page.endswith("'--report', 'results/report.html', '--', 'report']")
    shown = capsys.readouterr().out
    assert "- found this" in shown
    assert "not this" not in shown
    assert f"The report on one page: {book.results}/summary.html" in shown


def test_the_command_that_asks_the_models_is_named_where_there_are_some(book, capsys):
    book.trial(1)
    report(book)
    assert "make predict" not in capsys.readouterr().out
    card = book.results / "models/2M/h1/card.json"
    card.parent.mkdir(parents=True)
    card.write_text("{}")
    report(book)
    assert f"make predict 'FOLDER={book.folder}'" in capsys.readouterr().out


def test_a_search_is_trained_if_asked_for(book):
    report(book, "--search")
    assert calls(book)[0].startswith("None ")


def test_the_status_of_the_engine_is_passed_on(book, monkeypatch):
    book.trial(1)
    monkeypatch.setenv("STATUS", "75")
    with pytest.raises(SystemExit) as ended:
        report(book)
    assert (ended.value.code, len(calls(book))) == (75, 1)
    assert "SIMMER_NO_SEARCH" not in os.environ
