"""Dimensions that every contender of the benchmarks is built with."""

from dataclasses import dataclass

CONTEXT_DAYS, CHANNELS, PATCH_DAYS, STRIDE_DAYS = 60, 25, 10, 5
PATCHES = (CONTEXT_DAYS - PATCH_DAYS) // STRIDE_DAYS + 1


@dataclass(frozen=True)
class Size:
    """Width and depth; the width is heads * head width, the feed-forward width is 4 * width."""

    width: int
    depth: int
    head_width: int = 64

    @property
    def heads(self) -> int:
        """Attention heads."""
        return self.width // self.head_width

    @property
    def ff_width(self) -> int:
        """Feed-forward width."""
        return 4 * self.width

    def operations_per_window(self) -> int:
        """Floating-point operations of forward and backward in matrix products, for one window.

        A product costs two per weight and token forward, twice that backward. The embedding needs no
        gradient of its inputs.
        """
        layer = 4 * self.width**2 + 2 * self.width * self.ff_width
        attention = 2 * PATCHES * self.width  # scores and mixing, per token
        embedding = PATCH_DAYS * CHANNELS * self.width
        return PATCHES * (6 * self.depth * (layer + attention) + 4 * embedding + 6 * self.width)


# `debug` is the smallest with matrices that the memory recipes keep in bf16.
SIZES = {"debug": Size(192, 1), "2M": Size(192, 4), "20M": Size(512, 6), "200M": Size(1024, 16)}
