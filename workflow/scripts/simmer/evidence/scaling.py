"""Does the test log-loss follow a law of the counted parameters? Intervals, and a verdict within the data.

The noise of rows and of seeds enters each interval, see `noise`; the test rows are resampled alike for every
scale and for the prior, so that what makes a row hard cancels in differences. Where a law or its reverse is
to be claimed, in the change from the smallest to the largest scale and in the exponent, the noise between
searches enters too; the differences between any two scales are those of the winners that were found.

Horizons assessed together share the chance of a wrong claim, 5 %, by Bonferroni: unlike Holm's steps it gives
every horizon intervals of one level, which its verdict is read from. `scaling_verdict` has the rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist

import numpy as np

from simmer.base.errors import DatasetError
from simmer.base.words import percent
from simmer.evidence.bootstrap import FEWEST_BLOCKS
from simmer.evidence.noise import SEARCH_SHARE, row_widening, search_noise, seed_noise
from simmer.evidence.power import SIGNIFICANCE, detectable_difference
from simmer.evidence.scaling_fit import Fits, exponents, fit_curves
from simmer.evidence.scaling_verdict import FEWEST_SCALES, Difference, Estimate, Findings, Verdict, judge

# Half a percent of the prior's log-loss, some 0.003 nats: less than the 0.0055 nats by which seeds of one
# configuration differed in an earlier project.
PRACTICAL_SHARE = 0.005
FEWEST_IN_TAIL = 5  # resamples beyond each end of an interval; an end resting on fewer is chance


@dataclass(frozen=True, kw_only=True)
class ScaleLosses:
    """Test log-losses of all scales at one horizon, in nats.

    Attributes:
        parameters: [scales] counted parameters of each scale's model, all different, in any order.
        seed_losses: for each scale the mean test log-loss of each of its seeds.
        resampled: [n_resamples, scales] mean over seeds and resampled rows; in one resample the rows are the
            same for all scales.
        prior_loss: mean log-loss of the prior on the test rows.
        resampled_prior: [n_resamples] the same of the prior, on the rows of `resampled`.
        decisions: test rows.
        mean_block: of the stationary bootstrap that `resampled` comes from, rows.
        horizon: of the labels, days.
    """

    parameters: Sequence[float]
    seed_losses: Sequence[Sequence[float]]
    resampled: np.ndarray
    prior_loss: float
    resampled_prior: np.ndarray
    decisions: int
    mean_block: float
    horizon: int


@dataclass(frozen=True)
class Assessment:
    """The verdict on one horizon, the figures it rests on, and the curves fitted to the same losses.

    The curves illustrate, the verdict does not depend on them.
    """

    verdict: Verdict
    findings: Findings
    curves: Fits


def assess(losses: ScaleLosses, *, comparisons: int = 1, search_share: float = SEARCH_SHARE) -> Assessment:
    """Return the verdict on one horizon and all that belongs to it.

    Args:
        losses: of the scales at this horizon.
        comparisons: horizons that are assessed together, this one included.
        search_share: standard deviation between searches of one scale, as a share of the prior's loss.

    Raises:
        DatasetError: as `findings`.
    """
    found = findings(losses, comparisons=comparisons, search_share=search_share)
    curves = fit_curves(np.array(found.parameters), np.array(found.losses))
    return Assessment(verdict=judge(found), findings=found, curves=curves)


def findings(losses: ScaleLosses, *, comparisons: int = 1, search_share: float = SEARCH_SHARE) -> Findings:
    """Return the figures that a verdict rests on.

    Args:
        losses: of the scales at this horizon.
        comparisons: horizons that are assessed together, this one included.
        search_share: standard deviation between searches of one scale, as a share of the prior's loss.

    Raises:
        DatasetError: when the parts do not belong together, hold values that are not finite and above 0, or
            there are too few scales to compare or resamples for the level.
    """
    if comparisons < 1:
        raise DatasetError(f"{comparisons} comparisons; count the horizons assessed together, at least one")
    significance = SIGNIFICANCE / comparisons
    checked = _checked(losses, significance)
    parameters = checked.parameters
    means = np.array([of_scale.mean() for of_scale in checked.seed_losses])
    # Around the mean of the resamples, since some bootstraps draw the first and last rows less often.
    wide = row_widening(losses.decisions, losses.mean_block, losses.horizon, significance)
    rows = wide * (checked.resampled - checked.resampled.mean(axis=0))
    of_prior = wide * (checked.resampled_prior - checked.resampled_prior.mean())
    noise = rows + seed_noise(checked.seed_losses, len(rows))
    of_scales = noise + search_noise(search_share * losses.prior_loss, len(means), len(rows))

    def estimate(value: float, deviations: np.ndarray) -> Estimate:
        # With the default method an end would leave out one resample more than its share.
        low, high = np.quantile(deviations, [significance / 2, 1 - significance / 2], method="weibull")
        return Estimate(float(value), float(value + low), float(value + high))

    def exponent(kept: np.ndarray) -> Estimate:
        # To first order in the noise: a draw from a long tail could have no logarithm.
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
    practical = PRACTICAL_SHARE * losses.prior_loss
    slope = exponent(every)
    # To first order here too.
    skills = tuple(
        estimate(
            1 - mean / losses.prior_loss, (mean / losses.prior_loss * of_prior - of_scale) / losses.prior_loss
        )
        for mean, of_scale in zip(means, noise.T, strict=True)
    )
    leans = slope.sign != 0 and len(means) > FEWEST_SCALES
    return Findings(
        parameters=tuple(parameters.tolist()),
        losses=tuple(means.tolist()),
        seeds=tuple(len(of_scale) for of_scale in checked.seed_losses),
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
    # Of `ScaleLosses`, by ascending parameters and as arrays of float64.
    parameters: np.ndarray
    seed_losses: list[np.ndarray]
    resampled: np.ndarray
    resampled_prior: np.ndarray


def _detectable(change: Estimate, practical: float, significance: float) -> float:
    half_width = (change.high - change.low) / 2
    error = half_width / NormalDist().inv_cdf(1 - significance / 2)
    # A change has to exclude 0 and to reach the practical minimum.
    return detectable_difference(error, significance=significance) + max(practical - half_width, 0.0)


def _checked(losses: ScaleLosses, significance: float) -> _Checked:
    parameters = np.asarray(losses.parameters, dtype=np.float64)
    seed_losses = [np.asarray(of_scale, dtype=np.float64) for of_scale in losses.seed_losses]
    resampled = np.asarray(losses.resampled, dtype=np.float64)
    prior = np.asarray(losses.resampled_prior, dtype=np.float64)
    scales = len(seed_losses)
    if parameters.shape != (scales,) or scales < 2:
        raise DatasetError(
            f"parameters have shape {parameters.shape}, and there are seeds of {scales} scales; expected one "
            "number for each of at least two scales"
        )
    if resampled.ndim != 2 or resampled.shape[1] != scales or prior.shape != resampled.shape[:1]:
        raise DatasetError(
            f"resampled losses have shape {resampled.shape}, those of the prior {prior.shape}; expected "
            f"resamples x {scales} scales and the same resamples of the prior"
        )
    needed = int(np.ceil(2 * FEWEST_IN_TAIL / significance))
    if len(resampled) < needed:
        raise DatasetError(
            f"{len(resampled)} resamples for intervals of {percent(1 - significance, 2)}; draw at least "
            f"{needed}"
        )
    if any(of_scale.ndim != 1 or of_scale.size == 0 for of_scale in seed_losses):
        raise DatasetError(
            "a scale has no seeds, or not one loss for each; give the mean test loss of each seed"
        )
    everything = [parameters, *seed_losses, resampled, prior, np.array([losses.prior_loss])]
    # Written so that NaN fails it too.
    if not all((part > 0).all() and np.isfinite(part).all() for part in everything):
        raise DatasetError(
            "parameters or losses are not all finite and above 0; leave out refits that diverged, and say so"
        )
    if losses.horizon < 1 or not 1 <= losses.mean_block <= losses.decisions / FEWEST_BLOCKS:
        raise DatasetError(
            f"{losses.decisions} test rows in blocks of {losses.mean_block:g}, labels of {losses.horizon} "
            f"days; expected at least {FEWEST_BLOCKS} blocks of at least 1 row and labels of at least 1 day"
        )
    order = np.argsort(parameters, kind="stable")
    if (np.diff(parameters[order]) == 0).any():
        raise DatasetError(
            f"two scales have the same counted parameters ({parameters.tolist()}); merge their seeds into one"
        )
    means = np.array([of_scale.mean() for of_scale in seed_losses])
    outside = (means < resampled.min(axis=0)) | (means > resampled.max(axis=0))
    if not np.allclose(means[outside], resampled.mean(axis=0)[outside]):
        raise DatasetError(
            f"the mean losses {means.tolist()} lie outside everything resampled from them; resample the mean "
            "over seeds of the same rows, scales in the same order"
        )
    return _Checked(parameters[order], [seed_losses[scale] for scale in order], resampled[:, order], prior)
