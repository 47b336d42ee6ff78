"""Learning curves that were once trained, to be searched again and again in seconds."""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from setting import ROOT
from simmer.search.space import Choice, Dimension, Hyperparameters, Space, Value

FILE = ROOT / "benchmarks/recorded_curves.jsonl"


@dataclass(frozen=True)
class Curve:
    """One trained trial: what it used, and the validation log-loss of each of its epochs."""

    scale: str
    hyperparameters: Hyperparameters
    losses: tuple[float, ...]

    def best(self, epochs: int | None = None) -> float:
        """Return the lowest loss of the first `epochs` epochs, of all by default."""
        return min(self.losses[:epochs])


class Replay:
    """One study's view of the recorded trials: each suggestion is answered with the nearest one not yet used.

    Near is measured in the search space: ranges on their own scale from 0 to 1, numbers to choose from by
    their rank, names by whether they are the same.
    """

    def __init__(self, space: Space, curves: Iterable[Curve]) -> None:
        self._dimensions = space.dimensions
        self._curves = list(curves)
        self._places = np.array([self._place(curve.hyperparameters) for curve in self._curves])
        self._unused = np.ones(len(self._curves), dtype=bool)

    def __len__(self) -> int:
        return len(self._curves)

    def train(self, hyperparameters: Hyperparameters) -> Curve:
        """Return the nearest recorded trial; it will not be returned again."""
        distances = np.square(self._places - self._place(hyperparameters)).sum(axis=1)
        nearest = int(np.argmin(np.where(self._unused, distances, np.inf)))
        self._unused[nearest] = False
        return self._curves[nearest]

    def _place(self, hyperparameters: Hyperparameters) -> np.ndarray:
        values = asdict(hyperparameters)
        places = [_place(dimension, values[key]) for key, dimension in self._dimensions.items()]
        return np.concatenate(places)


def read_curves() -> list[Curve]:
    """Return all recorded trials."""
    records = map(json.loads, FILE.read_text().splitlines())
    return [
        Curve(record["scale"], Hyperparameters(**record["hyperparameters"]), tuple(record["losses"]))
        for record in records
    ]


def record(folders: Iterable[Path]) -> None:
    """Write the curves of all completed trials below `results/hpo` of campaign folders to the file."""
    lines = []
    for folder in folders:
        for path in sorted(folder.glob("results/hpo/*/h1/trial_*.json")):
            result = json.loads(path.read_text())
            if result["state"] == "complete":
                losses = [round(epoch["validation"]["log_loss"], 6) for epoch in result["curve"]]
                line = {key: result[key] for key in ("scale", "hyperparameters")} | {"losses": losses}
                lines.append(json.dumps(line) + "\n")
    FILE.write_text("".join(lines))


def _place(dimension: Dimension, value: Value) -> list[float]:
    if isinstance(dimension, Choice):
        if isinstance(value, str):
            return [math.sqrt(0.5) * (value == known) for known in dimension.values]
        ranks = max(1, len(dimension.values) - 1)
        return [dimension.values.index(value) / ranks]
    scale = math.log if dimension.log else float
    low, high = scale(dimension.low), scale(dimension.high)
    return [(scale(value) - low) / (high - low)]
