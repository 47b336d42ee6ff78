"""Resample the test rows of one horizon, identically for all models, and compute intervals of losses.

A model has two losses: the mean loss of its single members, and the loss of their averaged prediction.
Members are the refits of a scale or the fits of a baseline. Two models are compared by the same kind of loss,
averages by averages of as many members.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from simmer.base.seeds import derive_seed
from simmer.evidence.bootstrap import default_mean_block, require_blocks, resamples
from simmer.evidence.metrics import row_log_losses
from simmer.evidence.noise import parts_of_average, refit_noise, row_widening
from simmer.evidence.power import SIGNIFICANCE, detectable_difference
from simmer.evidence.predictions import Predicted
from simmer.evidence.scaling import ScaleLosses
from simmer.evidence.scaling_verdict import Estimate

# Enough for the tails of intervals whose level is adjusted for several horizons, and for p-values adjusted
# for dozens of comparisons.
N_RESAMPLES = 10_000

# Loss of each row, [n], and each member's part in their mean, [members].
_Parts = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class PairedLoss:
    """Loss of one model minus that of another on the same rows, nats.

    Attributes:
        members: number of averaged members of the first model.
        difference: of the averages' losses, with its 95 % interval; below 0, the first model is better.
        p_value: two-sided, for a true difference of 0.
        detectable: the difference that is detected with 80 % power at a significance of 5 %.
        single_difference: of the mean losses of single members, with its 95 % interval.
    """

    members: int
    difference: Estimate
    p_value: float
    detectable: float
    single_difference: Estimate


@dataclass(frozen=True)
class _Losses:
    """One kind of loss of all models, nats.

    Attributes:
        resampled: on the resampled rows, [N_RESAMPLES, models].
        deviations: by the noise of rows and members, [N_RESAMPLES, models].
    """

    values: Mapping[str, float]
    resampled: np.ndarray
    deviations: np.ndarray

    def of(self, name: str) -> tuple[float, np.ndarray]:
        """Return the loss of a model and its deviations, [N_RESAMPLES]."""
        return self.values[name], self.deviations[:, list(self.values).index(name)]


class ResampledLosses:
    """Losses of all models on the test rows of one horizon, and on resamples of these rows.

    Args:
        models: by name, all on the same rows in the order of time; `base_rate` is one of them.
        base_rate: the name of the model that predicts the base rate.
        horizon_days: of the labels.

    Raises:
        DatasetError: when the rows give too few blocks.
    """

    def __init__(self, models: Mapping[str, Predicted], *, base_rate: str, horizon_days: int) -> None:
        self._models = models
        self.decisions = len(models[base_rate].labels)
        self.horizon_days, self._base_rate = horizon_days, base_rate
        self.mean_block = default_mean_block(self.decisions, horizon_days)
        require_blocks(self.decisions, horizon_days)
        sizes = sorted({self._members(name) for name in models})
        parts = [[_single(model) for model in models.values()]]
        parts += [[_average(model, size) for model in models.values()] for size in sizes]
        rows = np.stack([rows for of_kind in parts for rows, _ in of_kind], axis=1)
        # One seed for all horizons: days that are hard to predict are hard at each of them.
        drawn = resamples(self.decisions, self.mean_block, N_RESAMPLES, derive_seed("evidence", "test rows"))
        counts = (np.bincount(rows, minlength=self.decisions) for rows in drawn)
        resampled = np.array([count @ rows for count in counts]) / self.decisions
        self._single, *averages = map(self._losses, parts, np.split(resampled, len(parts), axis=1))
        self._averages = dict(zip(sizes, averages, strict=True))

    def refit_losses(self, name: str) -> np.ndarray:
        """Return the mean loss of each member, [members] nats."""
        return _single(self._models[name])[1]

    def mean(self, name: str) -> float:
        """Return the mean loss over members and rows, nats."""
        return self._single.values[name]

    def loss(self, name: str) -> Estimate:
        """Return the mean loss with its 95 % interval, nats."""
        return _estimate(*self._single.of(name))

    def skill(self, name: str, *, averaged: bool = False) -> Estimate:
        """Return 1 - loss / loss of the base rate; the interval is to first order in the noise.

        Args:
            name: of the model.
            averaged: True for the loss of its averaged members instead of their mean loss.
        """
        losses = self._averages[self._members(name)] if averaged else self._single
        (constant, of_constant), (loss, of_loss) = losses.of(self._base_rate), losses.of(name)
        return _estimate(1 - loss / constant, (loss / constant * of_constant - of_loss) / constant)

    def difference(self, a: str, b: str) -> PairedLoss:
        """Return the loss of `a` minus that of `b`, where as many members of `b` are averaged as `a` has.

        A model with one member, such as a baseline without random numbers, equals any average of it.
        """
        members = self._members(a)
        value, deviations = _paired(self._averages[members], a, b)
        beyond = int((np.abs(deviations) >= abs(value)).sum())
        found = _estimate(value, deviations)
        # From the interval: with few refits, the tails of Student's t make a standard deviation unstable.
        error = (found.high - found.low) / 2 / NormalDist().inv_cdf(1 - SIGNIFICANCE / 2)
        return PairedLoss(
            members=members,
            difference=found,
            p_value=(beyond + 1) / (N_RESAMPLES + 1),
            detectable=detectable_difference(error),
            single_difference=_estimate(*_paired(self._single, a, b)),
        )

    def of_scales(self, parameters: Mapping[str, int]) -> ScaleLosses:
        """Return the mean losses of the scales, for the verdict on scaling."""
        names = list(self._models)
        return ScaleLosses(
            parameters=list(parameters.values()),
            refit_losses=[self.refit_losses(name).tolist() for name in parameters],
            resampled=self._single.resampled[:, [names.index(name) for name in parameters]],
            base_rate_loss=self.mean(self._base_rate),
            resampled_base_rate=self._single.resampled[:, names.index(self._base_rate)],
            decisions=self.decisions,
            mean_block=self.mean_block,
            horizon=self.horizon_days,
        )

    def _members(self, name: str) -> int:
        return len(self._models[name].probabilities)

    def _losses(self, parts: Sequence[_Parts], resampled: np.ndarray) -> _Losses:
        wide = row_widening(self.decisions, self.mean_block, self.horizon_days, SIGNIFICANCE)
        noise = refit_noise([of_members for _, of_members in parts], N_RESAMPLES)
        return _Losses(
            values={name: float(rows.mean()) for name, (rows, _) in zip(self._models, parts, strict=True)},
            resampled=resampled,
            deviations=wide * (resampled - resampled.mean(axis=0)) + noise,
        )


def _single(model: Predicted) -> _Parts:
    losses = np.stack([row_log_losses(model.labels, member) for member in model.probabilities])
    return losses.mean(axis=0), losses.mean(axis=1)


def _average(model: Predicted, members: int) -> _Parts:
    averaged = model.probabilities[:members]
    return row_log_losses(model.labels, averaged.mean(axis=0)), parts_of_average(model.labels, averaged)


def _paired(losses: _Losses, a: str, b: str) -> tuple[float, np.ndarray]:
    (of_a, deviations_of_a), (of_b, deviations_of_b) = losses.of(a), losses.of(b)
    return of_a - of_b, deviations_of_a - deviations_of_b


def _estimate(value: float, deviations: np.ndarray) -> Estimate:
    low, high = np.quantile(deviations, [SIGNIFICANCE / 2, 1 - SIGNIFICANCE / 2], method="weibull")
    return Estimate(value, value + float(low), value + float(high))
