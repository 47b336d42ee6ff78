"""Predictions from the files of a model alone: bit-identical ones, and refusals of everything else."""

import contextlib
import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from simmer.base.errors import DamagedError, DataError, ModelError
from simmer.base.files import sha256_of_file
from simmer.base.records import read_record, write_record
from simmer.data.bars_csv import PRICES
from simmer.data.tables import read_table
from simmer.ledger.results import RefitResult
from simmer.model.budgets import expected_parameters
from simmer.runs import saved_model
from simmer.runs.saved_model import SavedModel
from simmer.training.kernels import kernels_are_loaded
from simmer.training.saved_model import shape_of
from support.bars import session_bars
from support.saved_models import BARS, EXECUTION, SAVED, config_of, paths, save_model

VIX = {
    "data": {"tickers": [{"ticker": "GSPC", "kind": "index"}, {"ticker": "VIX", "kind": "no_volume_index"}]},
    "features": {"vix": True},
}
KERNELS = {
    "torch": EXECUTION,
    "two replicas": replace(EXECUTION, replicas=2),
    "bf16": replace(EXECUTION, precision="bf16"),
    "kahan": replace(EXECUTION, precision="bf16", memory="kahan"),
    "simmer": replace(EXECUTION, kernels="simmer"),
}


def dataset_of(folder, config, **changes):
    with contextlib.chdir(folder):
        frame = read_table(paths(config)["table"])
    return replace(config.dataset, **changes).build(frame, 1, test="inputs")


def stored_predictions(folder, split):
    found = sorted((folder / "results/refits/debug/h1").glob("*.json"))
    return np.array([RefitResult.read(path).predictions[split].probabilities for path in found])


def change_card(folder, **changes):
    """Change keys of a card, whose digest then fits."""
    path = folder / SAVED / "card.json"
    write_record(path, read_record(path, advice="") | changes)


@pytest.mark.parametrize("form", ["train_scaled", "window_norm", "price_relative"])
def test_every_input_form_is_predicted_bit_identically_from_the_files_alone(tmp_path, form):
    one = {"evidence": {"seeds": 1}}
    config = save_model(tmp_path, one, input_form=form)
    dataset, model = dataset_of(tmp_path, config), SavedModel.load(tmp_path / SAVED)
    for split in ("validation", "test"):
        assert np.array_equal(model.predict_split(dataset, split), stored_predictions(tmp_path, split))


@pytest.mark.parametrize("kind", [kind for kind in KERNELS if kind != "simmer" or kernels_are_loaded()])
def test_every_execution_is_predicted_bit_identically_from_the_files_alone(tmp_path, kind):
    short = {"evidence": {"seeds": 1}, "scales": {"debug": {"epochs_max": 1}}}
    config = save_model(tmp_path, short, execution=KERNELS[kind])
    dataset, model = dataset_of(tmp_path, config), SavedModel.load(tmp_path / SAVED)
    assert model.card.members[0].execution.kernels == KERNELS[kind].kernels
    for split in ("validation", "test"):
        assert np.array_equal(model.predict_split(dataset, split), stored_predictions(tmp_path, split))


def test_bars_give_the_predictions_of_the_dataset(saved_campaign):
    config, model = config_of(), SavedModel.load(saved_campaign / SAVED)
    dataset = dataset_of(saved_campaign, config)
    row = dataset.decision_rows("test")[-1]
    until = BARS[BARS["Date"] <= pd.Timestamp(dataset.dates[row])]
    prediction = model.predict(until)
    expected = model.predict_split(dataset, "test")[:, -1]
    assert str(prediction.date) == str(dataset.dates[row].astype("datetime64[D]"))
    np.testing.assert_allclose(prediction.members, expected, rtol=1e-6)
    assert prediction.probability == pytest.approx(np.mean(expected))
    assert prediction.base_rate == model.card.base_rate


def test_bars_as_pandas_reads_them_are_converted(saved_campaign):
    model = SavedModel.load(saved_campaign / SAVED)
    plain = BARS.astype({"Volume": "float64"}).assign(Date=BARS["Date"].astype(str), Note="x")
    assert model.predict(plain) == model.predict(BARS)


