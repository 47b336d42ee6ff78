"""Parameters of a run, recorded once before its training, as dataclasses."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from simmer.ledger.results import RaceResult, RefitResult, RunResult, TrialResult, Value


@dataclass(frozen=True, kw_only=True)
class RunParams:
    """Parameters that every run has.

    Attributes:
        hyperparameters: by name.
        execution: how it is computed on this machine, see `Execution`.
    """

    hyperparameters: Mapping[str, Value]
    execution: Mapping[str, Value | bool]

    @classmethod
    def of_result(cls, result: RunResult) -> Self:
        """Return the parameters that a result repeats."""
        names = ("device", "precision", "threads", "memory", "activation_checkpointing", "compiled")
        names += ("kernels", "replicas")
        known = {name: getattr(result.machine, name) for name in names}
        own = {field.name for field in fields(cls)} - {"hyperparameters", "execution"}
        return cls(
            hyperparameters=result.hyperparameters,
            execution={name: value for name, value in known.items() if value is not None},
            **{name: getattr(result, name) for name in own},
        )


@dataclass(frozen=True, kw_only=True)
class TrialParams(RunParams):
    """Parameters of a trial; `origin`, `repeats` and `seen_trials` as in `TrialResult`."""

    origin: str
    repeats: int | None
    seen_trials: int


@dataclass(frozen=True, kw_only=True)
class Transferred:
    """A trial of the smaller scale: its hyperparameters in this study's space, and its name."""

    hyperparameters: Mapping[str, Value]
    origin: str


@dataclass(frozen=True, kw_only=True)
class TransferredTrials:
    """The best trials of the smaller scale, chosen once.

    Attributes:
        best_of_trials: number of trials they were chosen from.
        trials: the best first.
    """

    best_of_trials: int
    trials: tuple[Transferred, ...]


@dataclass(frozen=True, kw_only=True)
class RefitParams(RunParams):
    """Parameters of a refit; `winner` and `seed` as in `RefitResult`."""

    winner: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class RaceParams(RunParams):
    """Parameters of a race run; `of_trial` and `seed` as in `RaceResult`."""

    of_trial: int
    seed: int


PARAMS: dict[type[RunResult], type[RunParams]] = {
    TrialResult: TrialParams,
    RefitResult: RefitParams,
    RaceResult: RaceParams,
    RunResult: RunParams,
}
