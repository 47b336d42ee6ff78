"""Bars with a known signal: what a model could know at best is computed, not estimated.

Each day closes above or below its open, by the toss of a coin. After a day that closed above it, tomorrow's
prices reach the threshold with probability `CHANCE_AFTER[1]`, else with `CHANCE_AFTER[0]`; nothing else in
the past says anything about tomorrow. So the label of a horizon of one day has a chance that is known for
each row, and only the decision row itself shows which of the two it is: windows or labels that are one day
off leave nothing to learn.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from simmer.data.tables import DATE_DTYPE

CHANCE_AFTER = (0.02, 0.48)  # of reaching the threshold, after a close below and above the open
SMALLEST_UNIT = 0.005  # of a move, where the threshold is smaller
FIRST_PRICE = 1000.0


@dataclass(frozen=True)
class PlantedBars:
    """Bars of a made-up market, and for each row the chance that the label of one day is 1, [rows]."""

    bars: pd.DataFrame
    chance: np.ndarray


def planted_bars(days: np.ndarray, *, threshold: float, seed: int) -> PlantedBars:
    """Return a bar for each day, in the dtypes of real ones.

    A day that reaches the threshold opens above it and stays there, so that labels of either basis, high or
    close, are the same; on other days the open gaps down by what keeps the price from drifting. The day's
    body and wicks are too small to reach the threshold from there, or to fall back below it.

    Args:
        days: [rows] datetime64, ascending.
        threshold: of the label, a fraction of the close.
        seed: of everything drawn.
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
