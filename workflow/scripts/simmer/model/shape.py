"""The dimensions of a model, without torch, so that parameters can be counted quickly."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ModelShape:
    """All dimensions that determine the parameters of a model.

    `heads * head_width` need not equal `width`: the width is free to meet the budget.

    Attributes:
        patch_days, stride_days: length of a patch and days from one to the next; None without these patches.
        nested_days: lengths of the patches that all end on the decision row; None without any.
    """

    channels: int
    context_days: int
    depth: int
    width: int
    heads: int
    head_width: int
    ff_width: int
    patch_days: int | None = None
    stride_days: int | None = None
    nested_days: tuple[int, ...] | None = None

    @property
    def patches(self) -> int:
        """Number of patches that slide over one window."""
        if self.patch_days is None or self.stride_days is None:
            return 0
        return (self.context_days - self.patch_days) // self.stride_days + 1

    @property
    def nested_inputs(self) -> tuple[int, ...]:
        """Number of inputs of each nested patch: mean and standard deviation of each channel, or one day."""
        return tuple(self.channels * (1 if days == 1 else 2) for days in self.nested_days or ())

    @property
    def tokens(self) -> int:
        """Number of tokens of one window: all its patches."""
        return self.patches + len(self.nested_inputs)
