"""Results of trials, refits and controls, as dataclasses read from and written to JSON.

Units: losses in nats, times in seconds, probabilities and scores from 0 to 1.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, Protocol, Self, TypeVar

from simmer.base.errors import LedgerError
from simmer.base.records import DIGEST, read_record, with_digest
from simmer.base.typed_json import as_json, from_values
from simmer.ledger.address import Address, StudyAddress

PUBLISH_AGAIN = "run the same command again: it is published again from the ledger"

Number = int | float
Value = int | float | str
State = Literal["complete", "pruned", "out_of_time", "diverged", "out_of_memory"]
WHOLE = ("complete", "out_of_time")  # states of trials whose loss says what their configuration is worth


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Validation scores of an epoch; `None` where a score is undefined for these labels."""

    log_loss: Number
    auc: Number | None
    auc_se: Number | None
    brier: Number
    recall: Number | None
    prediction_min: Number
    prediction_max: Number
    prediction_mean: Number
    prediction_std: Number
    collapsed: bool


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """Losses and scores of a finished epoch; epochs count from 1."""

    epoch: int
    train_log_loss: Number
    validation: Scores


@dataclass(frozen=True, kw_only=True)
class SplitFacts:
    """Rows, dates and base rate of a split; `prior_log_loss` is the log-loss of the train base rate on it."""

    n: int
    first_date: str
    last_date: str
    purged: int
    positives: int
    base_rate: Number
    prior_log_loss: Number


@dataclass(frozen=True, kw_only=True)
class DatasetFacts:
    """Facts of the splits that training uses; `train` is without pooled windows.

    Attributes:
        pooled: number of train windows of each pooled ticker; `None` without pooling.
    """

    train: SplitFacts
    validation: SplitFacts
    pooled: Mapping[str, int] | None = None


@dataclass(frozen=True, kw_only=True)
class MachineFacts:
    """How a run was computed; fields that older results lack are `None`.

    Attributes:
        device, precision, threads, memory, activation_checkpointing, compiled, kernels, replicas: as in
            `Execution`.
        micro_batch: windows per forward pass.
        starts: number of starts, resumes included.
        last_job_s: duration of the last job.
        peak_memory_bytes: of the process.
        guard: counters of the guard.
    """

    device: str
    precision: str
    threads: int
    memory: str
    micro_batch: int
    starts: int
    last_job_s: Number
    peak_memory_bytes: int
    guard: Mapping[str, Value | None]
    activation_checkpointing: bool | None = None
    compiled: bool | None = None
    kernels: str | None = None
    replicas: int | None = None


@dataclass(frozen=True, kw_only=True)
class SplitPredictions:
    """Predictions of a refit on a split: P(label = 1) for each decision row."""

    rows: tuple[int, ...]
    probabilities: tuple[Number, ...]


