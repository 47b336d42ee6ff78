"""The optimizer and everything about it that depends on the step alone."""

import math

import torch
from torch import Tensor

from simmer.model.patchtst import PatchTST
from simmer.seeds import derive_seed
from simmer.training.settings import Recipe


def make_optimizer(model: PatchTST, recipe: Recipe) -> torch.optim.AdamW:
    """Return AdamW (Loshchilov & Hutter 2019) that decays matrices only."""
    matrices = [parameter for name, parameter in model.named_parameters() if _is_matrix(name, parameter)]
    rest = [parameter for name, parameter in model.named_parameters() if not _is_matrix(name, parameter)]
    groups = [
        {"params": matrices, "weight_decay": recipe.weight_decay},
        {"params": rest, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=True)


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


def _is_matrix(name: str, parameter: Tensor) -> bool:
    return parameter.ndim > 1 and name != "positions"
