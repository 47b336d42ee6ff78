"""Refits of a winner on real bars: bit-identical after resuming, and without labels of test."""

import contextlib
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from simmer.base.errors import Interrupted
from simmer.config.blocks import EvidenceSettings
from simmer.data.tables import content_sha256
from simmer.evidence.metrics import log_loss
from simmer.ledger.results import StoredWeights
from simmer.runs.model_inputs import inputs_of
from simmer.runs.refit import Refit
from simmer.runs.run import Run
from simmer.training.loop import BestModel
from simmer.training.saved_model import load_model
from simmer.training.settings import Execution
from simmer.training.state import tensors_digest
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
FAST = {"learning_rate": 1e-2, "dropout": 0.0, "warmup_fraction": 0.0, "average_epochs": 0.0}
HYPERPARAMETERS = asdict(STUDY.default) | FAST
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
    assert result.kept_weights == whole.kept_weights


def test_the_weights_of_the_best_epoch_alone_are_kept(unbroken):
    files, result = unbroken.files, unbroken.files.result()
    weights = files.weights.path(result.kept_weights)
    assert [path.name for path in files.folder.glob("weights*")] == [weights.name]
    assert weights.stat().st_size == result.kept_weights.bytes
    shape = STUDY.shape(STUDY.default)
    inputs = inputs_of(unbroken.dataset, HYPERPARAMETERS["input_form"])
    model = load_model(
        weights,
        shape=shape,
        window_norm=False,
        execution=Execution(device="cpu", precision="fp32", threads=1),
        inputs_sha256=inputs.sha256,
    )
    assert tensors_digest(model.state_dict()) != result.weights_sha256, "those are of the last epoch"


@pytest.mark.parametrize(("keep", "kept"), [("none", 0), (1, 1), (9, 2), ("all", 2), ("auto", 2)])
def test_as_many_weights_are_kept_as_configured(tmp_path, table, keep, kept):
    settings = EvidenceSettings(seeds=2, keep_models=keep)
    for number in range(2):
        one = refit(tmp_path, table, number=number, settings=settings)
        best_of(one)(0.25)
        assert ("weights" in one.files.predictions()) == (number < kept)
        assert len(list(one.files.folder.glob("weights*"))) == (number < kept)


def best_of(one):
    """Return what the training calls after a best epoch, for made-up predictions and weights."""
    keep = one.purpose.on_best(one.purpose.begin({"device": "cpu"}), one.dataset)

    def called(value):
        weights = {"weight": torch.full((4,), value)}
        keep(BestModel(predict=lambda windows: np.full(len(windows), value), weights=lambda: weights))

    return called


@pytest.mark.parametrize("step", range(6))
def test_predictions_and_weights_belong_together_wherever_a_write_is_interrupted(
    tmp_path, table, monkeypatch, step
):
    one = refit(tmp_path, table)
    best_of(one)(0.25)
    steps = []

    def interrupted(genuine):
        def call(*arguments, **options):
            steps.append(genuine)
            if len(steps) > step:
                raise KeyboardInterrupt
            return genuine(*arguments, **options)

        return call

    with monkeypatch.context() as stopped:
        # The two ways in which a file appears or goes away.
        stopped.setattr(Path, "replace", interrupted(Path.replace))
        stopped.setattr(Path, "unlink", interrupted(Path.unlink))
        with contextlib.suppress(KeyboardInterrupt):
            best_of(one)(0.5)
    for read in one.files._predictions_copies.values():
        record = read()
        with safe_open(one.files.weights.path(StoredWeights(**record["weights"])), framework="pt") as file:
            assert file.get_tensor("weight")[0] == record["test"]["probabilities"][0]
    best_of(one)(0.5)
    assert one.files.predictions()["test"]["probabilities"][0] == 0.5
    assert len(list(one.files.folder.glob("weights*"))) == 1


def test_a_refit_that_an_older_version_began_ends_without_weights(tmp_path, table, unbroken):
    one = refit(tmp_path, table)
    record = {split: {"rows": [1], "probabilities": [0.5]} for split in ("validation", "test")}
    one.files.write_predictions(record)
    params = one.purpose.begin({"device": "cpu"})
    result = one.purpose.result(unbroken.files.result(), params)
    assert result.kept_weights is None
    assert set(result.predictions) == {"validation", "test"}
    assert "kept_weights" not in result.as_json()


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