def test_features_of_the_vix_need_its_bars(tmp_path):
    vix = session_bars(720, seed=5)
    vix[list(PRICES)] /= 6  # a level that crosses the borders of its regimes
    save_model(tmp_path, VIX, {"evidence": {"seeds": 1}}, vix=vix)
    model = SavedModel.load(tmp_path / SAVED)
    assert model.kinds == {"GSPC": "index", "VIX": "no_volume_index"}
    assert 0 < model.predict(BARS, vix).probability < 1
    with pytest.raises(ModelError, match="found no bars of the VIX"):
        model.predict(BARS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda bars: bars[:278], r"found 278 bars, of which 79 have all features; expected 80"),
        (lambda bars: bars[:150], "expected at least 200 bars"),
        (lambda bars: bars.drop(columns="High"), "the bars of GSPC lack High"),
        (lambda bars: bars.assign(Volume=0.5), "Volume is 0.5; expected a whole number"),
        (lambda bars: bars.assign(Volume=np.nan), "a Volume is missing"),
        (lambda bars: bars.assign(Date="soon"), "no numbers and days"),
        (lambda bars: bars.drop(index=400), "no bar for the XNYS session"),
        (lambda bars: bars.assign(Close=bars["Close"] * 9), "High"),
    ],
)
def test_unusable_bars_are_refused(saved_campaign, change, message):
    with pytest.raises((DataError, ModelError), match=message):
        SavedModel.load(saved_campaign / SAVED).predict(change(BARS))


def test_enough_bars_are_enough(saved_campaign):
    assert SavedModel.load(saved_campaign / SAVED).predict(BARS[:279]).probability > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"context_days": 50}, "context_days: expected 60, found 50"),
        (
            {"split": replace(config_of().dataset.split, train_fraction=0.41)},
            "scaling of Open: expected mean",
        ),
    ],
)
def test_other_inputs_are_refused_with_what_differs(saved_campaign, changes, message):
    dataset = dataset_of(saved_campaign, config_of(), **changes)
    with pytest.raises(ModelError, match=message):
        SavedModel.load(saved_campaign / SAVED).predict_split(dataset, "test")


def test_columns_in_another_order_are_refused(saved_campaign):
    dataset = dataset_of(saved_campaign, config_of())
    swapped = (*dataset.feature_names[1::-1], *dataset.feature_names[2:])
    with pytest.raises(ModelError, match="columns and their order: expected 'Open', found 'High'"):
        SavedModel.load(saved_campaign / SAVED).predict_split(replace(dataset, feature_names=swapped), "test")


def test_a_column_that_this_version_does_not_compute_is_refused(saved_campaign, monkeypatch):
    genuine = saved_model.features_of_bars

    def without_obv(*bars, **settings):
        table = genuine(*bars, **settings)
        return replace(table, frame=table.frame.drop(columns="obv"))

    monkeypatch.setattr(saved_model, "features_of_bars", without_obv)
    with pytest.raises(ModelError, match="found no obv among the features"):
        SavedModel.load(saved_campaign / SAVED).predict(BARS)


def test_predicting_leaves_the_threads_of_the_program_as_they_were(saved_campaign):
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        SavedModel.load(saved_campaign / SAVED).predict(BARS)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


# ---- damaged, changed and hostile folders ---------------------------------------------------


def damaged(folder):
    file = folder / SAVED / "member_1.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def cut(folder):
    file = folder / SAVED / "member_1.safetensors"
    file.write_bytes(file.read_bytes()[:-1])


def missing(folder):
    (folder / SAVED / "member_1.safetensors").unlink()


def linked_out(folder):
    file, outside = folder / SAVED / "member_1.safetensors", folder / "outside"
    file.rename(outside)
    file.symlink_to(outside)


def a_pipe(folder):
    file = folder / SAVED / "member_1.safetensors"
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (damaged, "member_1.safetensors damaged; expected the file with the SHA-256 in card.json"),
        (cut, "member_1.safetensors damaged"),
        (missing, "member_1.safetensors: the file cannot be found"),
        (linked_out, "a link that leads out of its folder"),
        (a_pipe, "not a regular file"),
    ],
)
def test_a_file_that_is_not_the_member_of_the_card_is_refused(saved, harm, message):
    harm(saved)
    model = SavedModel.load(saved / SAVED)
    with pytest.raises(ModelError, match=message):
        model.predict(BARS)


