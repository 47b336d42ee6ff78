"""The file of a model's weights: written once, checked completely before a model is built from it.

It is a safetensors file (https://github.com/huggingface/safetensors#format): eight bytes with the length of
its header, the header as JSON, the values. Reading it cannot run code. What the header says is compared with
the expected model, and with the size of the file, before memory is taken for the model.
"""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import safetensors
import torch
from torch import Tensor

from simmer.base.errors import ModelError
from simmer.base.records import strict_json
from simmer.base.text import quote, shortened
from simmer.base.typed_json import as_json
from simmer.model.budgets import expected_parameters
from simmer.model.patchtst import PatchTST
from simmer.model.shape import ModelShape
from simmer.training.checkpoint import save_tensors
from simmer.training.execution import devices
from simmer.training.kernels import kernels_are_loaded
from simmer.training.settings import Execution
from simmer.training.state import compute_as, new_model

MAX_HEADER_BYTES = 8 << 20  # MEASURED: a header of 2B has 60 kB
LARGEST_DIMENSION = 1_000_000
_ADVICE = "use the file as it was published, or publish the model again with `make report`"
_DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16}
_ABOUT = "model"


@dataclass(frozen=True, kw_only=True)
class Header:
    """The header of a file of weights.

    Attributes:
        tensors: dtype and shape of each tensor, by name.
        shape: of the model; the tensors alone do not say how many heads it has.
        inputs_sha256: digest of the inputs that it was trained on.
    """

    tensors: Mapping[str, tuple[torch.dtype, tuple[int, ...]]]
    shape: ModelShape
    inputs_sha256: str


