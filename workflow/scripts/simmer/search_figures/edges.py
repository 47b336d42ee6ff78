"""Where values lie in their ranges, and near which edges the best trial lies."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from simmer.search.space import MEANINGFUL, Range, Value
from simmer.search_figures.searched import SearchedStudy

NEAR_EDGE = 0.05  # share of a range, on its own axis


@dataclass(frozen=True)
class NearEdge:
    """A hyperparameter of the best trial that lies near an edge of its range.

    Attributes:
        key: its name.
        value: what the best trial used.
        edge: the edge itself.
        side: which of the two.
        final: whether no value beyond the edge makes sense, so that the range cannot be widened.
    """

    key: str
    value: Value
    edge: Value
    side: Literal["lower", "upper"]
    final: bool


def place(value: float, dimension: Range) -> float:
    """Return where a value lies in its range: 0 at the lower, 1 at the upper edge, by ratio where `log`."""
    low, high = dimension.ends
    if dimension.log:
        low, high, value = math.log(low), math.log(high), math.log(value)
    return (value - low) / (high - low)


def at(share: float, dimension: Range) -> float:
    """Return the value at a place in a range, the inverse of `place`; shares beyond 0 to 1 lie outside."""
    low, high = dimension.ends
    if dimension.log:
        return low * (high / low) ** share
    return low + share * (high - low)


def near_edges(study: SearchedStudy) -> list[NearEdge]:
    """Return each searched range in which the best trial lies within `NEAR_EDGE` of an edge."""
    return [] if study.best is None else list(_near_edges(study, study.best.values))


def _near_edges(study: SearchedStudy, values: dict[str, Value]) -> Iterator[NearEdge]:
    for key, dimension in study.searched.items():
        if not isinstance(dimension, Range):
            continue
        share = place(values[key], dimension)
        if share <= NEAR_EDGE:
            side, edge, beyond = "lower", dimension.low, -NEAR_EDGE
        elif share >= 1.0 - NEAR_EDGE:
            side, edge, beyond = "upper", dimension.high, 1.0 + NEAR_EDGE
        else:
            continue
        next_value = at(beyond, dimension)
        if dimension.integer:
            next_value = edge - 1 if side == "lower" else edge + 1
        yield NearEdge(key, values[key], edge, side, final=not MEANINGFUL[key][1](next_value))
