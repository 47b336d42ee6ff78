"""What the next run would do, from a dry run that writes nothing into the campaign's folder."""

import sys

import pytest

from simmer.doctor.checkup import check_up
from simmer.doctor.plan import Engine, in_words, jobs_in, planned, runs_to_train

TABLE = """
Job stats:
job                count
---------------  -------
evidence_figures       1
hpo_2M                 3
hpo_2M_done            1
total                  5

"""
# A program that writes into its folder, as an engine does, and into the folder of its notes.
PROGRAM = """
import os, pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index("--directory") + 1])
(folder / "notes" / "seen").write_text("x")
(folder / "new").write_text("x")
print(sorted(path.name for path in folder.iterdir()))
print(sys.argv[1:])
print((folder / "notes" / "old").read_text())
"""


@pytest.mark.parametrize(
    ("jobs", "to_train", "words"),
    [
        ({}, {}, "has nothing left to do"),
        ({"hpo_2M": 3}, {"hpo_2M": 1}, "would train 1 trial and publish 2 runs again"),
        ({"hpo_2M": 3, "hpo_20M": 2}, {"hpo_2M": 9, "hpo_20M": 2}, "would train 5 trials"),
        (
            {"refit": 2, "hpo_2M": 1},
            {"hpo_2M": 0, "refit": 5},
            "would train 2 refits and publish 1 run again",
        ),
        ({"hpo_2M_done": 1, "search_figures": 2}, {}, "would draw figures in 2 jobs and run 1 other job"),
    ],
)
def test_the_jobs_in_words(jobs, to_train, words):
    assert in_words(jobs, to_train | {"unplanned": 7}) == words


def test_jobs_are_read_from_the_table():
    assert jobs_in(TABLE) == {"evidence_figures": 1, "hpo_2M": 3, "hpo_2M_done": 1}
    assert jobs_in("Nothing to be done.") == {}


def test_runs_to_train_are_those_without_a_whole_result(book):
    seeds = book.config.evidence.seeds
    found = check_up(book.config, book.results, run=None)
    assert runs_to_train(book.config, found) == {"hpo_2M": 1, "refit": seeds - 1}


@pytest.fixture
def ask(book, tmp_path):
    def ask(program, **options):
        (tmp_path / "engine.py").write_text(program)
        (book.folder / "notes").mkdir(exist_ok=True)
        (book.folder / "notes" / "old").write_text("old")
        engine = Engine(program=f"{sys.executable} {tmp_path / 'engine.py'}", notes="notes")
        found = check_up(book.config, book.results, run=None)
        return planned(engine, book.config, found, overlays=(), targets=(), **options)

    return ask


def test_a_dry_run_sees_the_campaign_but_cannot_write_into_it(book, ask):
    said = ask(PROGRAM + "sys.exit('Error: ' + str(sorted(os.listdir(folder))))")
    assert "Error: ['data', 'new', 'notes', 'results']" in said
    assert sorted(path.name for path in (book.folder / "notes").iterdir()) == ["old"]
    assert not (book.folder / "new").exists()


def test_the_table_of_the_program_becomes_words(ask):
    words = "would train 1 trial, publish 2 runs again, draw figures in 1 job and run 1 other job"
    assert ask(f"print('''{TABLE}''')") == words


def test_a_refusal_is_shown_from_its_error_on(ask):
    assert ask("print('Building'); raise SystemExit('SomeError:\\nno input')") == (
        "would be refused: SomeError: no input"
    )


def test_a_program_that_cannot_be_started_is_a_sentence(book):
    engine = Engine(program="/no/such/program --cores 1", notes="notes")
    found = check_up(book.config, book.results, run=None)
    said = planned(engine, book.config, found, overlays=(), targets=())
    assert said.startswith("is not known: cannot start /no/such/program beside a copy of the notes (No such")
