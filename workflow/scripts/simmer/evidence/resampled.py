"""Resample the test rows of one horizon, identically for all models, and compute intervals of mean losses."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from simmer.base.seeds import derive_seed
from simmer.evidence.bootstrap import default_mean_block, require_blocks, resamples
from simmer.evidence.metrics import row_log_losses
from simmer.evidence.noise import refit_noise, row_widening
from simmer.evidence.power import SIGNIFICANCE, detectable_difference
from simmer.evidence.predictions import Predicted
from simmer.evidence.scaling import ScaleLosses
from simmer.evidence.scaling_verdict import Estimate

# Enough for the tails of intervals whose level is adjusted for several horizons, and for p-values adjusted
# for dozens of comparisons.
N_RESAMPLES = 10_000


@dataclass(frozen=True)
class PairedLoss:
    """Mean loss of one model minus that of another on the same rows, nats.

    Attributes:
        difference: with its 95 % interval; below 0, the first model is better.
        p_value: two-sided, for a true difference of 0.
        detectable: the difference that is detected with 80 % power at a significance of 5 %.
    """

    difference: Estimate
    p_value: float
    detectable: float


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
        self.names = list(models)
        self._of_refits = {
            name: np.stack([row_log_losses(model.labels, refit) for refit in model.probabilities])
            for name, model in models.items()
        }
        self.decisions = len(models[base_rate].labels)
        self.horizon_days, self._base_rate = horizon_days, base_rate
        self.mean_block = default_mean_block(self.decisions, horizon_days)
        require_blocks(self.decisions, horizon_days)
        rows = np.stack([losses.mean(axis=0) for losses in self._of_refits.values()], axis=1)
        # One seed for all horizons: days that are hard to predict are hard at each of them.
        drawn = resamples(self.decisions, self.mean_block, N_RESAMPLES, derive_seed("evidence", "test rows"))
        counts = (np.bincount(rows, minlength=self.decisions) for rows in drawn)
        self._resampled = np.array([count @ rows for count in counts]) / self.decisions
        wide = row_widening(self.decisions, self.mean_block, horizon_days, SIGNIFICANCE)
        noise = refit_noise([self.refit_losses(name) for name in self.names], N_RESAMPLES)
        self._deviations = wide * (self._resampled - self._resampled.mean(axis=0)) + noise

    def refit_losses(self, name: str) -> np.ndarray:
        """Return the mean loss of each refit, [refits] nats."""
        return self._of_refits[name].mean(axis=1)

    def mean(self, name: str) -> float:
        """Return the mean loss over refits and rows, nats."""
        return float(self.refit_losses(name).mean())

    def loss(self, name: str) -> Estimate:
        """Return the mean loss with its 95 % interval, nats."""
        return _estimate(self.mean(name), self._of(name))

    def skill(self, name: str) -> Estimate:
        """Return 1 - loss / loss of the base rate; the interval is to first order in the noise."""
        constant, ratio = self.mean(self._base_rate), self.mean(name) / self.mean(self._base_rate)
        return _estimate(1 - ratio, (ratio * self._of(self._base_rate) - self._of(name)) / constant)

    def difference(self, a: str, b: str) -> PairedLoss:
        """Return the mean loss of `a` minus that of `b`."""
        value, deviations = self.mean(a) - self.mean(b), self._of(a) - self._of(b)
        beyond = int((np.abs(deviations) >= abs(value)).sum())
        found = _estimate(value, deviations)
        # From the interval: with few refits, the tails of Student's t make a standard deviation unstable.
        error = (found.high - found.low) / 2 / NormalDist().inv_cdf(1 - SIGNIFICANCE / 2)
        return PairedLoss(
            difference=found,
            p_value=(beyond + 1) / (N_RESAMPLES + 1),
            detectable=detectable_difference(error),
        )

    def of_scales(self, parameters: Mapping[str, int]) -> ScaleLosses:
        """Return the losses of the scales, for the verdict on scaling."""
        columns = [self.names.index(name) for name in parameters]
        return ScaleLosses(
            parameters=list(parameters.values()),
            refit_losses=[self.refit_losses(name).tolist() for name in parameters],
            resampled=self._resampled[:, columns],
            base_rate_loss=self.mean(self._base_rate),
            resampled_base_rate=self._resampled[:, self.names.index(self._base_rate)],
            decisions=self.decisions,
            mean_block=self.mean_block,
            horizon=self.horizon_days,
        )

    def _of(self, name: str) -> np.ndarray:
        return self._deviations[:, self.names.index(name)]


def _estimate(value: float, deviations: np.ndarray) -> Estimate:
    low, high = np.quantile(deviations, [SIGNIFICANCE / 2, 1 - SIGNIFICANCE / 2], method="weibull")
    return Estimate(value, value + float(low), value + float(high))
