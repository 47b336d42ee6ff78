"""The noise in a test log-loss: between test rows, between members (refits or fits), and between searches.

Test rows are resampled in blocks. The noise between members is drawn from Student's t around each model's
loss: resampling a few members would understate their spread by the factor sqrt((n - 1) / n) and have the
tails of a normal distribution. For the loss of an average the jackknife gives each member's part. Variation
specific to one member and one row enters both parts, so intervals are rather too wide than too narrow (Owen,
"The pigeonhole bootstrap", Annals of Applied Statistics 1 (2007) 386-411). Members of different models are
taken as independent.

MEASURED on 700 rows, averages of five members of two equally good models, 600 draws: a 95 % interval of the
difference covers 97 to 99 % where predictions are miscalibrated, so that the loss is linear in a member's
deviation, and 99 to 100 % where they are not. Members resampled in each draw would give 88 to 93 % and 98 to
100 %.

Each scale is searched once, and another search would find another winner. One campaign cannot measure this
variation. Without it, a claim about scale would only be a claim about the winners at hand.
"""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from scipy.special import stdtrit

from simmer.base.seeds import derive_seed
from simmer.evidence.metrics import log_loss

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
    """Draw deviations of each model's loss between sets of members, [n_draws, models], nats.

    A model with one member has deviations of 0; the rules give no verdict on a scale with one.

    Args:
        refit_losses: for each model the mean test log-loss of each member, or its part in the loss of their
            average, from `parts_of_average`.
        n_draws: number of draws.
    """
    rng = np.random.default_rng(derive_seed("scaling", "noise between seeds"))
    noise = np.zeros((n_draws, len(refit_losses)))
    for scale, of_scale in enumerate(refit_losses):
        if (n := len(of_scale)) > 1:
            noise[:, scale] = rng.standard_t(n - 1, n_draws) * of_scale.std(ddof=1) / np.sqrt(n)
    return noise


def parts_of_average(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return each member's part in the log-loss of the members' average, [members] nats.

    These are the jackknife's pseudo-values, k L - (k - 1) L_i, with L the loss of the average of all k
    members and L_i that of the average without member i. The standard error of their mean, with Student's t
    of k - 1 degrees of freedom, is that of L (Tukey, "Bias and confidence in not-quite large samples", Annals
    of Mathematical Statistics 29 (1958) 614), and rather too large (Efron and Stein, "The jackknife estimate
    of variance", Annals of Statistics 9 (1981) 586-596). One member has the whole loss.

    Args:
        labels: [n] of 0 and 1.
        probabilities: [members, n] predicted P(label = 1).
    """
    members = len(probabilities)
    whole = log_loss(labels, probabilities.mean(axis=0))
    if members == 1:
        return np.array([whole])
    without = [log_loss(labels, np.delete(probabilities, one, axis=0).mean(axis=0)) for one in range(members)]
    return members * whole - (members - 1) * np.array(without)


def search_noise(deviation: float, scales: int, n_draws: int) -> np.ndarray:
    """Draw normal deviations of each scale's mean loss between repeated searches, [n_draws, scales], nats.

    Args:
        deviation: their standard deviation, nats.
        scales: number of scales.
        n_draws: number of draws.
    """
    rng = np.random.default_rng(derive_seed("scaling", "noise between searches"))
    return rng.normal(0.0, deviation, (n_draws, scales))
