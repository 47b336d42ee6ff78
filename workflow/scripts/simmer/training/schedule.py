"""Learning rate and order of windows, as functions of the step and the epoch."""

import math

import torch
from torch import Tensor

from simmer.base.seeds import derive_seed
from simmer.training.settings import Recipe, TrainingSettings


def learning_rate_at(step: int, *, total_steps: int, recipe: Recipe, settings: TrainingSettings) -> float:
    """Return the learning rate of a step: a linear warm-up, then the configured schedule."""
    warmup_steps = round(recipe.warmup_fraction * total_steps)
    if step < warmup_steps:
        return recipe.learning_rate * (step + 1) / warmup_steps
    if settings.schedule == "constant":
        return recipe.learning_rate
    along = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, along)))
    final_fraction = settings.final_learning_rate_fraction
    return recipe.learning_rate * (final_fraction + (1 - final_fraction) * cosine)


def window_order(windows: int, *, seed: int, epoch: int) -> Tensor:
    """Return the order [windows] in which an epoch visits the train windows."""
    generator = torch.Generator().manual_seed(derive_seed(seed, "order", epoch))
    return torch.randperm(windows, generator=generator)
