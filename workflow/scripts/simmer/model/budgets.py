"""Solve the width of a model so that its parameter count meets the budget of a scale.

The search picks depth, head width and feed-forward ratio; the width follows from the budget. Because widths
come in steps, the feed-forward width absorbs the remainder: the counted parameters are within the tolerance,
and the achieved ratio stays near the requested one.
"""

import math
from dataclasses import dataclass, replace

from simmer.base.errors import BudgetError, ConfigError
from simmer.base.settings import since
from simmer.base.words import percent
from simmer.model.shape import ModelShape

WIDTH_STEP = 8  # matrix units of CPUs and GPUs need inner dimensions that are multiples of 8
CANDIDATE_STEPS = 3  # widths tried on either side of the ideal one


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """Channels, context and patching: the part of a shape that the configuration fixes."""

    channels: int
    context_days: int
    patch_days: int | None
    stride_days: int | None
    nested_days: tuple[int, ...] | None = since(None)

    def __post_init__(self) -> None:
        if self.nested_days is None and self.patch_days is None:
            raise ConfigError("config block model: found no patches; expected nested_days, or patch_days")
        if (self.patch_days is None) != (self.stride_days is None):
            raise ConfigError(
                f"config block model: found patch_days {self.patch_days} and stride_days {self.stride_days}; "
                "expected two numbers, or null for both"
            )
        nested = self.nested_days or ()
        if list(nested) != sorted(set(nested)) or (nested and nested[0] < 1):
            raise ConfigError(
                f"config key model.nested_days: found {list(nested)}; expected ascending lengths from 1"
            )
        if self.patch_days is None or self.stride_days is None:
            return
        left = self.context_days - self.patch_days
        if left < 0 or left % self.stride_days:
            # Patches start at the oldest day: with a remainder the decision row would be left out.
            raise ConfigError(
                f"config block model: found patch_days {self.patch_days} and stride_days {self.stride_days} "
                f"for a context of {self.context_days} days; expected patches that end on the decision row, "
                "so (context_days - patch_days) divisible by stride_days; change one of them"
            )


def expected_parameters(shape: ModelShape) -> int:
    """Return the parameter count of `PatchTST(shape)` in closed form, without building it."""
    width, inner, ff, tokens = shape.width, shape.heads * shape.head_width, shape.ff_width, shape.tokens
    inputs = [] if shape.patch_days is None else [shape.patch_days * shape.channels]
    embedding = sum(count * width + width for count in (*inputs, *shape.nested_inputs)) + tokens * width
    attention = width * 3 * inner + 3 * inner + inner * width + width
    feed_forward = width * ff + ff + ff * width + width
    norms = 4 * width
    return embedding + shape.depth * (attention + feed_forward + norms) + 2 * width + tokens * width + 1


def solve_shape(
    *, budget: int, tolerance: float, geometry: Geometry, depth: int, head_width: int, ff_ratio: float
) -> ModelShape:
    """Return the shape with `budget` parameters and the requested depth, head width and ratio.

    Among widths near the ideal one, the one with the achieved feed-forward ratio nearest to `ff_ratio` is
    chosen.

    Args:
        budget: parameters aimed at.
        tolerance: largest accepted |counted - budget| / budget.
        geometry: channels and patching.
        depth: encoder layers.
        head_width: dimensions of one attention head.
        ff_ratio: feed-forward width over width, aimed at.

    Raises:
        BudgetError: if no width meets the budget within the tolerance.
    """
    # Leading term of the count: depth * (4 + 2 * ratio) * width^2.
    ideal = math.sqrt(budget / (depth * (4 + 2 * ff_ratio)))
    nearest = max(1, round(ideal / WIDTH_STEP))
    best: tuple[float, ModelShape] | None = None
    for steps in range(max(1, nearest - 3 * CANDIDATE_STEPS), nearest + CANDIDATE_STEPS + 1):
        shape = _fill_budget(budget, geometry, depth, head_width, width=steps * WIDTH_STEP)
        if shape is None or abs(expected_parameters(shape) - budget) > tolerance * budget:
            continue
        distance = abs(math.log(shape.ff_width / shape.width / ff_ratio))
        if best is None or distance < best[0]:
            best = (distance, shape)
    if best is None:
        raise BudgetError(
            f"no PatchTST with depth {depth}, head width {head_width} and feed-forward ratio {ff_ratio} has "
            f"{budget:,} parameters within {percent(tolerance)}; expected a shape that fits: lower the depth "
            "or the head width in the scale's space, or raise its budget_parameters"
        )
    return best[1]


def _fill_budget(
    budget: int, geometry: Geometry, depth: int, head_width: int, *, width: int
) -> ModelShape | None:
    shape = ModelShape(
        channels=geometry.channels,
        context_days=geometry.context_days,
        patch_days=geometry.patch_days,
        stride_days=geometry.stride_days,
        nested_days=geometry.nested_days,
        depth=depth,
        width=width,
        heads=max(1, round(width / head_width)),
        head_width=head_width,
        ff_width=0,
    )
    # The count is linear in the feed-forward width, so the missing parameters give it directly.
    per_unit = depth * (2 * width + 1)
    missing = (budget - expected_parameters(shape)) / per_unit
    ff_width = round(missing / WIDTH_STEP) * WIDTH_STEP
    return replace(shape, ff_width=ff_width) if ff_width >= WIDTH_STEP else None
