"""The command line: the table, the export, and a study that is moved aside after its name was typed."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from simmer.commands.studies import main
from support.configs import ROOT, default_config
from support.ledger_book import START_S, LedgerBook


@pytest.fixture
def book(tmp_path):
    """Two studies of one scale and horizon in a folder whose name has a blank."""
    book = LedgerBook(tmp_path / "my campaign", {"run_scales": ["2M"]})
    for number in range(2):
        book.publish(book.trial(number))
    book.trial(0, config=default_config({"dataset": {"threshold": 0.005}}), at_s=1000.0)
    return book


@pytest.fixture
def run(capsys, book):
    """Run the command, and return its message or output."""

    def run(*arguments, ask=None):
        try:
            main([str(book.results), *map(str, arguments)], clock=lambda: START_S + 3600.0, ask=ask)
        except SystemExit as end:
            return end.code
        return capsys.readouterr().out

    return run


def test_every_study_is_a_row(run, book):
    head, *rows = run().splitlines()
    assert head.startswith("id ")
    assert [" ".join(row.split()[3:6]) for row in rows] == ["GSPC high 0.005", "GSPC high 0.01"]


def test_all_trials_are_a_table_for_a_notebook(run, book, tmp_path):
    shown = run("--export", tmp_path / "all trials.parquet")
    assert f"wrote 3 trials to {tmp_path}/all trials.parquet" in shown
    table = pd.read_parquet(tmp_path / "all trials.parquet")
    assert list(table.threshold) == [0.005, 0.01, 0.01]
    assert str(table.begun_at.dt.tz) == "UTC"
    run("--export", tmp_path / "all.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "all.csv").read_text())))
    assert list(rows[0]) == list(table)
    assert [float(row["validation_log_loss"]) for row in rows] == list(table.validation_log_loss)


def test_another_ending_is_refused(run, tmp_path):
    assert run("--export", tmp_path / "all.xlsx").endswith("expected one that ends in .parquet or .csv")
    assert not (tmp_path / "all.xlsx").exists()


def test_a_study_is_moved_aside_after_its_name_was_typed(run, book):
    home, questions = book.study().home, []

    def ask(question):
        questions.append(question)
        return "2M/h1"

    shown = run("--forget", home.name[:5], ask=ask)
    moved = next((book.results / "forgotten").glob("*/ledger/*"))
    assert shown.startswith(f"moved 2M/h1 {home.name[:7]} (campaign main, ticker GSPC, threshold 0.01")
    assert f"To get it back, without a training: mv '{moved}' '{home.parent}/'" in shown
    assert "Type 2M/h1 to move it aside: " in questions[0]
    assert f"moved aside: {moved}" in run()


def end_of_input(_):
    raise EOFError


@pytest.mark.parametrize("ask", [lambda _: "2M/h3", lambda _: "", end_of_input])
def test_another_name_moves_nothing(run, book, ask):
    assert "expected 2M/h1: nothing was moved" in run("--forget", book.study().fingerprint, ask=ask)
    assert book.study().trial(0).is_published()


def test_without_a_terminal_the_name_is_an_argument(run, book):
    fingerprint = book.study().fingerprint
    message = run("--forget", fingerprint)
    assert message.endswith(
        f"make studies RESULTS='{book.results}' FORGET={fingerprint[:7]} CONFIRM=2M/h1"
    ), message
    assert run("--forget", fingerprint, "--confirm", "2M/h1").startswith("moved 2M/h1")


def test_an_id_must_name_one_study(run):
    assert run("--forget", "x").startswith("found no study whose id begins with 'x'; expected one of ")
    assert run("--forget", "").startswith("id ")


def test_a_folder_without_studies_is_two_lines(capsys, tmp_path):
    main([str(tmp_path / "gone")])
    assert capsys.readouterr().out == (
        f"found no study in {tmp_path}/gone/ledger: no search was begun there\n"
        "Those of another folder: make studies FOLDER=demo\n"
    )


def test_the_target_of_the_makefile_takes_paths_with_blanks(book, tmp_path):
    variables = (f"RESULTS={book.results}", f"EXPORT={tmp_path}/all trials.csv")
    make = ["make", "-o", ".venv/.ready", "studies", *variables, f"BIN={Path(sys.executable).parent}"]
    done = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert (tmp_path / "all trials.csv").is_file()
