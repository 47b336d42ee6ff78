"""Assess how the test log-loss changes with the counted parameters: intervals, and a verdict.

Every interval includes the noise between test rows and between refits, see `noise`. Test rows are resampled
identically for all scales and the base rate, so that the difficulty of single rows cancels in differences.
The two figures that support a law or its reverse, the change from the smallest to the largest scale and the
exponent, also include the noise between searches. Differences between any two scales do not: they are about
the winners at hand.

Horizons assessed together share the 5 % chance of a wrong claim by Bonferroni: unlike Holm's steps, it gives
every horizon intervals of one level, on which its verdict is based. `scaling_verdict` has the rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist

import numpy as np

from simmer.base.errors import DatasetError
from simmer.base.words import percent
from simmer.evidence.bootstrap import FEWEST_BLOCKS
from simmer.evidence.noise import SEARCH_SHARE, refit_noise, row_widening, search_noise
from simmer.evidence.power import SIGNIFICANCE, detectable_difference
from simmer.evidence.scaling_fit import Fits, exponents, fit_curves
from simmer.evidence.scaling_verdict import FEWEST_SCALES, Difference, Estimate, Findings, Verdict, judge

# Half a percent of the base rate's log-loss, about 0.003 nats: less than the 0.0055 nats by which refits of
# one configuration differed in an earlier project.
PRACTICAL_SHARE = 0.005
FEWEST_IN_TAIL = 5  # resamples beyond each end of an interval; with fewer the end is unstable


@dataclass(frozen=True, kw_only=True)
class ScaleLosses:
    """Test log-losses of all scales at one horizon, in nats.

    Attributes:
        parameters: [scales] counted parameters, all different, in any order.
        refit_losses: for each scale the mean test log-loss of each refit.
        resampled: [n_resamples, scales] means over refits and resampled rows; each resample has the same rows
            for all scales.
        base_rate_loss: mean log-loss of the base rate on the test rows.
        resampled_base_rate: [n_resamples] the same on the rows of `resampled`.
        decisions: number of test rows.
        mean_block: of the stationary bootstrap that drew `resampled`, rows.
        horizon: of the labels, days.
    """

    parameters: Sequence[float]
    refit_losses: Sequence[Sequence[float]]
    resampled: np.ndarray
    base_rate_loss: float
    resampled_base_rate: np.ndarray
    decisions: int
    mean_block: float
    horizon: int


@dataclass(frozen=True)
class Assessment:
    """The verdict on one horizon, its figures, and curves fitted to the same losses for illustration."""

    verdict: Verdict
    findings: Findings
    curves: Fits


def assess(losses: ScaleLosses, *, comparisons: int = 1, search_share: float = SEARCH_SHARE) -> Assessment:
    """Return the verdict on one horizon with its figures and curves.

    Args:
        losses: of the scales at this horizon.
        comparisons: number of horizons assessed together, this one included.
        search_share: standard deviation between searches of one scale, as a share of the base rate's loss.

    Raises:
        DatasetError: as `findings`.
    """
    found = findings(losses, comparisons=comparisons, search_share=search_share)
    curves = fit_curves(np.array(found.parameters), np.array(found.losses))
    return Assessment(verdict=judge(found), findings=found, curves=curves)


def findings(losses: ScaleLosses, *, comparisons: int = 1, search_share: float = SEARCH_SHARE) -> Findings:
    """Return the figures on which a verdict is based.

    Args:
        losses: of the scales at this horizon.
        comparisons: number of horizons assessed together, this one included.
        search_share: standard deviation between searches of one scale, as a share of the base rate's loss.

    Raises:
        DatasetError: when the parts have inconsistent shapes, contain values that are not finite and above 0,
            or there are too few scales to compare or too few resamples for the level.
    """
    if comparisons < 1:
        raise DatasetError(
            f"found {comparisons} comparisons, expected at least one; count the horizons assessed together"
        )
    significance = SIGNIFICANCE / comparisons
    checked = _checked(losses, significance)
    parameters = checked.parameters
    means = np.array([of_scale.mean() for of_scale in checked.refit_losses])
    # Around the mean of the resamples: some bootstraps draw the first and last rows less often.
    wide = row_widening(losses.decisions, losses.mean_block, losses.horizon, significance)
    rows = wide * (checked.resampled - checked.resampled.mean(axis=0))
    of_base_rate = wide * (checked.resampled_base_rate - checked.resampled_base_rate.mean())
    noise = rows + refit_noise(checked.refit_losses, len(rows))
    of_scales = noise + search_noise(search_share * losses.base_rate_loss, len(means), len(rows))

    def estimate(value: float, deviations: np.ndarray) -> Estimate:
        # NumPy's default quantile would leave out one resample too many at each end.
        low, high = np.quantile(deviations, [significance / 2, 1 - significance / 2], method="weibull")
        return Estimate(float(value), float(value + low), float(value + high))

    def exponent(kept: np.ndarray) -> Estimate:
        # To first order in the noise: a draw from a long tail could be negative and have no logarithm.
        logs = np.log(means[kept])
        drawn = exponents(parameters[kept], logs + of_scales[:, kept] / means[kept])
        value = exponents(parameters[kept], logs[None])[0]
        return estimate(value, drawn - value)

    every = np.arange(len(means))
    pairs = list(combinations(every, 2))
    differences = tuple(
        Difference(
            fewer=float(parameters[i]),
            more=float(parameters[j]),
            change=estimate(means[j] - means[i], noise[:, j] - noise[:, i]),
        )
        for i, j in pairs
    )
    change = Difference(
        fewer=float(parameters[0]),
        more=float(parameters[-1]),
        change=estimate(means[-1] - means[0], of_scales[:, -1] - of_scales[:, 0]),
    )
    practical = PRACTICAL_SHARE * losses.base_rate_loss
    slope = exponent(every)
    # Also to first order.
    skills = tuple(
        estimate(
            1 - mean / losses.base_rate_loss,
            (mean / losses.base_rate_loss * of_base_rate - of_scale) / losses.base_rate_loss,
        )
        for mean, of_scale in zip(means, noise.T, strict=True)
    )
    leans = slope.sign != 0 and len(means) > FEWEST_SCALES
    return Findings(
        parameters=tuple(parameters.tolist()),
        losses=tuple(means.tolist()),
        refits=tuple(len(of_scale) for of_scale in checked.refit_losses),
        level=1 - significance,
        comparisons=comparisons,
        change=change,
        differences=differences,
        exponent=slope,
        skills=skills,
        practical=practical,
        detectable=_detectable(change.change, practical, significance),
        leans_on=tuple(
            float(parameters[scale]) for scale in every if leans and exponent(every[every != scale]).sign == 0
        ),
    )


@dataclass(frozen=True)
class _Checked:
    # The fields of `ScaleLosses` by ascending parameters, as float64 arrays.
    parameters: np.ndarray
    refit_losses: list[np.ndarray]
    resampled: np.ndarray
    resampled_base_rate: np.ndarray


def _detectable(change: Estimate, practical: float, significance: float) -> float:
    half_width = (change.high - change.low) / 2
    error = half_width / NormalDist().inv_cdf(1 - significance / 2)
    # A change must both exclude 0 and reach the practical minimum.
    return detectable_difference(error, significance=significance) + max(practical - half_width, 0.0)


def _checked(losses: ScaleLosses, significance: float) -> _Checked:
    parameters = np.asarray(losses.parameters, dtype=np.float64)
    refit_losses = [np.asarray(of_scale, dtype=np.float64) for of_scale in losses.refit_losses]
    resampled = np.asarray(losses.resampled, dtype=np.float64)
    base_rate = np.asarray(losses.resampled_base_rate, dtype=np.float64)
    scales = len(refit_losses)
    if parameters.shape != (scales,) or scales < 2:
        raise DatasetError(
            f"parameters have shape {parameters.shape}, and there are refits of {scales} scales; expected "
            "one number for each of at least two scales"
        )
    if resampled.ndim != 2 or resampled.shape[1] != scales or base_rate.shape != resampled.shape[:1]:
        raise DatasetError(
            f"resampled losses have shape {resampled.shape}, those of the base rate {base_rate.shape}; "
            f"expected resamples x {scales} scales and the same resamples of the base rate"
        )
    needed = int(np.ceil(2 * FEWEST_IN_TAIL / significance))
    if len(resampled) < needed:
        raise DatasetError(
            f"found {len(resampled)} resamples for intervals of {percent(1 - significance, 2)}; draw at "
            f"least {needed}"
        )
    if any(of_scale.ndim != 1 or of_scale.size == 0 for of_scale in refit_losses):
        raise DatasetError(
            "a scale has no refits, or not one loss per refit; give the mean test loss of each refit"
        )
    everything = [parameters, *refit_losses, resampled, base_rate, np.array([losses.base_rate_loss])]
    # This form of the condition is False for NaN.
    if not all((part > 0).all() and np.isfinite(part).all() for part in everything):
        raise DatasetError(
            "parameters or losses are not all finite and above 0; leave out diverged refits, and report them"
        )
    if losses.horizon < 1 or not 1 <= losses.mean_block <= losses.decisions / FEWEST_BLOCKS:
        raise DatasetError(
            f"found {losses.decisions} test rows in blocks of {losses.mean_block:g}, labels of "
            f"{losses.horizon} days; expected at least {FEWEST_BLOCKS} blocks of at least 1 row and labels "
            "of at least 1 day"
        )
    order = np.argsort(parameters, kind="stable")
    if (np.diff(parameters[order]) == 0).any():
        raise DatasetError(
            f"two scales have the same counted parameters ({parameters.tolist()}); merge their refits"
        )
    means = np.array([of_scale.mean() for of_scale in refit_losses])
    outside = (means < resampled.min(axis=0)) | (means > resampled.max(axis=0))
    if not np.allclose(means[outside], resampled.mean(axis=0)[outside]):
        raise DatasetError(
            f"the mean losses {means.tolist()} lie outside the range of their resamples; resample the mean "
            "over refits on the same rows, with scales in the same order"
        )
    return _Checked(
        parameters[order], [refit_losses[scale] for scale in order], resampled[:, order], base_rate
    )