def save_weights(weights: Mapping[str, Tensor], path: Path, *, shape: ModelShape, inputs_sha256: str) -> None:
    """Write named weights to a file.

    Args:
        weights: float32 or bfloat16.
        path: of the file.
        shape: of the model.
        inputs_sha256: digest of the inputs that they were trained on.

    Raises:
        OSError: if the file cannot be written.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    # One text: safetensors writes several in any order, and the same weights must give the same bytes.
    about = {"shape": as_json(shape), "inputs_sha256": inputs_sha256}
    save_tensors(tensors, path, {_ABOUT: json.dumps(about)})


def read_header(path: Path) -> Header:
    """Return the header of a file of weights, after checking that the file is what its header says.

    Raises:
        ModelError: if it is not, or the header is too large.
        OSError: if the file cannot be read.
    """
    with path.open("rb") as file:
        size, length = os.fstat(file.fileno()).st_size, int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(MAX_HEADER_BYTES, size - 8):
            raise _refusal(path, f"a header of {length} bytes in a file of {size}")
        content = file.read(length)
    try:
        entries = dict(strict_json(content))
        about = strict_json(entries.pop("__metadata__")[_ABOUT].encode())
        shape, inputs_sha256 = dict(about["shape"]), about["inputs_sha256"]
        spans = {name: _span(entry) for name, entry in entries.items()}
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise _refusal(path, f"a header that cannot be read ({quote(str(error))})") from error
    ends = [(0, 0), *sorted(span for _, span in spans.values()), (size - 8 - length,) * 2]
    if any(end != start for (_, end), (start, _) in pairwise(ends)):
        raise _refusal(path, "values that do not fill the file from its first to its last byte")
    return Header(
        tensors={name: tensor for name, (tensor, _) in spans.items()},
        shape=shape_of(shape),
        inputs_sha256=inputs_sha256,
    )


def shape_of(values: Mapping[str, int | tuple[int, ...]]) -> ModelShape:
    """Return the shape with these dimensions.

    Raises:
        ModelError: if a dimension is unknown, missing or out of all reason, or patches do not fit the
            context.
    """
    values = {name: value for name, value in values.items() if value is not None}
    required = {field.name for field in fields(ModelShape) if field.default is MISSING}
    known = required <= values.keys() <= {field.name for field in fields(ModelShape)}
    nested = values.get("nested_days", [1])
    if known and isinstance(nested, list | tuple) and nested:
        numbers = {name: value for name, value in values.items() if name != "nested_days"}
        if all(
            type(value) is int and 1 <= value <= LARGEST_DIMENSION for value in (*numbers.values(), *nested)
        ):
            shape = ModelShape(**numbers, nested_days=tuple(nested) if "nested_days" in values else None)
            if _fits(shape):
                return shape
    raise ModelError(
        f"found the shape {shortened(str(dict(values)), 200)}; expected whole numbers from 1 to "
        f"{LARGEST_DIMENSION:,} with the names {', '.join(field.name for field in fields(ModelShape))}, and "
        f"patches that fit into the context; {_ADVICE}"
    )


def _fits(shape: ModelShape) -> bool:
    """Return True if patches of one kind at least are given, and all fit into the context."""
    if max(shape.nested_days or (0,)) > shape.context_days:
        return False
    if shape.patch_days is None or shape.stride_days is None:
        return shape.nested_days is not None and shape.patch_days is shape.stride_days
    left = shape.context_days - shape.patch_days
    return left >= 0 and left % shape.stride_days == 0


def usable_execution(execution: Execution) -> Execution:
    """Return how this machine computes predictions: as they were computed, if it can."""
    if execution.device not in devices():
        execution = replace(execution, device="cpu", compiled=False)
    kernels = "simmer" if execution.kernels == "simmer" and kernels_are_loaded() else "torch"
    return replace(execution, kernels=kernels, replicas=1)


def load_model(
    path: Path, *, shape: ModelShape, window_norm: bool, execution: Execution, inputs_sha256: str
) -> PatchTST:
    """Return the model with the weights of a file.

    Args:
        path: of the file.
        shape: of the model.
        window_norm: True if the model normalises each window.
        execution: device, precision, kernels.
        inputs_sha256: digest of the inputs that it must have been trained on.

    Raises:
        ModelError: if the file is of another model; nothing was allocated then.
        OSError: if the file cannot be read.
    """
    header = read_header(path)
    if header.shape != shape:
        raise _refusal(path, f"weights of {header.shape}, expected those of {shape}")
    if header.inputs_sha256 != inputs_sha256:
        raise _refusal(
            path, f"weights for the inputs {header.inputs_sha256}, expected those for {inputs_sha256}"
        )
    _require_same(path, header, shape, execution)
    model = new_model(shape, execution, dropout=0.0, window_norm=window_norm)
    compute_as(execution, model)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            # Opened once per tensor: pages read from an open file stay in memory, up to a second model.
            with safetensors.safe_open(path, framework="pt") as file:
                tensor.copy_(file.get_tensor(name))
    return model


def _span(entry: Mapping[str, Any]) -> tuple[tuple[torch.dtype, tuple[int, ...]], tuple[int, int]]:
    """Return dtype and shape of a tensor, and the first and the last byte of its values."""
    dtype, shape, (first, last) = _DTYPES[entry["dtype"]], tuple(entry["shape"]), entry["data_offsets"]
    if len(shape) > 2 or any(type(one) is not int or not 0 <= one < 2**63 for one in (*shape, first, last)):
        raise ValueError("expected vectors and matrices, and whole numbers from 0")
    if math.prod(shape) * dtype.itemsize != last - first:
        raise ValueError(f"found {last - first} bytes for a tensor of the shape {shape}")
    return (dtype, shape), (first, last)


def _require_same(path: Path, header: Header, shape: ModelShape, execution: Execution) -> None:
    found = sum(math.prod(size) for _, size in header.tensors.values())
    # Checked first: a model of absurd depth would take time and memory even without values.
    layers = shape.depth + len(shape.nested_inputs)
    if found != expected_parameters(shape) or layers > len(header.tensors):
        raise _refusal(path, f"{found:,} parameters, expected {expected_parameters(shape):,}")
    on_meta = new_model(shape, replace(execution, device="meta"), dropout=0.0, window_norm=False)
    expected = {name: (tensor.dtype, tuple(tensor.shape)) for name, tensor in on_meta.state_dict().items()}
    if header.tensors != expected:
        names = sorted(header.tensors.keys() | expected.keys())
        name = next(name for name in names if header.tensors.get(name) != expected.get(name))
        raise _refusal(
            path,
            f"{quote(name)} as {header.tensors.get(name)}, expected {expected.get(name, 'no such tensor')}",
        )


def _refusal(path: Path, found: str) -> ModelError:
    return ModelError(f"{path.name}: found {found}: {_ADVICE}")
