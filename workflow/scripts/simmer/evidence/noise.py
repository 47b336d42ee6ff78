"""The kinds of noise in a mean test log-loss: between test rows, between seeds, and between searches.

The test rows are resampled in blocks. The noise between seeds is drawn from Student's t around each model's
mean: resampling a handful of seeds would give the square root of (n - 1) / n of their spread, and the tails
of a normal distribution. What is peculiar to a seed and a row counts in both, which errs on the wide side
(Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1 (2007) 386-411). Seeds of different models
are taken as independent.

A scale is searched once, and another search of it would have found another winner. How far those winners lie
apart cannot be seen in one campaign; without it, a claim about scale would be one about two winners.
"""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from scipy.special import stdtrit

from simmer.base.seeds import derive_seed

# Standard deviation between the winners of searches of one scale, as a share of the prior's log-loss.
# MEASURED at 2M, one day ahead: the refits of two searches' winners came to 0.4092 and 0.4044 on validation.
SEARCH_SHARE = 0.008


def row_widening(decisions: int, mean_block: float, horizon: int, significance: float) -> float:
    """Return the factor, at least 1, by which deviations of resampled means have to grow for fair intervals.

    The stationary bootstrap weighs the correlation at lag k by (1 - 1/mean_block)^k (Politis and Romano,
    Journal of the American Statistical Association 89 (1994) 1303-1313, lemma 1). Three things follow. Labels
    of h days share the part 1 - k/h with those k days away, and of a correlation of that shape some is cut
    off. The weights sum to two blocks, so the variance of a mean is too small by two blocks' share. And a
    variance with these weights has about one degree of freedom a block, as any lag-window estimate has n over
    the sum of its squared weights at frequency 0 (Priestley, "Spectral Analysis and Time Series" (1981)
    chapter 6; simulated: 80 for 78 blocks of independent rows).

    Args:
        decisions: test rows.
        mean_block: rows.
        horizon: days.
        significance: of the interval, two-sided.
    """
    lags = np.arange(1, horizon)
    shared = 1 - lags / horizon
    cut_off = (1 + 2 * shared.sum()) / (1 + 2 * (shared * (1 - 1 / mean_block) ** lags).sum())
    blocks, tail = decisions / mean_block, 1 - significance / 2
    long_tails = stdtrit(blocks, tail) / NormalDist().inv_cdf(tail)
    return float(np.sqrt(cut_off * blocks / (blocks - 2)) * long_tails)


def seed_noise(seed_losses: Sequence[np.ndarray], n_draws: int) -> np.ndarray:
    """Return deviations of each model's mean loss over its seeds, [n_draws, models], nats.

    A single seed shows no spread and gives zeros; the rules refuse a verdict on it.

    Args:
        seed_losses: for each model the mean test log-loss of each of its seeds.
        n_draws: how many.
    """
    rng = np.random.default_rng(derive_seed("scaling", "noise between seeds"))
    noise = np.zeros((n_draws, len(seed_losses)))
    for scale, of_scale in enumerate(seed_losses):
        if (n := len(of_scale)) > 1:
            noise[:, scale] = rng.standard_t(n - 1, n_draws) * of_scale.std(ddof=1) / np.sqrt(n)
    return noise


def search_noise(deviation: float, scales: int, n_draws: int) -> np.ndarray:
    """Return deviations of each scale's mean loss between searches of it, [n_draws, scales], nats.

    Args:
        deviation: their standard deviation, nats.
        scales: how many.
        n_draws: how many of each.
    """
    rng = np.random.default_rng(derive_seed("scaling", "noise between searches"))
    return rng.normal(0.0, deviation, (n_draws, scales))
