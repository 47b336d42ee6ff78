"""AdamW by simmer's kernels, in one pass over memory after that which measures the gradients."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from simmer.training.optimizer import BETA_1, BETA_2, EPSILON, NORM_FLOOR, AdamW
from simmer.training.replicas import Team


class FusedAdamW(AdamW):
    """AdamW whose step is divided among the threads of a team.

    Its numbers differ from those of `AdamW`, and with the size of the team, in the rounding of the norm.
    """

    def __init__(self, model: nn.Module, *, weight_decay: float, clip_norm: float, team: Team) -> None:
        super().__init__(model, weight_decay=weight_decay, clip_norm=clip_norm)
        self._team = team

    @torch.no_grad()
    def finish_step(self, grads: Sequence[Sequence[Tensor]] = ()) -> None:
        """Clip the gradients by their global norm, update the weights, and free the gradients."""
        parameters = list(self.parameters.values())
        if not grads:
            grads = [[parameter.grad for parameter in parameters]]
            for parameter in parameters:
                parameter.grad = None
        joined = [grad.contiguous() for replica in grads for grad in replica]
        squares = sum(self._divided(torch.ops.simmer.grad_squares, joined, len(grads)))
        shrink = self.clip_norm / (math.sqrt(squares) + NORM_FLOOR)
        names = list(self.parameters)
        self._divided(
            torch.ops.simmer.adamw,
            [self.weights[name] for name in names],
            parameters,
            joined,
            *([self.state[f"{moment}.{name}"] for name in names] for moment in ("exp_avg", "exp_avg_sq")),
            [self.decay[name] for name in names],
            len(grads),
            shrink if shrink < 1.0 or math.isnan(shrink) else 1.0,
            self._learning_rate,
            *(BETA_1, BETA_2, EPSILON),
            self._step + 1,
        )

    def _divided(self, kernel: Callable[..., float], *arguments: object) -> list[float]:
        size = self._team.size
        return self._team.run([partial(kernel, *arguments, part, size) for part in range(size)])
