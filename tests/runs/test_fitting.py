"""Windows of pooled tickers are trained on, recorded, and part of the study's identity."""

import numpy as np
import pytest
import torch

from simmer.base.errors import DataError, DatasetError
from simmer.data.tables import features_sha256, require_content
from simmer.runs.fitting import windows_of
from simmer.runs.run import Run
from simmer.runs.trial import Trial
from simmer.training.settings import Execution
from support.bars import bundled_table
from support.configs import default_config
from support.runs import FakeGuard

OVERLAY = {
    "scales": {"debug": {"epochs_max": 1, "budget_parameters": 20000}},
    "dataset": {"split": {"train_fraction": 0.2, "validation_fraction": 0.2}},
}
ALONE, POOLED = default_config(OVERLAY), default_config(OVERLAY, {"dataset": {"pool": ["IXIC"]}})


@pytest.fixture(scope="module")
def other():
    return bundled_table("IXIC")


@pytest.fixture(scope="module")
def dataset(table, other):
    return POOLED.dataset.build(table, 3, pooled=[other])


@pytest.mark.parametrize("form", ["train_scaled", "price_relative"])
def test_pooled_windows_follow_those_of_train(dataset, form):
    windows, (part,) = windows_of(dataset, "train", form, "cpu"), dataset.pooled
    own = len(dataset.train)
    assert len(windows) == own + len(part.decision_rows)
    for number, channels, row, label in (
        (0, dataset, dataset.train[0], dataset.labels_of("train")[0]),
        (own - 1, dataset, dataset.train[-1], dataset.labels_of("train")[-1]),
        (own, part, part.decision_rows[0], part.labels[0]),
        (len(windows) - 1, part, part.decision_rows[-1], part.labels[-1]),
    ):
        inputs, labels = windows.take(torch.tensor([number]))
        expected = channels.inputs(form)[row - dataset.context_days + 1 : row + 1]
        assert np.array_equal(inputs[0].numpy(), expected)
        assert labels[0] == label
    assert windows.labels.sum() == dataset.labels_of("train").sum() + part.labels.sum()


def test_validation_and_test_have_no_pooled_window(table, dataset):
    alone = ALONE.dataset.build(table, 3)
    for one in (alone, dataset):
        windows = windows_of(one, "validation", "price_relative", "cpu")
        assert len(windows) == len(alone.validation)
        assert windows.labels.sum() == alone.labels_of("validation").sum()


def run(folder, config, *frames):
    study = config.study("debug", 1)
    ledger = study.ledger(folder, features_sha256=features_sha256(frames))
    purpose = Trial(study=study, ledger=ledger, number=0)
    Run(
        campaign="test",
        purpose=purpose,
        dataset=purpose.dataset(config.dataset, frames),
        execution=Execution(device="cpu", precision="fp32", threads=1),
        checkpoint_interval_s=1e9,
    ).compute(FakeGuard())
    return purpose.files.result()


def test_a_trial_learns_from_pooled_windows_and_records_their_number(tmp_path, table, other):
    alone, pooled = run(tmp_path, ALONE, table), run(tmp_path, POOLED, table, other)
    assert pooled.weights_sha256 != alone.weights_sha256
    assert pooled.fingerprint != alone.fingerprint
    (part,) = POOLED.dataset.build(table, 1, pooled=[other]).pooled
    assert pooled.as_json()["dataset"]["pooled"] == {"IXIC": len(part.labels)}
    for split in ("train", "validation"):
        assert pooled.as_json()["dataset"][split] == alone.as_json()["dataset"][split]


def test_the_features_of_every_pooled_ticker_are_in_the_digest(table, other):
    changed = other.assign(obv=other["obv"] + 1.0)
    found = [(table,), (table, other), (other, table), (table, changed), (table, other, other)]
    assert len({features_sha256(frames) for frames in found}) == len(found)
    with pytest.raises(DataError, match="found GSPC_dataset_a33 and IXIC_dataset_a33 with other values"):
        require_content([table, changed], features_sha256([table, other]), names=POOLED.dataset.tables)


def test_a_dataset_without_the_tables_of_its_pool_is_refused(table, other):
    with pytest.raises(DatasetError, match=r"found 0 tables of pooled tickers; expected .* \['IXIC'\]"):
        POOLED.dataset.build(table, 1)
    with pytest.raises(DatasetError, match="found 1 tables"):
        ALONE.dataset.build(table, 1, pooled=[other])
