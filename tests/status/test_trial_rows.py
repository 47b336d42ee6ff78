"""All trials of a ledger as rows: those of trials.csv, and those without a result."""

import csv
import io

import pytest

from simmer.ledger.table import trials_csv
from simmer.search.space import COLUMNS
from simmer.status.catalogue import listed_studies
from simmer.status.trial_rows import trial_rows
from support.configs import default_config
from support.ledger_book import START_S


@pytest.fixture
def rows(book):
    book.trial(0, losses=(0.6, 0.5))
    book.trial(1, losses=(0.58,), state=None, at_s=60.0)
    book.trial(2)
    (book.study().trial(2).folder / "result.json").write_text("{")
    book.trial(0, config=default_config({"dataset": {"threshold": 0.005}}), at_s=100.0)
    return list(trial_rows(listed_studies(book.results), COLUMNS))


def test_there_is_a_row_per_trial_of_every_study(rows):
    assert [(row["threshold"], row["trial"], row["state"]) for row in rows] == [
        (0.005, 0, "complete"),
        *((0.01, number, state) for number, state in enumerate(("complete", "begun", "unreadable"))),
    ]
    assert len({tuple(row) for row in rows}) == 1, "all rows have the same columns"


def test_a_finished_trial_has_the_columns_of_its_table_and_its_dates(rows, book):
    table = trials_csv([book.study().trial(0).result()], COLUMNS, book.study().about)
    (expected,) = csv.DictReader(io.StringIO(table))
    row = rows[1]
    assert list(row)[: len(expected)] == list(expected)
    assert row["validation_log_loss"] == float(expected["validation_log_loss"])
    assert (row["train_first_date"], row["validation_last_date"]) == ("2000-01-03", "2003-01-03")
    assert row["ended_at"].timestamp() == START_S + 20.0


def test_a_trial_without_a_result_has_what_is_known_so_far(rows, book):
    row = rows[2]
    assert (row["scale"], row["campaign"], row["ticker"]) == ("2M", "main", "GSPC")
    assert (row["validation_log_loss"], row["epochs"], row["train_s"]) == (0.58, 1, 10.0)
    assert (row["fingerprint"], row["ended_at"], row["auc"]) == (book.study().fingerprint, None, None)
