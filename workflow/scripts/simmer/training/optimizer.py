"""The optimizer and everything about it that depends on the step alone."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

from simmer.seeds import derive_seed
from simmer.training.settings import Recipe

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # the paper's


class AdamW:
    """AdamW (Loshchilov & Hutter 2019) that decays matrices only, with its state under parameter names.

    Calls torch's functional form: the class `torch.optim.AdamW` imports the compiler when it is built,
    which costs every trial more than a second.

    Attributes:
        state: two moments of each parameter, `exp_avg.<name>` and `exp_avg_sq.<name>`, and its `step.<name>`.
    """

    def __init__(self, model: nn.Module, recipe: Recipe) -> None:
        self._parameters = dict(model.named_parameters())
        self._decay = {
            name: recipe.weight_decay if parameter.ndim > 1 and name != "positions" else 0.0
            for name, parameter in self._parameters.items()
        }
        self.state: dict[str, Tensor] = {}
        for name, parameter in self._parameters.items():
            self.state[f"exp_avg.{name}"] = torch.zeros_like(parameter)
            self.state[f"exp_avg_sq.{name}"] = torch.zeros_like(parameter)
            self.state[f"step.{name}"] = torch.zeros((), device=parameter.device)

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take up the state of a checkpoint."""
        for name, tensor in self.state.items():
            tensor.copy_(state[name])

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self._parameters.values():
            parameter.grad = None

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Move the weights once along their gradients."""
        for decay in set(self._decay.values()):
            names = [name for name, value in self._decay.items() if value == decay]
            adamw(
                [self._parameters[name] for name in names],
                [self._parameters[name].grad for name in names],
                [self.state[f"exp_avg.{name}"] for name in names],
                [self.state[f"exp_avg_sq.{name}"] for name in names],
                [],
                [self.state[f"step.{name}"] for name in names],
                fused=True,
                amsgrad=False,
                beta1=BETA_1,
                beta2=BETA_2,
                lr=learning_rate,
                weight_decay=decay,
                eps=EPSILON,
                maximize=False,
            )


def learning_rate_at(step: int, *, total_steps: int, recipe: Recipe, final_fraction: float) -> float:
    """Return the learning rate of a step: linear warm-up, then a cosine down to `final_fraction`."""
    warmup_steps = round(recipe.warmup_fraction * total_steps)
    if step < warmup_steps:
        return recipe.learning_rate * (step + 1) / warmup_steps
    along = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, along)))
    return recipe.learning_rate * (final_fraction + (1 - final_fraction) * cosine)


def window_order(windows: int, *, seed: int, epoch: int) -> Tensor:
    """Return the order [windows] in which an epoch visits the train windows."""
    generator = torch.Generator().manual_seed(derive_seed(seed, "order", epoch))
    return torch.randperm(windows, generator=generator)
