"""The settings that a baseline tries on validation: a few sensible ones, then draws from a wide space.

Draws come from the seed alone, so more tries keep the earlier ones.
"""

import itertools
from collections.abc import Callable, Mapping

import numpy as np

from simmer.base.seeds import derive_seed

Settings = Mapping[str, int | float | list[int]]

# From a penalty that leaves hardly more than the base rate to one without effect.
INVERSE_PENALTIES = (1e-5, 1e2)

FIRST_TREES = tuple(
    {
        "learning_rate": rate,
        "max_depth": depth,
        "min_samples_leaf": 20,
        # Summaries of one channel are correlated; sampling columns at each split makes the trees differ.
        "max_features": 0.3,
        "l2_regularization": 0.0,
    }
    for depth, rate in itertools.product((2, 3, 5), (0.03, 0.1))
)
FIRST_NETWORKS = tuple(
    {"hidden": hidden, "alpha": penalty, "learning_rate": 1e-3, "batch_size": 200}
    for hidden, penalty in itertools.product(([16], [32, 16]), (30.0, 10.0, 1.0))
)


def nothing(_tries: int, _seed: int) -> list[Settings]:
    """Return one set of no settings."""
    return [{}]


def penalties(tries: int, _seed: int) -> list[Settings]:
    """Return inverse penalties, evenly spaced in the logarithm, from the strongest penalty to the weakest."""
    low, high = INVERSE_PENALTIES
    return [{"C": low * (high / low) ** ((step + 0.5) / tries)} for step in range(tries)]


def trees(tries: int, seed: int) -> list[Settings]:
    """Return settings of gradient-boosted trees."""
    return _first_then_drawn(FIRST_TREES, _drawn_trees, tries, seed)


def networks(tries: int, seed: int) -> list[Settings]:
    """Return settings of perceptrons."""
    return _first_then_drawn(FIRST_NETWORKS, _drawn_network, tries, seed)


def _first_then_drawn(
    first: tuple[Settings, ...], draw: Callable[[np.random.Generator], Settings], tries: int, seed: int
) -> list[Settings]:
    rng = np.random.default_rng(derive_seed("baseline settings", seed))
    return [*first[:tries], *(draw(rng) for _ in range(tries - len(first)))]


def _drawn_trees(rng: np.random.Generator) -> Settings:
    return {
        "learning_rate": _log_uniform(rng, 0.01, 0.3),
        "max_depth": int(rng.integers(1, 7)),
        "min_samples_leaf": round(_log_uniform(rng, 5, 200)),
        "max_features": float(rng.uniform(0.1, 1.0)),
        "l2_regularization": _log_uniform(rng, 1e-3, 1e2),
    }


def _drawn_network(rng: np.random.Generator) -> Settings:
    layers = int(rng.integers(1, 3))
    return {
        "hidden": [round(_log_uniform(rng, 8, 128)) for _ in range(layers)],
        "alpha": _log_uniform(rng, 0.1, 100.0),
        "learning_rate": _log_uniform(rng, 3e-4, 1e-2),
        "batch_size": round(_log_uniform(rng, 64, 512)),
    }


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
