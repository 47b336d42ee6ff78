"""Dropout with masks from a pool, because a CPU's generator is too slow to draw every mask.

A pool of independent keep-or-drop values is drawn once per epoch; each dropout layer reads it at its own
random offset at every step. Masks are a function of the given seeds, so a checkpoint need not store them, and
recomputed activations use the same masks on every device.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

POOL_ENTRIES = 1 << 22  # per epoch; at least twice the largest mask, so that offsets vary
_LEVELS = 1 << 16
_ALIGNED = 64  # masks start where vector loads do not straddle cache lines


class MaskPool:
    """Keep-or-drop values: 0, or the inverse of the keep probability.

    The mean of the activations is preserved: if `dtype` rounds the inverse of the keep probability, the share
    of dropped values is adjusted.

    Args:
        probability: of dropping a value; met to within 0.002 in bfloat16.
        entries: number of values to draw.
        seed: of the draw.
        device, dtype: of the activations.
    """

    def __init__(
        self, probability: float, *, entries: int, seed: int, device: torch.device, dtype: torch.dtype
    ) -> None:
        generator = torch.Generator().manual_seed(seed)
        words = torch.empty(-(-entries // 4), dtype=torch.int64)
        levels = words.random_(-(2**63), None, generator=generator).view(torch.int16)
        scale = torch.tensor(1.0 / (1.0 - probability), dtype=dtype).item()
        # Levels are uniform over -32768..32767; the lowest of them are dropped.
        keep = levels >= round((1.0 - 1.0 / scale) * _LEVELS) - _LEVELS // 2
        self.values = keep.to(dtype).mul_(scale).to(device)

    def mask(self, like: Tensor, place: int) -> Tensor:
        """Return a mask of the shape of `like`; `place` is any number, equal numbers give equal masks."""
        start = self.start(like.numel(), place)
        return self.values[start : start + like.numel()].view(like.shape)

    def start(self, entries: int, place: int) -> int:
        """Return the first value of a mask of so many entries."""
        return place % (len(self.values) - entries + 1) // _ALIGNED * _ALIGNED


class Dropout(nn.Module):
    """A dropout layer that uses torch's dropout until it gets a pool.

    Args:
        probability: of dropping a value.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability
        self.pool: MaskPool | None = None
        self.place = 0

    @property
    def drops(self) -> bool:
        """True if values are dropped now: in training only."""
        return self.training and self.probability > 0

    @property
    def has_masks(self) -> bool:
        """True if there is a pool for the values to be dropped now, or none are dropped."""
        return self.pool is not None or not self.drops

    def forward(self, values: Tensor) -> Tensor:
        """Drop some of the values and scale up the others, in training only."""
        if not self.drops:
            return values
        if self.pool is None:
            return functional.dropout(values, self.probability)
        return values * self.pool.mask(values, self.place)

    def onto(self, residual: Tensor, values: Tensor) -> Tensor:
        """Return `residual` plus `values` after dropout, in one pass over memory if possible."""
        if not self.drops or self.pool is None:
            return residual + self(values)
        return torch.addcmul(residual, values, self.pool.mask(values, self.place))
