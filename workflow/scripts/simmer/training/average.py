"""The average of the weights over the last steps, which is what a run evaluates and keeps.

An exponential moving average (Polyak & Juditsky 1992; Izmailov et al. 2018, "Averaging Weights Leads to Wider
Optima and Better Generalization"). It is more even than the weights themselves, so that fewer epochs are
judged by luck, and it makes a learning rate that falls to zero unnecessary.
"""

import copy
import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from simmer.base.seeds import derive_seed
from simmer.model.patchtst import PatchTST
from simmer.training.optimizer import zeros
from simmer.training.rounding import Noise, store_stochastically

UPDATES_PER_HALF_LIFE = 16  # each reads all weights; more would hardly change the average
_CHUNK_ENTRIES = 1 << 20


class WeightAverage:
    """The average of a model's weights, and a model that computes with it.

    Where weights are stored in bfloat16 alone, so is the average, rounded stochastically: rounded to nearest
    it would stop changing, because an update is less than half a rounding step.

    Args:
        model: it is copied.
        weights: for each parameter the most exact weight that is stored, by name.
        seed: of stochastic rounding.

    Attributes:
        model: computes with the average, after `refresh`.
        tensors: the average, by name of the parameter; filled by `update`.
    """

    def __init__(self, model: PatchTST, weights: Mapping[str, Tensor], *, seed: int) -> None:
        self.tensors = {name: zeros(weight, weight.dtype) for name, weight in weights.items()}
        self._weights, self._seed = weights, seed
        self._noise: Noise | None = None
        parameters = dict(model.named_parameters())
        used = {
            name: average if average.dtype == parameters[name].dtype else torch.empty_like(parameters[name])
            for name, average in self.tensors.items()
        }
        copies = {name: nn.Parameter(tensor.detach(), requires_grad=False) for name, tensor in used.items()}
        self.model = copy.deepcopy(model, {id(parameters[name]): one for name, one in copies.items()})
        self._rounded = {name: one for name, one in copies.items() if one.dtype != self.tensors[name].dtype}

    @torch.no_grad()
    def update(self, step: int, *, half_life_steps: float) -> None:
        """Add the weights after a step, unless it is none of those that are added.

        The first updates form a plain mean, so that the initial weights do not linger.

        Args:
            step: number of the step, from 0.
            half_life_steps: steps after which a weight counts half.
        """
        every = max(1, int(half_life_steps / UPDATES_PER_HALF_LIFE))
        if (step + 1) % every:
            return
        share = max(-math.expm1(-math.log(2) * every / half_life_steps), every / (step + 1))
        noise = self._restarted_noise(step)
        for name, average in self.tensors.items():
            if average.dtype == torch.float32:
                average.lerp_(self._weights[name], share)
                continue
            chunks = (one.view(-1).split(_CHUNK_ENTRIES) for one in (average, self._weights[name]))
            for part, weight in zip(*chunks, strict=True):
                moved = part.float().lerp_(weight.float(), share)
                store_stochastically(part, moved, noise.take(moved.numel()))

    @torch.no_grad()
    def refresh(self) -> None:
        """Copy the average to the parameters of `model` that are stored in another precision."""
        for name, parameter in self._rounded.items():
            parameter.copy_(self.tensors[name])

    def _restarted_noise(self, step: int) -> Noise | None:
        rounded = [tensor for tensor in self.tensors.values() if tensor.dtype != torch.float32]
        if not rounded:
            return None
        if self._noise is None:
            self._noise = Noise(_CHUNK_ENTRIES, str(rounded[0].device))
        self._noise.restart(derive_seed(self._seed, "average", step))
        return self._noise
