"""Race runs on real bars: from other seeds, bit-identical after resuming, without the test split."""

from dataclasses import asdict

import pytest

from simmer.base.errors import Interrupted
from simmer.data.tables import content_sha256
from simmer.runs.race import RaceRun
from simmer.runs.run import Run
from simmer.training.settings import Execution
from support.configs import default_config
from support.results import trial_result
from support.runs import FakeGuard

CONFIG = default_config(
    {
        "scales": {"debug": {"epochs_max": 2, "budget_parameters": 20000}},
        "dataset": {"split": {"train_fraction": 0.2, "validation_fraction": 0.2}},
    }
)
STUDY = CONFIG.study("debug", 1)


def race_run(folder, table, *, number=0, trial=7):
    ledger = STUDY.ledger(folder, features_sha256=content_sha256(table))
    raced = trial_result(trial, (0.4,), hyperparameters=asdict(STUDY.default))
    purpose = RaceRun(study=STUDY, ledger=ledger, number=number, trial=raced)
    return Run(
        campaign="test",
        purpose=purpose,
        dataset=purpose.dataset(CONFIG.dataset, [table]),
        execution=Execution(device="cpu", precision="fp32", threads=1),
        checkpoint_interval_s=0,
    )


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory, table):
    one = race_run(tmp_path_factory.mktemp("unbroken"), table)
    one.compute(FakeGuard())
    return one.files.result()


def test_a_race_run_has_the_hyperparameters_of_its_trial(unbroken):
    assert (unbroken.race, unbroken.of_trial, unbroken.state) == (0, 7, "complete")
    assert unbroken.hyperparameters == asdict(STUDY.default)
    assert len(unbroken.curve) == 2


def test_a_race_run_stopped_repeatedly_ends_as_an_uninterrupted_one(tmp_path, table, unbroken):
    steps = 0
    while race_run(tmp_path, table).files.result() is None:
        steps += 15
        try:
            race_run(tmp_path, table).compute(FakeGuard(stop_after=steps))
        except Interrupted:
            continue
    found = race_run(tmp_path, table).files.result()
    assert found.machine.starts > 2
    assert (found.losses, found.weights_sha256) == (unbroken.losses, unbroken.weights_sha256)


def test_each_run_of_each_trial_has_a_seed_of_its_own(tmp_path, table):
    runs = [(0, 7), (1, 7), (0, 8)]
    seeds = [
        race_run(tmp_path, table, number=number, trial=trial).purpose.begin({}).seed for number, trial in runs
    ]
    assert len(set(seeds)) == 3


def test_a_race_run_has_nothing_of_the_test_split(tmp_path, table):
    assert race_run(tmp_path, table).dataset.test is None
