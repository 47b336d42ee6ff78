"""Losses of the members of a model on a set, and paired differences with their errors."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simmer.evidence.metrics import log_loss
from walk_forward import WalkForwardSet

BySet = Mapping[WalkForwardSet, float]


@dataclass(frozen=True)
class Members:
    """The members of one model on one set.

    Attributes:
        labels: by part of the set, [days] of 0 and 1.
        probabilities: by part of the set, for each member by its seed [days].
    """

    labels: Mapping[str, np.ndarray]
    probabilities: Mapping[str, dict[int, np.ndarray]]

    def __len__(self) -> int:
        return len(self.probabilities["validation"])

    def losses(self, part: str) -> dict[int, float]:
        """Return the loss of each member alone by its seed, nats."""
        return {
            seed: log_loss(self.labels[part], predicted)
            for seed, predicted in self.probabilities[part].items()
        }

    def single(self, part: str) -> float:
        """Return the mean loss of the members alone, nats."""
        return float(np.mean([*self.losses(part).values()]))

    def averaged(self, part: str, members: int | None = None) -> float:
        """Return the loss of the average of the first members, of all by default, nats."""
        predicted = [self.probabilities[part][seed] for seed in sorted(self.probabilities[part])]
        return log_loss(self.labels[part], np.mean(predicted[:members], axis=0))


@dataclass(frozen=True)
class Paired:
    """A mean difference over sets, nats.

    The sets of one fold share their days, so that their errors are correlated: the error over sets is too
    small, and the one over folds is rough, because there are few.

    Attributes:
        over_folds: standard error of the mean from the means of the folds; NaN with one fold.
        over_sets: standard error of the mean from all sets; NaN with one set.
    """

    mean: float
    over_folds: float
    over_sets: float

    @classmethod
    def of(cls, differences: BySet) -> "Paired":
        """Return the mean of the differences on sets."""
        folds: dict[int, list[float]] = {}
        for one, difference in differences.items():
            folds.setdefault(one.fold, []).append(difference)
        return cls(
            mean=float(np.mean([*differences.values()])),
            over_folds=_standard_error([float(np.mean(values)) for values in folds.values()]),
            over_sets=_standard_error([*differences.values()]),
        )


def single_difference(one: Members, other: Members, part: str) -> float | None:
    """Return the mean difference of members with the same seed; None if they share no seed."""
    losses, others = one.losses(part), other.losses(part)
    shared = losses.keys() & others.keys()
    return float(np.mean([losses[seed] - others[seed] for seed in shared])) if shared else None


def averaged_difference(one: Members, other: Members, part: str) -> float:
    """Return the difference of averages of as many members, of all where one has fewer."""
    return one.averaged(part) - other.averaged(part, len(one))


def between_seeds(found: Sequence[Members], part: str) -> float:
    """Return the standard deviation of members alone, pooled within sets; NaN without two on any set."""
    variances = [np.var([*members.losses(part).values()], ddof=1) for members in found if len(members) > 1]
    return math.sqrt(np.mean(variances)) if variances else math.nan


def _standard_error(values: Sequence[float]) -> float:
    if len(values) < 2:
        return math.nan
    return float(np.std(values, ddof=1) / math.sqrt(len(values)))
