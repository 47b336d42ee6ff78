"""Files of weights: what was saved is loaded, and everything else is refused before a model is built."""

import json
import os
import struct
from dataclasses import replace

import pytest
import torch

from simmer.base.errors import ModelError
from simmer.model.budgets import expected_parameters
from simmer.training import saved_model
from simmer.training.saved_model import (
    MAX_HEADER_BYTES,
    load_model,
    read_header,
    save_weights,
    shape_of,
    usable_execution,
)
from simmer.training.state import TrainingState, tensors_digest
from support.runs import EXECUTION, RECIPE, SHAPE

INPUTS = "1" * 64


def trained(execution=EXECUTION, shape=SHAPE):
    state = TrainingState(shape, RECIPE, execution, clip_norm=1.0, seed=3)
    state.initialise(0.3)
    return state.model.state_dict()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "member_0.safetensors"
    save_weights(trained(), path, shape=SHAPE, inputs_sha256=INPUTS)
    return path


def load(path, *, shape=SHAPE, execution=EXECUTION, inputs_sha256=INPUTS):
    return load_model(path, shape=shape, window_norm=False, execution=execution, inputs_sha256=inputs_sha256)


def parts(path):
    """Return header and values of a file."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def rewrite(path, header, values):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + values)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_weights_are_loaded_as_they_were_saved(tmp_path, precision):
    execution = replace(EXECUTION, precision=precision)
    weights, path = trained(execution), tmp_path / "weights"
    save_weights(weights, path, shape=SHAPE, inputs_sha256=INPUTS)
    loaded = load(path, execution=execution).state_dict()
    assert tensors_digest(loaded) == tensors_digest(weights)
    assert {tensor.dtype for tensor in loaded.values()} == {tensor.dtype for tensor in weights.values()}
    header = read_header(path)
    assert (header.shape, header.inputs_sha256) == (SHAPE, INPUTS)


def test_the_same_weights_give_the_same_bytes(tmp_path, file):
    for number in range(8):
        again = tmp_path / str(number)
        save_weights(dict(reversed(trained().items())), again, shape=SHAPE, inputs_sha256=INPUTS)
        assert again.read_bytes() == file.read_bytes()


def harmed(change):
    def harm(path):
        header, values = parts(path)
        rewrite(path, *change(header, values))

    return harm


def other_entry(**changes):
    return harmed(lambda header, values: (header | {"norm.bias": header["norm.bias"] | changes}, values))


def swapped(header, values):
    """Exchange the places of a vector and a matrix, which then overlap others."""
    one, other = header["norm.bias"], header["head.weight"]
    one["data_offsets"], other["data_offsets"] = other["data_offsets"], one["data_offsets"]
    return header, values


def with_pickle(header, values):
    return b"\x80\x04\x95\x00.", values


HARMS = {
    "empty": lambda path: path.write_bytes(b""),
    "seven bytes": lambda path: path.write_bytes(b"\x08" * 7),
    "a header longer than the file": lambda path: path.write_bytes(struct.pack("<Q", 2**62) + b"{}"),
    "a header above the limit": lambda path: rewrite(path, b" " * (MAX_HEADER_BYTES + 1), b""),
    "no JSON": harmed(lambda header, values: (b"{" * 64, values)),
    "deep JSON": harmed(lambda header, values: (b"[" * 100_000, values)),
    "a pickle": harmed(with_pickle),
    "a list": harmed(lambda header, values: ([1], values)),
    "a key twice": harmed(lambda header, values: (b'{"a": 1, "a": 1}', values)),
    "no metadata": harmed(lambda header, values: ({"norm.bias": header["norm.bias"]}, values)),
    "another shape in the metadata": harmed(
        lambda header, values: (
            header | {"__metadata__": {"model": '{"shape": [], "inputs_sha256": ""}'}},
            values,
        )
    ),
    "an unknown dtype": other_entry(dtype="F128"),
    "integers": other_entry(dtype="I32"),
    "a negative dimension": other_entry(shape=[-16]),
    "a truth value as a dimension": other_entry(shape=[16, True]),
    "a fraction as a dimension": other_entry(shape=[16.0]),
    "a huge dimension": other_entry(shape=[10**30]),
    "a tensor of a million dimensions": other_entry(shape=[10**9] * 10**6),
    "offsets in reverse": other_entry(data_offsets=[64, 0]),
    "three offsets": other_entry(data_offsets=[0, 32, 64]),
    "overlapping values": harmed(swapped),
    "bytes left over": harmed(lambda header, values: (header, values + b"\0")),
    "bytes missing": harmed(lambda header, values: (header, values[:-4])),
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_file_that_is_not_as_it_was_written_is_refused(file, harm, monkeypatch):
    monkeypatch.setattr(saved_model, "new_model", None)  # building a model would be a TypeError
    HARMS[harm](file)
    with pytest.raises(ModelError, match=r"member_0\.safetensors: found|found the shape"):
        load(file)


def renamed(header, values):
    return {name.replace("norm.bias", "norm.bios"): entry for name, entry in header.items()}, values


def test_other_tensors_are_refused_by_name(file):
    rewrite(file, *renamed(*parts(file)))
    with pytest.raises(ModelError, match=r"attention_norm\.bias. as None, expected"):
        load(file)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": replace(SHAPE, ff_width=40)}, "found weights of ModelShape"),
        ({"inputs_sha256": "2" * 64}, "weights for the inputs 1111"),
        ({"execution": replace(EXECUTION, precision="bf16")}, "expected .*bfloat16"),
    ],
)
def test_weights_of_another_model_are_refused(file, changes, message):
    with pytest.raises(ModelError, match=message):
        load(file, **changes)


def test_only_the_meta_device_is_used_before_the_check(file, monkeypatch):
    built, genuine = [], saved_model.new_model

    def watched(shape, execution, **options):
        built.append(execution.device)
        return genuine(shape, execution, **options)

    monkeypatch.setattr(saved_model, "new_model", watched)
    with pytest.raises(ModelError):
        load(file, execution=replace(EXECUTION, precision="bf16"))
    assert built == ["meta"]


def test_a_file_with_fewer_parameters_than_its_shape_is_refused_without_a_model(tmp_path, monkeypatch):
    monkeypatch.setattr(saved_model, "new_model", None)
    deep, path = replace(SHAPE, depth=1_000_000), tmp_path / "deep"
    save_weights({"head.bias": torch.zeros(1)}, path, shape=deep, inputs_sha256=INPUTS)
    with pytest.raises(ModelError, match=f"found 1 parameters, expected {expected_parameters(deep):,}"):
        load(path, shape=deep)


def test_a_sparse_file_of_the_right_size_takes_no_time(tmp_path, monkeypatch):
    """Gigabytes of nothing, with a header of one tensor."""
    monkeypatch.setattr(saved_model, "new_model", None)
    deep, path = replace(SHAPE, depth=1_000_000, width=64), tmp_path / "sparse"
    count = expected_parameters(deep)
    save_weights({"head.bias": torch.zeros(1)}, path, shape=deep, inputs_sha256=INPUTS)
    header, _ = parts(path)
    rewrite(
        path, header | {"head.bias": {"dtype": "F32", "shape": [count], "data_offsets": [0, 4 * count]}}, b""
    )
    os.truncate(path, path.stat().st_size + 4 * count)
    with pytest.raises(ModelError, match="parameters, expected"):
        load(path, shape=deep)


@pytest.mark.parametrize("values", [{}, {"depth": 2}, {"depth": True}, {"width": "16"}, {"width": 1.0}])
def test_a_shape_of_other_values_is_refused(values):
    whole = values if len(values) < 1 or values == {"depth": 2} else vars(SHAPE) | values
    with pytest.raises(ModelError, match="found the shape"):
        shape_of(whole)
    assert shape_of(vars(SHAPE)) == SHAPE


def test_what_this_machine_lacks_is_computed_by_what_it_has(monkeypatch):
    there = replace(EXECUTION, threads=3, replicas=2)
    assert usable_execution(there) == replace(there, replicas=1)
    monkeypatch.setattr(saved_model, "devices", lambda: {"cpu"})
    on_board = replace(EXECUTION, device="cuda", compiled=True, precision="bf16")
    assert usable_execution(on_board) == replace(on_board, device="cpu", compiled=False)
    monkeypatch.setattr(saved_model, "kernels_are_loaded", lambda: False)
    assert usable_execution(replace(EXECUTION, kernels="simmer")) == EXECUTION
