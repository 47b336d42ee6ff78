"""Generate bars with a known signal, so that the best possible scores can be computed.

Each day closes above or below its open at random. After a close above the open, prices of the next day reach
the threshold with probability `CHANCE_AFTER[1]`, otherwise with `CHANCE_AFTER[0]`; nothing else in the past
is informative. The label of the one-day horizon therefore has a known probability in each row, and only the
decision row shows which of the two it is: windows or labels shifted by one day have no signal.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from simmer.data.tables import DATE_DTYPE

CHANCE_AFTER = (0.02, 0.48)  # of reaching the threshold, after a close below and above the open
SMALLEST_UNIT = 0.005  # of a log price move, used for smaller thresholds
FIRST_PRICE = 1000.0


@dataclass(frozen=True)
class PlantedBars:
    """Synthetic bars, and P(label = 1) at a horizon of one day for each row, [rows]."""

    bars: pd.DataFrame
    chance: np.ndarray


def planted_bars(days: np.ndarray, *, threshold: float, seed: int) -> PlantedBars:
    """Return a bar for each day, with the dtypes of real bars.

    A day that reaches the threshold opens above it and stays above, so that the labels of both bases, high
    and close, are equal. On other days the open gaps down by an amount that removes the drift. Bodies and
    wicks are too small to cross the threshold.

    Args:
        days: [rows] datetime64, ascending.
        threshold: of the label, a fraction of the close.
        seed: of all random numbers.
    """
    rng, rows = np.random.default_rng(seed), len(days)
    unit = max(math.log1p(threshold), SMALLEST_UNIT)
    rising = rng.random(rows) < 0.5
    chance = np.where(rising, CHANCE_AFTER[1], CHANCE_AFTER[0])
    reached = np.concatenate([[False], rng.random(rows - 1) < chance[:-1]])
    jump = math.log1p(threshold) + unit
    rate = sum(CHANCE_AFTER) / 2
    gap = np.where(reached, jump, -jump * rate / (1 - rate))
    body = np.where(rising, 1, -1) * rng.uniform(0.10, 0.25, rows) * unit
    close = math.log(FIRST_PRICE) + np.cumsum(gap + body)
    open_ = close - body
    high = np.maximum(open_, close) + rng.uniform(0.01, 0.05, rows) * unit
    low = np.minimum(open_, close) - rng.uniform(0.01, 0.05, rows) * unit
    prices = {"Open": open_, "High": high, "Low": low, "Close": close}
    bars = pd.DataFrame(
        {
            "Date": days.astype(DATE_DTYPE),
            **{name: np.exp(values) for name, values in prices.items()},
            "Volume": rng.integers(1_000_000, 9_000_000, rows),
        }
    )
    return PlantedBars(bars, chance)
