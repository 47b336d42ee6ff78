"""Refits of a winner on real bars: bit-identical after resuming, and without labels of test."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from simmer.base.errors import Interrupted
from simmer.data.tables import content_sha256
from simmer.evidence.metrics import log_loss
from simmer.runs.refit import Refit
from simmer.runs.run import Run
from simmer.training.settings import Execution
from support.configs import default_config
from support.results import trial_result
from support.runs import FakeGuard

CONFIG = default_config(
    {
        "scales": {"debug": {"epochs_max": 4, "budget_parameters": 20000}},
        "dataset": {"split": {"train_fraction": 0.2, "validation_fraction": 0.2}},
    }
)
STUDY = CONFIG.study("debug", 1)
# Fast enough to be past its best epoch soon.
HYPERPARAMETERS = asdict(STUDY.default) | {"learning_rate": 1e-2, "dropout": 0.0, "warmup_fraction": 0.0}
WINNER = trial_result(7, (0.4,), hyperparameters=HYPERPARAMETERS)


def refit(folder, table, *, number=0, winner=WINNER, settings=CONFIG.evidence):
    ledger = STUDY.ledger(folder, features_sha256=content_sha256(table))
    return Run(
        campaign="test",
        purpose=Refit(study=STUDY, ledger=ledger, winner=winner, number=number, settings=settings),
        dataset=CONFIG.dataset.build(table, 1, test="inputs"),
        execution=Execution(device="cpu", precision="fp32", threads=1),
        checkpoint_interval_s=0,
    )


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory, table):
    one = refit(tmp_path_factory.mktemp("unbroken"), table)
    one.compute(FakeGuard())
    return one


def test_predictions_are_those_of_the_best_epoch_on_all_rows_of_both_splits(unbroken):
    result, dataset = unbroken.files.result(), unbroken.dataset
    validation, test = (result.predictions[split] for split in ("validation", "test"))
    assert validation.rows == tuple(dataset.validation.tolist())
    assert test.rows == tuple(dataset.test.tolist())
    found = log_loss(dataset.labels_of("validation"), np.array(validation.probabilities))
    assert found == pytest.approx(result.validation_log_loss, abs=1e-12)
    assert result.best_epoch < len(result.curve), "a later epoch must be worse, to distinguish them"
    assert min(test.probabilities) > 0


def test_a_refit_stopped_repeatedly_ends_as_an_uninterrupted_one(tmp_path, table, unbroken):
    steps = 0
    while refit(tmp_path, table).files.result() is None:
        steps += 7
        try:
            refit(tmp_path, table).compute(FakeGuard(stop_after=steps))
        except Interrupted:
            continue
    result, whole = refit(tmp_path, table).files.result(), unbroken.files.result()
    assert result.machine.starts > 3
    assert result.predictions == whole.predictions
    assert result.weights_sha256 == whole.weights_sha256


def test_refits_differ_by_their_seed_alone(tmp_path, table, unbroken):
    other = refit(tmp_path, table, number=1)
    other.compute(FakeGuard())
    first, second = unbroken.files.result(), other.files.result()
    assert first.seed != second.seed
    assert first.predictions != second.predictions
    assert first.hyperparameters == second.hyperparameters == HYPERPARAMETERS
    assert (second.refit, second.winner, second.winner_validation_log_loss) == (1, 7, 0.4)


def test_another_winner_has_other_refits(tmp_path, table):
    one = refit(tmp_path, table)
    another = refit(tmp_path, table, winner=replace(WINNER, trial=8))
    assert one.files.folder != another.files.folder
    assert one.files.lock_path == another.files.lock_path, "both would publish at the same place"
    assert one.purpose.begin({}).seed != another.purpose.begin({}).seed
    assert not one.files.name.startswith("trial_"), "what looks for trials must not find refits"


def test_a_refit_has_no_labels_of_test(unbroken):
    assert not unbroken.dataset.has_labels("test")
    assert len(unbroken.dataset.labels) == unbroken.dataset.borders[1] - 1


def test_a_refit_that_never_had_a_finite_loss_predicts_nothing(tmp_path, table):
    wild = replace(WINNER, hyperparameters=HYPERPARAMETERS | {"learning_rate": 1e9})
    one = refit(tmp_path, table, winner=wild)
    one.compute(FakeGuard())
    result = one.files.result()
    assert result.state == "diverged"
    assert result.predictions is None


def test_a_refit_keeps_the_execution_it_was_begun_with(tmp_path, table):
    first = refit(tmp_path, table)
    with pytest.raises(Interrupted):
        first.compute(FakeGuard(stop_after=2))
    later = replace(first, execution=Execution(device="cpu", precision="fp32", threads=2))
    later.compute(FakeGuard())
    assert later.files.result().machine.threads == 1
