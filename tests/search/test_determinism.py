"""The same configuration gives the same search, regardless of stops and of the order in which trials end."""

import random

import pytest

from simmer.base.errors import Interrupted
from simmer.ledger.table import MACHINE_COLUMNS, result_columns
from simmer.runs.run import Run
from simmer.runs.trial import Trial
from simmer.search.space import COLUMNS as HYPERPARAMETERS
from simmer.training.settings import Execution
from support.configs import default_config
from support.runs import FakeGuard

TRIALS = 9
COLUMNS = result_columns(HYPERPARAMETERS)
OVERLAY = {
    "dataset": {"split": {"train_fraction": 0.2, "validation_fraction": 0.2}},
    "scales": {
        "debug": {
            "budget_parameters": 20000,
            "n_trials": TRIALS,
            "epochs_max": 4,
            "space": {"batch_size": {"values": [128, 256]}},
            "default": {"batch_size": 256},
        }
    },
    "search": {
        "startup_trials": 4,
        "halving": {"rung_fractions": [0.25, 0.5], "eta": 2, "min_completed_trials": 2},
    },
}


@pytest.fixture(scope="module")
def dataset(table):
    return default_config(OVERLAY).dataset.build(table, 1)


class Impatient(FakeGuard):
    """A guard that counts the steps since the last start."""

    def restore(self, counters):
        """Ignore the counters of the previous start."""


def search(folder, dataset, *, parallel=1, order=range(TRIALS), stop_after=None):
    """Run trials in an order, each in parts of `stop_after()` steps; return the rows of trials.csv."""
    config = default_config(OVERLAY, {"search": {"parallel_trials": parallel}})
    study = config.study("debug", 1)
    ledger = study.ledger(folder, features_sha256="bars")
    for number in order:
        trial = Run(
            campaign="test",
            purpose=Trial(study=study, ledger=ledger, number=number),
            dataset=dataset,
            execution=Execution(device="cpu", precision="fp32", threads=1),
            checkpoint_interval_s=1e9,
        )
        while trial.files.result() is None:
            try:
                trial.compute(Impatient(stop_after and stop_after()))
            except Interrupted:
                continue
    results = [ledger.trial(number).result() for number in range(TRIALS)]
    return [{name: read(result) for name, read in COLUMNS.items()} for result in results]


@pytest.fixture(scope="module")
def unbroken(dataset, tmp_path_factory):
    return search(tmp_path_factory.mktemp("unbroken"), dataset)


def test_the_columns_of_the_machine_are_not_compared():
    assert not set(COLUMNS) & set(MACHINE_COLUMNS)


def test_the_search_prunes_and_learns(unbroken):
    assert {row["state"] for row in unbroken} == {"complete", "pruned"}
    assert {row["origin"] for row in unbroken} == {"default", "depth extreme", "startup", "tpe"}


def test_a_repeated_search_is_the_same(unbroken, dataset, tmp_path):
    assert search(tmp_path, dataset) == unbroken


def test_a_search_stopped_at_random_is_the_same(unbroken, dataset, tmp_path):
    chance = random.Random(5)
    assert search(tmp_path, dataset, stop_after=lambda: chance.randint(9, 40)) == unbroken


@pytest.mark.long
def test_with_two_at_once_the_order_in_which_they_end_does_not_matter(unbroken, dataset, tmp_path):
    in_turn = search(tmp_path / "in_turn", dataset, parallel=2)
    crossed = search(tmp_path / "crossed", dataset, parallel=2, order=[1, 0, 3, 2, 5, 4, 7, 6, 8])
    assert crossed == in_turn
    assert in_turn != unbroken
