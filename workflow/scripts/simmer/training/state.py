"""What a run keeps from step to step: the model and its optimizer."""

import hashlib
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from simmer.base.seeds import derive_seed
from simmer.model.patchtst import PatchTST
from simmer.model.shape import ModelShape
from simmer.training.in_backward import InBackward
from simmer.training.optimizer import AdamW, Optimizer
from simmer.training.settings import Execution, Recipe

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


class TrainingState:
    """A model and its optimizer, created in the dtypes and on the device they will be used in.

    Args:
        shape: of the model.
        recipe: the trial's hyperparameters.
        execution: device, precision, and how weights and moments are kept. On the device `meta` nothing
            is allocated, which is how memory is counted before a run.
        clip_norm: norm to which gradients are clipped.
        seed: where the run's randomness starts.
    """

    def __init__(
        self, shape: ModelShape, recipe: Recipe, execution: Execution, *, clip_norm: float, seed: int
    ) -> None:
        self._seed = seed
        with torch.device(execution.device), _default_dtype(DTYPES[execution.precision]):
            self.model = PatchTST(
                shape,
                dropout=recipe.dropout,
                window_norm=recipe.input_form == "window_norm",
                activation_checkpointing=execution.activation_checkpointing,
            )
        if execution.compiled and execution.device != "meta":
            self.model.compile(dynamic=False)  # one graph per batch size, whatever was seen before
        self.optimizer: Optimizer
        if execution.memory == "full":
            self.optimizer = AdamW(self.model, weight_decay=recipe.weight_decay, clip_norm=clip_norm)
        else:
            self.optimizer = InBackward(
                self.model,
                weight_decay=recipe.weight_decay,
                clip_norm=clip_norm,
                memory=execution.memory,
                seed=seed,
            )

    def initialise(self, base_rate: float) -> None:
        """Give all weights their first value; the model starts by predicting `base_rate`."""
        values = self.model.initial_values(
            prior_logit=math.log(base_rate / (1 - base_rate)), seed=derive_seed(self._seed, "weights")
        )
        for name, value in values:
            self.optimizer.place(name, value)

    def tensors(self) -> dict[str, Tensor]:
        """Return all of it by name, as a checkpoint holds it."""
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        return tensors | {f"optimizer.{name}": tensor for name, tensor in self.optimizer.state.items()}

    def nbytes(self) -> int:
        """Return the bytes of all tensors."""
        return sum(tensor.nbytes for tensor in self.tensors().values())


def tensors_digest(tensors: Mapping[str, Tensor]) -> str:
    """Return a SHA-256 over named tensors, so that two runs can be compared to the last bit."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
