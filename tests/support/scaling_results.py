"""Test losses of scales drawn from a known law, with realistic noise between refits and rows."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from simmer.evidence.bootstrap import resamples
from simmer.evidence.scaling import ScaleLosses

SCALES = (2e6, 2e7, 2e8, 2e9)


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Sizes of the noise; a benchmark seeds its generator with the `repr`, so field names stay.

    Attributes:
        decisions: test rows.
        row_sd: of one row's loss, nats.
        correlation: between two models' losses on one row.
        seed_sd: of a scale's mean loss over refits, nats.
        search_sd: of a scale's expected loss between searches of it, nats.
        seeds: number of refits of each scale.
        overlap: days that a label spans: losses of rows fewer days apart are correlated.
        mean_block: of the bootstrap, rows.
        heavy: True if rows have the tails of Student's t with 5 degrees of freedom.
        n_resamples: of the bootstrap.
    """

    decisions: int = 700
    row_sd: float = 0.6
    correlation: float = 0.9
    seed_sd: float = 0.004
    search_sd: float = 0.0
    seeds: int = 5
    overlap: int = 1
    mean_block: float = 9.0
    heavy: bool = False
    n_resamples: int = 1000


def draw(
    law: Callable[[np.ndarray], np.ndarray],
    rng: np.random.Generator,
    *,
    noise: Noise = Noise(),
    scales: tuple[float, ...] = SCALES,
    base_rate: float = 0.65,
) -> ScaleLosses:
    """Return losses whose expectations are `law(parameters)` and `base_rate`."""
    models = len(scales) + 1
    shared = _rows(rng, 1, noise) * np.sqrt(noise.correlation)
    own = _rows(rng, models, noise) * np.sqrt(1 - noise.correlation)
    expected = np.append(law(np.array(scales)), base_rate)
    expected[:-1] += rng.normal(0, noise.search_sd, len(scales))
    between_refits = rng.normal(0, noise.seed_sd, (len(scales), noise.seeds))
    rows = expected + noise.row_sd * (shared + own)
    rows[:, :-1] += between_refits.mean(axis=1)
    refit_losses = rows[:, :-1].mean(axis=0)[:, None] + between_refits - between_refits.mean(axis=1)[:, None]
    resampled = _weights(noise.decisions, noise.mean_block, noise.n_resamples) @ rows
    return ScaleLosses(
        parameters=scales,
        refit_losses=refit_losses.tolist(),
        resampled=resampled[:, :-1],
        base_rate_loss=float(rows[:, -1].mean()),
        resampled_base_rate=resampled[:, -1],
        decisions=noise.decisions,
        mean_block=noise.mean_block,
        horizon=noise.overlap,
    )


def _rows(rng: np.random.Generator, models: int, noise: Noise) -> np.ndarray:
    # Of variance 1; each the mean of `overlap` days' shocks, as losses on overlapping labels are.
    shape = (noise.decisions + noise.overlap - 1, models)
    shocks = rng.standard_t(5, shape) / np.sqrt(5 / 3) if noise.heavy else rng.standard_normal(shape)
    sums = np.cumsum(np.concatenate([np.zeros((1, models)), shocks]), axis=0)
    return (sums[noise.overlap :] - sums[: -noise.overlap]) / np.sqrt(noise.overlap)


@cache
def _weights(decisions: int, mean_block: float, n_resamples: int) -> np.ndarray:
    # How often each row is drawn, over the number of rows. All draws share it, since which rows a bootstrap
    # picks does not depend on their losses.
    drawn = resamples(decisions, mean_block, n_resamples, seed=0)
    return np.array([np.bincount(rows, minlength=decisions) for rows in drawn]) / decisions
