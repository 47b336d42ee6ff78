"""The state of a run: the model, its optimizer and the average of its weights."""

import hashlib
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from simmer.base.seeds import derive_seed
from simmer.model.patchtst import PatchTST
from simmer.model.shape import ModelShape
from simmer.training.average import WeightAverage
from simmer.training.fused_layers import fuse_layers
from simmer.training.fused_optimizer import FusedAdamW
from simmer.training.in_backward import InBackward
from simmer.training.kernels import kernels_are_loaded
from simmer.training.optimizer import AdamW, Optimizer
from simmer.training.replicas import Team
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


def new_model(shape: ModelShape, execution: Execution, *, dropout: float, window_norm: bool) -> PatchTST:
    """Return a model whose weights have no values yet, in its final dtype on its final device."""
    with torch.device(execution.device), _default_dtype(DTYPES[execution.precision]):
        return PatchTST(
            shape,
            dropout=dropout,
            window_norm=window_norm,
            activation_checkpointing=execution.activation_checkpointing,
        )


def has_kernels(execution: Execution) -> bool:
    """Return True if simmer's kernels compute the layers."""
    return execution.kernels == "simmer" and execution.device == "cpu" and kernels_are_loaded()


def compute_as(execution: Execution, model: PatchTST) -> None:
    """Have a model be computed by compiled code or by simmer's kernels, if the execution says so."""
    if execution.compiled and execution.device != "meta":
        model.compile(dynamic=False)  # one graph per batch size
    if has_kernels(execution):
        fuse_layers(model, whole=execution.memory == "full")


class TrainingState:
    """A model, its optimizer and its average, created in their final dtypes on their final device.

    Args:
        shape: of the model.
        recipe: the trial's hyperparameters.
        execution: device, precision, and storage of weights and moments. The device `meta` allocates nothing
            and is used to count memory before a run.
        clip_norm: norm to which gradients are clipped.
        seed: of the run.
        team: threads among which a step is divided; None: the caller's alone.
    """

    def __init__(
        self,
        shape: ModelShape,
        recipe: Recipe,
        execution: Execution,
        *,
        clip_norm: float,
        seed: int,
        team: Team | None = None,
    ) -> None:
        self._seed = seed
        self.model = new_model(
            shape, execution, dropout=recipe.dropout, window_norm=recipe.input_form == "window_norm"
        )
        self.optimizer: Optimizer
        if execution.memory == "full" and has_kernels(execution):
            self.optimizer = FusedAdamW(
                self.model,
                weight_decay=recipe.weight_decay,
                clip_norm=clip_norm,
                team=team or Team(1, execution.threads),
            )
        elif execution.memory == "full":
            self.optimizer = AdamW(self.model, weight_decay=recipe.weight_decay, clip_norm=clip_norm)
        else:
            self.optimizer = InBackward(
                self.model,
                weight_decay=recipe.weight_decay,
                clip_norm=clip_norm,
                memory=execution.memory,
                seed=seed,
            )
        self.average: WeightAverage | None = None
        if recipe.average_epochs:
            self.average = WeightAverage(self.model, self.optimizer.weights, seed=seed)
        for model in {self.model, self.evaluated}:
            compute_as(execution, model)

    @property
    def evaluated(self) -> PatchTST:
        """The model that is evaluated and kept: with the averaged weights if the recipe has an average."""
        return self.model if self.average is None else self.average.model

    def initialise(self, base_rate: float) -> None:
        """Initialise all weights; the model first predicts `base_rate` for every window."""
        values = self.model.initial_values(
            base_rate_logit=math.log(base_rate / (1 - base_rate)), seed=derive_seed(self._seed, "weights")
        )
        for name, value in values:
            self.optimizer.place(name, value)

    def tensors(self) -> dict[str, Tensor]:
        """Return all tensors of model, optimizer and average by name, as stored in a checkpoint."""
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"optimizer.{name}": tensor for name, tensor in self.optimizer.state.items()}
        if self.average is not None:
            tensors |= {f"average.{name}": tensor for name, tensor in self.average.tensors.items()}
        return tensors

    def nbytes(self) -> int:
        """Return the size of all tensors in bytes."""
        return sum(tensor.nbytes for tensor in self.tensors().values())


def tensors_digest(tensors: Mapping[str, Tensor]) -> str:
    """Return a SHA-256 over named tensors; equal digests mean bit-identical tensors."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