@dataclass(frozen=True, kw_only=True)
class StoredWeights:
    """The file with the weights of a refit's best epoch: its SHA-256 and its size in bytes."""

    sha256: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """Fields that every result has.

    Attributes:
        state: how the run ended.
        ended, reason: why training ended; `reason` is a sentence for an unusual end, else `None`.
        validation_log_loss, best_epoch, best: of the best epoch; `None` without a finished epoch.
        curve: the finished epochs.
        train_s, checkpoint_s, checkpoints, weights_sha256: `None` if the run failed before training ended.
        parameters, budget_parameters: counted parameters, and the number aimed at.
        code_digests: of all code versions that computed a part of it.
        versions: of Python and libraries.
    """

    campaign: str
    fingerprint: str
    scale: str
    horizon_days: int
    state: State
    ended: str | None
    reason: str | None
    validation_log_loss: Number | None
    best_epoch: int | None
    best: Epoch | None
    curve: tuple[Epoch, ...]
    train_s: Number | None
    checkpoint_s: Number | None
    checkpoints: int | None
    weights_sha256: str | None
    hyperparameters: Mapping[str, Value]
    shape: Mapping[str, int | tuple[int, ...]]
    parameters: int
    budget_parameters: int
    dataset: DatasetFacts
    code_digests: tuple[str, ...]
    versions: Mapping[str, str]
    machine: MachineFacts

    def __post_init__(self) -> None:
        try:
            _ = self.study, getattr(self, "address", None)  # a control has no address of its own
        except LedgerError as error:
            raise ValueError(str(error)) from None
        best = [epoch for epoch in self.curve if epoch.epoch == self.best_epoch]
        loss = None if self.best is None else self.best.validation.log_loss
        if (best, self.validation_log_loss) != ([] if self.best is None else [self.best], loss):
            raise ValueError(
                f"its best epoch {self.best_epoch} with the loss {self.validation_log_loss} is not one of "
                f"its {len(self.curve)} epochs"
            )

    @property
    def study(self) -> StudyAddress:
        """Address of its study."""
        return StudyAddress(scale=self.scale, horizon_days=self.horizon_days)

    @property
    def loss(self) -> Number | None:
        """Best validation log-loss."""
        return self.validation_log_loss

    @property
    def losses(self) -> tuple[Number, ...]:
        """Validation log-loss of each finished epoch."""
        return tuple(epoch.validation.log_loss for epoch in self.curve)

    @property
    def prior_log_loss(self) -> Number:
        """Validation log-loss of the train base rate as a constant prediction."""
        return self.dataset.validation.prior_log_loss

    @classmethod
    def from_values(
        cls, values: Mapping[str, Any], *, where: object = "a result", advice: str = "compute it again"
    ) -> Self:
        """Return the result from plain JSON values; errors as `simmer.base.typed_json.from_values`."""
        return from_values(cls, values, where=where, advice=advice)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the published result in a file.

        Raises:
            LedgerError: when the file is absent, damaged or must not be read.
        """
        values = read_record(path, advice=PUBLISH_AGAIN)
        if values is None:
            raise LedgerError(f"found no {path}, expected a published result; {PUBLISH_AGAIN}")
        return cls.from_values(values, where=path, advice=PUBLISH_AGAIN)

    @property
    def sha256(self) -> str:
        """Digest in the result's record."""
        return with_digest(self.as_json())[DIGEST]

    def as_json(self) -> dict[str, Any]:
        """Return the result as plain JSON values."""
        return as_json(self)

    def shared(self) -> dict[str, Any]:
        """Return the values of the fields that every result has, by name."""
        return {field.name: getattr(self, field.name) for field in fields(RunResult)}


@dataclass(frozen=True, kw_only=True)
class TrialResult(RunResult):
    """Result of a trial.

    Attributes:
        trial: its number, from 0.
        origin: source of its hyperparameters, see `Suggestion`.
        repeats: the trial with the same configuration whose result was copied; `None` if this trial trained.
        seen_trials: number of earlier results that the search used for it.
    """

    trial: int
    origin: str
    repeats: int | None
    seen_trials: int

    @property
    def number(self) -> int:
        """Trial number, from 0."""
        return self.trial

    @property
    def address(self) -> Address:
        """Address of the trial."""
        return self.study.trial(self.trial)


@dataclass(frozen=True, kw_only=True)
class RefitResult(RunResult):
    """Result of a refit.

    Attributes:
        refit: its number, from 0.
        seed: random seed of the training.
        winner, winner_validation_log_loss: number and loss of the trial that was trained again.
        predictions: for validation and test at the best epoch; `None` without a finished epoch.
        kept_weights: the file of the weights that predicted so; `None` if they were not kept.
    """

    refit: int
    seed: int
    winner: int
    winner_validation_log_loss: Number
    predictions: Mapping[str, SplitPredictions] | None
    kept_weights: StoredWeights | None = None

    @property
    def address(self) -> Address:
        """Address of the refit."""
        return self.study.refit(self.refit, of_trial=self.winner)


@dataclass(frozen=True, kw_only=True)
class RaceResult(RunResult):
    """Result of a race run.

    Attributes:
        race: its number among the race runs of its trial, from 0.
        seed: random seed of the training.
        of_trial: number of the trial that was trained again.
    """

    race: int
    seed: int
    of_trial: int

    @property
    def address(self) -> Address:
        """Address of the race run."""
        return self.study.race(self.race, of_trial=self.of_trial)


class Judged(Protocol):
    """A trial's result, or a view of it: a number and perhaps a loss."""

    @property
    def number(self) -> int:
        """Trial number, from 0."""
        ...

    @property
    def loss(self) -> Number | None:
        """Best validation log-loss; `None` without a finished epoch."""
        ...


One = TypeVar("One", bound=Judged)


def best_trial(trials: Iterable[One]) -> One | None:
    """Return the trial with the lowest loss, the first of equal ones; `None` if no trial has a loss.

    A pruned trial is never the best, because a better trial pruned it.
    """
    known = (trial for trial in trials if trial.loss is not None)
    return min(known, key=lambda trial: (trial.loss, trial.number), default=None)
