"""The dimensions of a model, without torch, so that parameters can be counted quickly."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ModelShape:
    """All dimensions that determine the parameters of a model.

    `heads * head_width` need not equal `width`: the width is free to meet the budget. The last `day_tokens`
    days of the window are tokens of their own, besides the patches.
    """

    channels: int
    context_days: int
    patch_days: int
    stride_days: int
    depth: int
    width: int
    heads: int
    head_width: int
    ff_width: int
    day_tokens: int = 0

    @property
    def patches(self) -> int:
        """Number of patches in one window."""
        return (self.context_days - self.patch_days) // self.stride_days + 1

    @property
    def tokens(self) -> int:
        """Number of tokens of one window: its patches and its last days."""
        return self.patches + self.day_tokens