def test_weights_of_other_inputs_are_refused_although_they_fit(saved, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    save_model(other, {"evidence": {"seeds": 1}}, input_form="train_scaled")
    file = saved / SAVED / "member_0.safetensors"
    shutil.copyfile(other / SAVED / "member_0.safetensors", file)
    members = read_record(saved / SAVED / "card.json", advice="")["members"]
    members[0] |= {"sha256": sha256_of_file(file), "bytes": file.stat().st_size}
    change_card(saved, members=members)
    with pytest.raises(ModelError, match="weights for the inputs"):
        SavedModel.load(saved / SAVED).predict(BARS)


def test_a_model_without_weights_says_where_to_read_on(saved):
    change_card(saved, members=[])
    with pytest.raises(ModelError, match=r"found no weights in .*; README.md there says how to get them"):
        SavedModel.load(saved / SAVED).predict(BARS)


@pytest.fixture
def building_is_an_error(monkeypatch):
    def never(*_, **__):
        raise AssertionError("a model was built")

    monkeypatch.setattr("simmer.training.saved_model.new_model", never)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"depth": 10**9}, "found the shape"),
        ({"depth": 10**6}, "found [0-9,]+ parameters"),
        ({"ff_width": 10**6}, "found [0-9,]+ parameters"),
        ({"patch_days": 10, "stride_days": 0}, "found the shape"),
        ({"patch_days": 10, "stride_days": 7}, "found the shape"),
        ({"patch_days": 61, "stride_days": 1}, "found the shape"),
        ({"patch_days": 10}, "found the shape"),
        ({"nested_days": []}, "found the shape"),
        ({"nested_days": [1, 61]}, "found the shape"),
        ({"nested_days": [0, 5]}, "found the shape"),
        ({"heads": -1}, "found the shape"),
        ({"experts": 8}, "found the shape"),
    ],
)
def test_an_absurd_shape_is_refused_before_a_model_is_built(saved, building_is_an_error, changes, message):
    shape = read_record(saved / SAVED / "card.json", advice="")["shape"]
    change_card(saved, shape=shape | changes)
    with pytest.raises(ModelError, match=message):
        SavedModel.load(saved / SAVED)


def test_a_card_whose_huge_shape_and_count_agree_is_refused_by_the_file(saved, building_is_an_error):
    shape = read_record(saved / SAVED / "card.json", advice="")["shape"] | {"depth": 10**6}
    change_card(saved, shape=shape, parameters=expected_parameters(shape_of(shape)))
    with pytest.raises(ModelError, match="found weights of ModelShape"):
        SavedModel.load(saved / SAVED).predict(BARS)


def test_a_shape_with_other_heads_is_refused_although_every_tensor_fits(saved):
    shape = read_record(saved / SAVED / "card.json", advice="")["shape"]
    change_card(saved, shape=shape | {"heads": shape["head_width"], "head_width": shape["heads"]})
    with pytest.raises(ModelError, match="found weights of ModelShape"):
        SavedModel.load(saved / SAVED).predict(BARS)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"{" * 100_000, b'{"format": 1e999}', b"\xff"])
def test_a_card_that_is_none_is_refused(saved, content):
    (saved / SAVED / "card.json").write_bytes(content)
    with pytest.raises((DamagedError, ModelError)):
        SavedModel.load(saved / SAVED)


def test_a_card_that_is_too_large_is_not_read(saved):
    (saved / SAVED / "card.json").write_bytes(b" " * (1 << 21))
    with pytest.raises(ModelError, match="has 2097152 bytes"):
        SavedModel.load(saved / SAVED)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"found no model in .*make report"):
        SavedModel.load(tmp_path)
    with pytest.raises(ModelError, match="found no model"):
        SavedModel.load(str(tmp_path / "absent"))


def test_the_card_holds_what_the_files_of_the_campaign_hold(saved_campaign):
    card = json.loads((saved_campaign / SAVED / "card.json").read_text())
    resource = json.loads((saved_campaign / paths(config_of())["resource"]).read_text())
    assert card["features_sha256"] == resource["content_sha256"]
    assert card["bars"]["sources"][0]["hash"] == f"sha256:{'b' * 64}"
    assert [member["refit"] for member in card["members"]] == [0, 1]
    for member in card["members"]:
        file = saved_campaign / SAVED / member["file"]
        assert (sha256_of_file(file), file.stat().st_size) == (member["sha256"], member["bytes"])
    dataset = dataset_of(saved_campaign, config_of())
    assert card["inputs"]["mean"] == dataset.relative_mean.tolist()
    assert card["inputs"]["std"] == dataset.relative_std.tolist()
    assert card["inputs"]["columns"] == list(dataset.feature_names)
