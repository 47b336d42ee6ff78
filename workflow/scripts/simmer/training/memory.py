"""How much memory a trial needs, computed before it starts."""

from simmer.model.budgets import expected_parameters
from simmer.model.shape import ModelShape

FP32_BYTES = 4
ADAMW_COPIES = 4  # weights, gradients, two moments
AUTOCAST_BYTES = 2  # bf16 copies of the weights, held from forward to backward
RUNTIME_BYTES = 600 * 2**20  # interpreter, torch and the feature table
CHECKPOINT_COPIES = 3  # weights and two moments


def training_bytes(shape: ModelShape, *, micro_batch: int) -> int:
    """Return the expected peak memory of an fp32 AdamW step, in bytes.

    Per layer and token the backward pass keeps about ten vectors of the width, three of the
    feed-forward width and the attention scores.
    """
    parameters = expected_parameters(shape)
    tokens = micro_batch * shape.patches
    inner = shape.heads * shape.head_width
    per_token = 7 * shape.width + 5 * inner + 3 * shape.ff_width + 3 * shape.heads * shape.patches
    activations = shape.depth * tokens * per_token * FP32_BYTES
    return parameters * (FP32_BYTES * ADAMW_COPIES + AUTOCAST_BYTES) + activations + RUNTIME_BYTES


def checkpoint_bytes(shape: ModelShape) -> int:
    """Return the size of one checkpoint, in bytes."""
    return expected_parameters(shape) * FP32_BYTES * CHECKPOINT_COPIES
