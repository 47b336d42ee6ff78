"""Transfer the best trials of a study to the next larger scale, as hyperparameters without losses.

Losses differ between scales, so a loss from another scale would mislead the sampler.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict

from simmer.ledger.results import WHOLE, TrialResult
from simmer.search.space import Choice, Dimension, Hyperparameters, Range, Value
from simmer.search.study import Study
from simmer.search.suggest import Enqueued


def transferred(results: Sequence[TrialResult], *, smaller: Study, larger: Study) -> list[Enqueued]:
    """Return the best trials of the smaller study, mapped into the space of the larger one.

    Depth keeps its relative position between the extremes on a logarithmic scale. The learning rate is
    divided by the ratio of the widths: Adam changes each weight by about the learning rate, so the change of
    a layer's output grows with the width unless the rate falls (muP: Yang et al. 2022, "Tensor Programs V").
    Weight decay is multiplied by that ratio: rate times decay stays, and with it the number of steps that the
    weights remember (Wang & Aitchison 2024, "How to set AdamW's weight decay as you scale model and dataset
    size"). All other values are kept if the larger space has them.

    Args:
        results: finished trials of the smaller study.
        smaller, larger: the studies.
    """
    ended = [
        result
        for result in results
        if result.state in WHOLE and result.loss is not None and result.repeats is None
    ]
    best = sorted(ended, key=lambda result: (result.loss, result.number))
    return [
        Enqueued(
            hyperparameters=mapped(Hyperparameters(**result.hyperparameters), smaller=smaller, larger=larger),
            origin=f"{smaller.scale} {result.address.name}",
        )
        for result in best[: larger.search.transfer]
    ]


def mapped(hyperparameters: Hyperparameters, *, smaller: Study, larger: Study) -> Hyperparameters:
    """Return the hyperparameters of the larger space that correspond most closely to given ones."""
    dimensions = larger.space.dimensions
    values = asdict(hyperparameters)
    values["depth"] = _same_place(
        hyperparameters.depth, smaller.space.dimensions["depth"].ends, dimensions["depth"].ends
    )
    for key in ("depth", "head_width", "ff_ratio"):
        values[key] = nearest(dimensions[key], values[key])
    shape = {key: values[key] for key in ("depth", "head_width", "ff_ratio")}
    widths = smaller.shape(hyperparameters).width, larger.solve(**shape).width
    values["learning_rate"] = hyperparameters.learning_rate * widths[0] / widths[1]
    values["weight_decay"] = hyperparameters.weight_decay * widths[1] / widths[0]
    return Hyperparameters(**{key: nearest(dimensions[key], value) for key, value in values.items()})


def nearest(dimension: Dimension, value: Value) -> Value:
    """Return the nearest value of a dimension; for a choice of positive numbers, nearest by ratio."""
    if isinstance(dimension, Range):
        inside = min(max(value, dimension.low), dimension.high)
        return round(inside) if dimension.integer else inside
    return _nearest_choice(dimension, value)


def _nearest_choice(choice: Choice, value: Value) -> Value:
    if isinstance(value, str):
        return value if value in choice.values else choice.values[0]

    def distance(known: Value) -> float:
        return abs(math.log(known / value)) if known > 0 < value else abs(known - value)

    return min(choice.values, key=distance)


def _same_place(value: float, here: tuple[float, float], there: tuple[float, float]) -> float:
    if here[0] == here[1]:
        return math.sqrt(there[0] * there[1])
    place = math.log(value / here[0]) / math.log(here[1] / here[0])
    return there[0] * (there[1] / there[0]) ** place
