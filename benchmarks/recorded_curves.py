"""Recorded learning curves, on which a search is replayed in seconds.

A suggestion gets the recorded curve of a trial near it. The whole curve is moved up or down by the difference
between the two that a Gaussian process predicts, fitted to the best losses of all recorded trials. So the
shapes and the noise of curves are real, and two suggestions need not share one recorded trial.
"""

import json
import math
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from run_store import Facts
from setting import ROOT
from simmer.base.seeds import derive_seed
from simmer.search.space import Choice, Dimension, Hyperparameters, Space, Value
from simmer.training.loop import out_of_patience
from simmer.training.settings import TrainingSettings

FILE = ROOT / "benchmarks/recorded_curves.jsonl"
NEAR = 8  # nearest recorded trials, one of which gives a suggestion its curve


@dataclass(frozen=True)
class Curve:
    """One trial.

    Attributes:
        losses: validation log-loss of each epoch.
    """

    scale: str
    hyperparameters: Hyperparameters
    losses: tuple[float, ...]

    def best(self, epochs: int | None = None) -> float:
        """Return the lowest loss of the first `epochs` epochs, of all by default."""
        return min(self.losses[:epochs])


class Landscape:
    """The best loss as a function of the hyperparameters: a Gaussian process with a length per dimension.

    Its hyperparameters maximise the marginal likelihood (Rasmussen & Williams 2006, chapter 5).
    """

    def __init__(self, space: Space, curves: Sequence[Curve]) -> None:
        self.curves = list(curves)
        self._dimensions = space.dimensions
        self.places = np.array([self.place(curve.hyperparameters) for curve in self.curves])
        self.losses = np.array([curve.best() for curve in self.curves])
        start = np.concatenate([np.zeros(self.places.shape[1]), [0.0, -0.7]])
        bounds = [(-2.0, 3.0)] * self.places.shape[1] + [(-3.0, 3.0), (-3.0, 1.0)]
        found = minimize(self._cost, start, method="L-BFGS-B", bounds=bounds, options={"maxiter": 60})
        self.lengths = np.exp(found.x[:-2])
        self._signal, self._noise = np.exp(2 * found.x[-2]), np.exp(2 * found.x[-1])

    def place(self, hyperparameters: Hyperparameters) -> np.ndarray:
        """Return the coordinates of hyperparameters: ranges and ranks from 0 to 1, one per name."""
        values = asdict(hyperparameters)
        return np.concatenate([_place(dimension, values[key]) for key, dimension in self._dimensions.items()])

    def expected_of(self, hyperparameters: Hyperparameters) -> float:
        """Return the expected best loss of hyperparameters, without the noise of a single trial."""
        return float(self.expected(self.place(hyperparameters)[None])[0])

    def expected(self, places: np.ndarray) -> np.ndarray:
        """Return the expected best loss at places [n, dimensions]."""
        return self._mean + self._scale * self._kernel(places, self.places) @ self._weights

    def explained(self) -> float:
        """Return the share of the variance of best losses that is predicted, each trial left out in turn."""
        inverse = np.linalg.inv(self._covariance())
        residuals = (inverse @ self._scaled) / np.diag(inverse)
        return float(1 - np.square(residuals).mean() / np.square(self._scaled).mean())

    @cached_property
    def _weights(self) -> np.ndarray:
        return cho_solve(cho_factor(self._covariance()), self._scaled)

    @property
    def _mean(self) -> float:
        return float(self.losses.mean())

    @property
    def _scale(self) -> float:
        return float(self.losses.std())

    @property
    def _scaled(self) -> np.ndarray:
        return (self.losses - self._mean) / self._scale

    def _covariance(self) -> np.ndarray:
        return self._kernel(self.places, self.places) + self._noise * np.eye(len(self.losses))

    def _kernel(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return self._signal * np.exp(-0.5 * _squared_distances(one / self.lengths, other / self.lengths))

    def _cost(self, logs: np.ndarray) -> float:
        lengths, signal, noise = np.exp(logs[:-2]), np.exp(2 * logs[-2]), np.exp(2 * logs[-1])
        scaled = self.places / lengths
        covariance = signal * np.exp(-0.5 * _squared_distances(scaled, scaled)) + noise * np.eye(len(scaled))
        factor = cho_factor(covariance)
        fit = 0.5 * self._scaled @ cho_solve(factor, self._scaled)
        # A weak pull towards lengths of one keeps the lengths of dimensions without any effect finite.
        return float(fit + np.log(np.diag(factor[0])).sum() + 0.5 * np.square(logs[:-2]).sum() / 4)


class Replay:
    """One study on a landscape; each random seed uses the curves of another part of the recorded trials.

    Args:
        share: of the recorded trials that may lend their curve.
        training: ends a curve by its patience; None: no curve ends before its last epoch.
    """

    def __init__(
        self, landscape: Landscape, *, seed: int, share: float, training: TrainingSettings | None = None
    ) -> None:
        self._landscape, self._seed, self._training = landscape, seed, training
        self._epochs: int | None = None
        count = len(landscape.curves)
        self._lenders = np.random.default_rng(seed).permutation(count)[: round(share * count)]

    def train(self, hyperparameters: Hyperparameters, *, run: int = 0) -> Curve:
        """Return the curve of hyperparameters; equal hyperparameters and runs always get the same curve.

        Another run has the curve of another trial near it, as another random seed gives another curve.
        """
        land = self._landscape
        place = land.place(hyperparameters)
        lenders = land.places[self._lenders]
        distances = _squared_distances(place[None] / land.lengths, lenders / land.lengths)[0]
        near = self._lenders[np.argsort(distances)[:NEAR]]
        first = derive_seed(self._seed, *map(str, asdict(hyperparameters).values()))
        lent = int(near[(first + run) % len(near)])
        there, here = land.expected(np.stack([land.places[lent], place]))
        losses = tuple(float(loss + here - there) for loss in land.curves[lent].losses)
        return Curve(land.curves[lent].scale, hyperparameters, losses[: self._last_epoch(losses)])

    def shortened(self, epochs: int) -> "Replay":
        """Return the same study with curves of at most so many epochs."""
        other = copy(self)
        other._epochs = epochs
        return other

    def _last_epoch(self, losses: Sequence[float]) -> int:
        ends = range(1, len(losses)) if self._training is not None else ()
        patient = next((end for end in ends if out_of_patience(losses[:end], self._training)), len(losses))
        return patient if self._epochs is None else min(patient, self._epochs)


def read_curves(losses: str = "losses") -> list[Curve]:
    """Return all recorded trials with the `losses` of averaged weights, or `raw_losses` of the last ones."""
    records = map(json.loads, FILE.read_text().splitlines())
    return [
        Curve(record["scale"], Hyperparameters(**record["hyperparameters"]), tuple(record[losses]))
        for record in records
    ]


def record(results: Iterable[Facts]) -> None:
    """Write the curves of random trials to the file, without those that diverged."""
    lines = (
        {name: result[name] for name in ("scale", "hyperparameters", "losses", "raw_losses")}
        for result in results
        if result["ended"] == "last_epoch"
    )
    FILE.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def _squared_distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.square(one[:, None] - other[None]).sum(axis=2)


def _place(dimension: Dimension, value: Value) -> list[float]:
    if isinstance(dimension, Choice):
        if isinstance(value, str):
            return [math.sqrt(0.5) * (value == known) for known in dimension.values]
        ranks = max(1, len(dimension.values) - 1)
        return [dimension.values.index(value) / ranks]
    scale = math.log if dimension.log else float
    low, high = scale(dimension.low), scale(dimension.high)
    return [(scale(value) - low) / (high - low)]
