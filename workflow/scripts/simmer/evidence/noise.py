"""The noise in a mean test log-loss: between test rows, between refits, and between searches.

Test rows are resampled in blocks. The noise between refits is drawn from Student's t around each model's
mean: resampling a few refits would understate their spread by the factor sqrt((n - 1) / n) and have the tails
of a normal distribution. Variation specific to one refit and one row enters both parts, so intervals are
rather too wide than too narrow (Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1 (2007)
386-411). Refits of different models are taken as independent.

Each scale is searched once, and another search would find another winner. One campaign cannot measure this
variation. Without it, a claim about scale would only be a claim about the winners at hand.
"""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from scipy.special import stdtrit

from simmer.base.seeds import derive_seed

# Standard deviation between winners of repeated searches of a scale, as a share of the base rate's log-loss.
# MEASURED at 2M, one day ahead: the refits of two searches' winners reached 0.4092 and 0.4044 on validation.
SEARCH_SHARE = 0.008


def row_widening(decisions: int, mean_block: float, horizon: int, significance: float) -> float:
    """Return the factor, at least 1, that widens deviations of resampled means for correct coverage.

    The stationary bootstrap weights the correlation at lag k by (1 - 1/mean_block)^k (Politis and Romano,
    Journal of the American Statistical Association 89 (1994) 1303-1313, lemma 1). The factor corrects three
    consequences. First, labels of h days share 1 - k/h of their days with those k days away, and the weights
    cut a part of that correlation. Second, the weights sum to two blocks, so the variance of a mean is too
    small by the share of two blocks. Third, a variance with these weights has about one degree of freedom per
    block: a lag-window estimate has n divided by the sum of its squared weights at frequency 0 (Priestley,
    "Spectral Analysis and Time Series" (1981) chapter 6; simulated: 80 for 78 blocks of independent rows).

    Args:
        decisions: test rows.
        mean_block: rows.
        horizon: days.
        significance: two-sided, of the interval.
    """
    lags = np.arange(1, horizon)
    shared = 1 - lags / horizon
    cut_off = (1 + 2 * shared.sum()) / (1 + 2 * (shared * (1 - 1 / mean_block) ** lags).sum())
    blocks, tail = decisions / mean_block, 1 - significance / 2
    long_tails = stdtrit(blocks, tail) / NormalDist().inv_cdf(tail)
    return float(np.sqrt(cut_off * blocks / (blocks - 2)) * long_tails)


def refit_noise(refit_losses: Sequence[np.ndarray], n_draws: int) -> np.ndarray:
    """Draw deviations of each model's mean loss over its refits, [n_draws, models], nats.

    A model with one refit has deviations of 0; the rules give no verdict on it.

    Args:
        refit_losses: for each model the mean test log-loss of each refit.
        n_draws: number of draws.
    """
    rng = np.random.default_rng(derive_seed("scaling", "noise between seeds"))
    noise = np.zeros((n_draws, len(refit_losses)))
    for scale, of_scale in enumerate(refit_losses):
        if (n := len(of_scale)) > 1:
            noise[:, scale] = rng.standard_t(n - 1, n_draws) * of_scale.std(ddof=1) / np.sqrt(n)
    return noise


def search_noise(deviation: float, scales: int, n_draws: int) -> np.ndarray:
    """Draw normal deviations of each scale's mean loss between repeated searches, [n_draws, scales], nats.

    Args:
        deviation: their standard deviation, nats.
        scales: number of scales.
        n_draws: number of draws.
    """
    rng = np.random.default_rng(derive_seed("scaling", "noise between searches"))
    return rng.normal(0.0, deviation, (n_draws, scales))
