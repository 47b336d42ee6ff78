"""Round float32 to bfloat16 so that small updates are not lost.

It works on the bits, because a compiler may cancel a conversion to bfloat16 and back.
"""

import random

import torch
from torch import Tensor

_DISCARDED_BITS = 16  # float32 has 16 more bits of mantissa than bfloat16
_KEPT = -(1 << _DISCARDED_BITS)  # mask of the upper half of a word


class Noise:
    """Random words, drawn once and read at random offsets: random enough for rounding, at almost no cost.

    Args:
        chunk: largest number of words per call.
        device: where they are used.
    """

    def __init__(self, chunk: int, device: str) -> None:
        generator = torch.Generator(device).manual_seed(0)
        self._words = torch.randint(
            1 << _DISCARDED_BITS, (4 * chunk,), dtype=torch.int32, device=device, generator=generator
        )
        self._random = random.Random(0)

    def restart(self, seed: int) -> None:
        """Make all later calls of `take` a function of `seed`."""
        self._random.seed(seed)

    def take(self, count: int) -> Tensor:
        """Return int32 [count], uniform over 0..65535."""
        start = self._random.randrange(len(self._words) - count + 1)
        return self._words[start : start + count]


def store_stochastically(target: Tensor, values: Tensor, noise: Tensor) -> None:
    """Round float32 to bfloat16 up or down with probabilities that preserve the mean.

    Args:
        target: bfloat16 [...], receives the result.
        values: float32 [...]; overwritten by the rounded values.
        noise: int32 [...], uniform over 0..65535.
    """
    values.view(torch.int32).add_(noise).bitwise_and_(_KEPT)
    target.copy_(values)


def store_split(target: Tensor, values: Tensor) -> None:
    """Round float32 to the nearest bfloat16 and keep the remainder.

    Args:
        target: bfloat16 [...], receives the rounded values.
        values: float32 [...]; overwritten by the remainder, which is exact.
    """
    bits = values.view(torch.int32)
    half = ((bits >> _DISCARDED_BITS) & 1) + ((1 << (_DISCARDED_BITS - 1)) - 1)  # ties go to even
    rounded = ((bits + half) & _KEPT).view(torch.float32)
    target.copy_(rounded)
    values -= rounded
