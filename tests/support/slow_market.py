"""A made-up market for the baselines: slowly changing channels, and prices of slowly changing volatility."""

import numpy as np

from simmer.evidence.baseline_inputs import Inputs, build_inputs

CONTEXT = 20
CHANNELS = 3


def slow_market(rows: int, *, seed: int = 7) -> dict[str, np.ndarray]:
    """Return features [rows, CHANNELS], close, high, low and the daily volatility behind them, [rows]."""
    rng = np.random.default_rng(seed)
    features = _autoregression(rng, rows, CHANNELS)
    volatility = 0.01 * np.exp(0.6 * _autoregression(rng, rows, 1)[:, 0])
    close = 100 * np.exp(np.cumsum(volatility * rng.normal(size=rows)))
    spread = volatility * np.abs(rng.normal(size=(2, rows)))
    return {
        "features": features.astype(np.float32),
        "close": close,
        "high": close * np.exp(spread[0]),
        "low": close * np.exp(-spread[1]),
        "volatility": volatility,
    }


def inputs_of(market: dict[str, np.ndarray], decision_rows: np.ndarray, context: int = CONTEXT) -> Inputs:
    """Return the inputs of decision rows of a market."""
    prices = {name: market[name] for name in ("close", "high", "low")}
    return build_inputs(
        market["features"], **prices, decision_rows=np.asarray(decision_rows), context_days=context
    )


def _autoregression(rng: np.random.Generator, rows: int, channels: int) -> np.ndarray:
    values = rng.normal(size=(rows, channels))
    for row in range(1, rows):
        values[row] = 0.9 * values[row - 1] + np.sqrt(1 - 0.9**2) * values[row]
    return values
