"""One searched study, as its figures see it: read from the published results of its trials."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from simmer.search.settings import Sampler
from simmer.search.space import Dimension, Value
from simmer.search.study import Study, horizon_name

State = Literal["complete", "pruned", "out_of_time", "diverged", "out_of_memory"]
Origin = Literal["default", "depth extreme", "transferred", "startup", "sampler"]


@dataclass(frozen=True, kw_only=True)
class SearchedTrial:
    """One trial.

    Attributes:
        number: its number, from 0.
        state: how it ended.
        origin: where its hyperparameters came from.
        repeats: number of the trial whose result it repeats without training, None as a rule.
        loss: best validation log-loss in nats, None where it came to none.
        best_epoch: epoch of that loss, from 1.
        epochs: finished epochs that stand in its result; those of the repeated trial where it repeats one.
        values: its hyperparameters.
    """

    number: int
    state: State
    origin: Origin
    repeats: int | None
    loss: float | None
    best_epoch: int | None
    epochs: int
    values: Mapping[str, Value]

    @property
    def epochs_trained(self) -> int:
        """Finished epochs it was trained for."""
        return self.epochs if self.repeats is None else 0


@dataclass(frozen=True, kw_only=True)
class SearchedStudy:
    """All trials of one scale at one horizon, and what they were to be held against.

    Attributes:
        name: scale and horizon, as titles have them.
        trials: in the order of their numbers.
        prior_log_loss: validation log-loss in nats of always answering with the base rate.
        epochs_max: planned epochs of each trial.
        dimensions: the space, key by key.
    """

    name: str
    trials: tuple[SearchedTrial, ...]
    prior_log_loss: float
    epochs_max: int
    dimensions: Mapping[str, Dimension]

    @property
    def best(self) -> SearchedTrial | None:
        """The trial of the lowest loss, the earliest of several; None where no trial came to a loss."""
        known = (trial for trial in self.trials if trial.loss is not None)
        return min(known, key=lambda trial: trial.loss, default=None)

    @property
    def searched(self) -> dict[str, Dimension]:
        """The dimensions that leave something to choose."""
        return {
            key: dimension
            for key, dimension in self.dimensions.items()
            if dimension.ends[0] != dimension.ends[1]
        }

    @property
    def constant(self) -> tuple[str, ...]:
        """The hyperparameters that had one value, by name."""
        return tuple(sorted(set(self.dimensions) - set(self.searched)))


def searched_study(study: Study, results: Sequence[Mapping[str, Any]]) -> SearchedStudy:
    """Return what the figures need of a study and the published results of its trials, at least one."""
    trials = sorted(map(_trial, results), key=lambda trial: trial.number)
    return SearchedStudy(
        name=f"{study.scale} {horizon_name(study.horizon_days)}",
        trials=tuple(trials),
        prior_log_loss=results[0]["dataset"]["validation"]["prior_log_loss"],
        epochs_max=study.epochs_max,
        dimensions=study.space.dimensions,
    )


def _trial(result: Mapping[str, Any]) -> SearchedTrial:
    return SearchedTrial(
        number=result["trial"],
        state=result["state"],
        origin=_origin(result["origin"]),
        repeats=result["repeats"],
        loss=result["validation_log_loss"],
        best_epoch=result["best_epoch"],
        epochs=len(result["curve"]),
        values=result["hyperparameters"],
    )


def _origin(told: str) -> Origin:
    if told in get_args(Sampler):
        return "sampler"
    # A transferred trial names the trial it comes from.
    return told if told in get_args(Origin) else "transferred"
