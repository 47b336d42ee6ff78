"""Estimate the peak memory of a run before it starts.

Weights and moments are counted on the real model, built on the meta device. Activations are counted as they
are stored for the backward pass: per layer and token four vectors of the width, four of all heads together,
two of the feed-forward width, and two rows of attention.
"""

from dataclasses import replace
from functools import cache

from simmer.model.budgets import expected_parameters
from simmer.model.patchtst import mask_entries
from simmer.model.shape import ModelShape
from simmer.training.evaluation import EVALUATION_BATCH
from simmer.training.optimizer import GROUP_ENTRIES
from simmer.training.settings import Execution, Recipe
from simmer.training.state import DTYPES, TrainingState

RUNTIME_BYTES = 420 << 20  # MEASURED: interpreter, torch, optuna, pandas and the feature table
_FLOAT32_BYTES = 4
OUT_OF_MEMORY_PHRASES = ("can't allocate memory", "out of memory", "not enough memory")


def training_bytes(shape: ModelShape, recipe: Recipe, execution: Execution, *, micro_batch: int) -> int:
    """Return the expected peak memory of a run, in bytes.

    Args:
        shape: of the model.
        recipe: the trial's hyperparameters.
        execution: precision, and storage of weights, moments and activations.
        micro_batch: windows per backward pass.
    """
    parameters, largest = expected_parameters(shape), _largest_parameter(shape)
    entry_bytes = DTYPES[execution.precision].itemsize
    if execution.memory == "full":
        gradients = execution.replicas * parameters * entry_bytes
        gradients += _FLOAT32_BYTES * max(largest, min(GROUP_ENTRIES, parameters))
    else:
        gradients = (parameters if micro_batch < recipe.batch_size else 2 * largest) * entry_bytes
    # The averaged weights as the model that is evaluated has them, where they are stored in float32.
    rounded = recipe.average_epochs and execution.memory == "full" and entry_bytes < _FLOAT32_BYTES
    averaged = parameters * entry_bytes if rounded else 0
    layer = _layer_entries(shape, micro_batch * shape.tokens)
    kept = shape.depth * layer
    if execution.activation_checkpointing:
        kept = shape.depth * micro_batch * shape.tokens * shape.width + layer
    widest = max(shape.ff_width, 3 * shape.heads * shape.head_width)
    passing = 3 * micro_batch * shape.tokens * widest
    evaluation = 3 * execution.replicas * EVALUATION_BATCH * shape.tokens * widest
    masks = mask_entries(shape, micro_batch) if recipe.dropout else 0
    activations = entry_bytes * (max(kept + passing, evaluation) + masks)
    return checkpoint_bytes(shape, recipe, execution) + averaged + gradients + activations + RUNTIME_BYTES


@cache
def checkpoint_bytes(shape: ModelShape, recipe: Recipe, execution: Execution) -> int:
    """Return the size of weights, moments and average, and so of one checkpoint, in bytes."""
    on_meta = replace(execution, device="meta")
    one, two = (
        TrainingState(replace(shape, depth=depth), recipe, on_meta, clip_norm=1.0, seed=0).nbytes()
        for depth in (1, 2)
    )
    return one + (shape.depth - 1) * (two - one)  # all layers have the same size


def _largest_parameter(shape: ModelShape) -> int:
    inner = shape.heads * shape.head_width
    return shape.width * max(3 * inner, shape.ff_width, (shape.patch_days or 0) * shape.channels)


def _layer_entries(shape: ModelShape, tokens: int) -> int:
    inner, attention = shape.heads * shape.head_width, shape.heads * shape.tokens
    return tokens * (4 * shape.width + 4 * inner + 2 * shape.ff_width + 2 * attention)


def is_out_of_memory(error: Exception) -> bool:
    """Return True if an error of a training step says that memory did not suffice."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(phrase in text for phrase in OUT_OF_MEMORY_PHRASES)
