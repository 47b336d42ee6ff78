"""The results of trials and refits: what they hold, and the one place where they are read and written.

A result is one JSON object. Units: losses in nats, times in seconds, probabilities and scores on 0..1.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, Protocol, Self, TypeVar

from simmer.base.errors import LedgerError
from simmer.base.typed_json import as_json, from_json, from_values
from simmer.ledger.address import Address, StudyAddress

Number = int | float
Value = int | float | str
State = Literal["complete", "pruned", "out_of_time", "diverged", "out_of_memory"]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """The scores of an epoch on validation; `None` where the labels leave one undefined."""

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
    """A finished epoch, numbered from 1."""

    epoch: int
    train_log_loss: Number
    validation: Scores


@dataclass(frozen=True, kw_only=True)
class SplitFacts:
    """A split of the data: its rows, dates, and what answering the train base rate scores on it."""

    n: int
    first_date: str
    last_date: str
    purged: int
    positives: int
    base_rate: Number
    prior_log_loss: Number


@dataclass(frozen=True, kw_only=True)
class DatasetFacts:
    """The splits that a training may know."""

    train: SplitFacts
    validation: SplitFacts


@dataclass(frozen=True, kw_only=True)
class MachineFacts:
    """How a run was computed; what results of older code do not hold is `None`.

    Attributes:
        device, precision, threads, memory, activation_checkpointing, compiled: as in `Execution`.
        micro_batch: windows that were trained at once.
        starts: how often it was begun or resumed.
        last_job_s: seconds of the last job.
        peak_memory_bytes: of its process.
        guard: what the guard counted.
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


@dataclass(frozen=True, kw_only=True)
class SplitPredictions:
    """What a refit predicts of a split: P(label = 1) of each decision row."""

    rows: tuple[int, ...]
    probabilities: tuple[Number, ...]


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What every result holds; a field with a default is left out of the JSON where it is `None`.

    Attributes:
        campaign, fingerprint, scale, horizon_days: whose run it is.
        state: how it ended.
        ended, reason: why training ended, and in words where it did not come to its own end.
        validation_log_loss, best_epoch, best: of its best epoch, `None` where it has none.
        curve: its finished epochs.
        train_s, checkpoint_s, checkpoints: `None` where it never came to an outcome, as is
        weights_sha256: of the final weights.
        hyperparameters: by name.
        shape: of the model, by name.
        parameters, budget_parameters: counted, and aimed at.
        dataset: its splits.
        code_digests: of all code that computed it.
        versions: of Python and libraries.
        machine: how it was computed.
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
    shape: Mapping[str, int]
    parameters: int
    budget_parameters: int
    dataset: DatasetFacts
    code_digests: tuple[str, ...]
    versions: Mapping[str, str]
    machine: MachineFacts

    @property
    def study(self) -> StudyAddress:
        """The address of its study."""
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
        """Validation log-loss of always answering the train base rate."""
        return self.dataset.validation.prior_log_loss

    @classmethod
    def from_json(cls, text: str, *, where: object, advice: str) -> Self:
        """Return the result that is written in `text`.

        Raises:
            LedgerError: naming `where`, the key, what was found and expected, and `advice`.
        """
        return from_json(cls, text, where=where, advice=advice)

    @classmethod
    def from_values(cls, values: Mapping[str, Any], *, where: object = "a result") -> Self:
        """Return the result with these plain values; errors as `from_json`."""
        return from_values(cls, values, where=where, advice="compute it again")

    @classmethod
    def read(cls, path: Path, *, advice: str | None = None) -> Self:
        """Return the result in a file: by default one that was published.

        Raises:
            LedgerError: when its content is no such result.
            OSError: when it cannot be read.
        """
        advice = advice or f"delete {path} and run the same command again: it is published again"
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise LedgerError(f"found {path} damaged ({error}); expected JSON; {advice}") from error
        return cls.from_json(text, where=path, advice=advice)

    def as_json(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return as_json(self)

    def shared(self) -> dict[str, Any]:
        """Return the fields that every result has, by name."""
        return {field.name: getattr(self, field.name) for field in fields(RunResult)}


@dataclass(frozen=True, kw_only=True)
class TrialResult(RunResult):
    """The result of a trial.

    Attributes:
        trial: its number, from 0.
        origin: where its hyperparameters come from, see `Suggestion`.
        repeats: the trial that answered this one without any training, `None` as a rule.
        seen_trials: how many earlier results it saw.
    """

    trial: int
    origin: str
    repeats: int | None
    seen_trials: int

    @property
    def number(self) -> int:
        """Its number, from 0."""
        return self.trial

    @property
    def address(self) -> Address:
        """Where it lies."""
        return self.study.trial(self.trial)


@dataclass(frozen=True, kw_only=True)
class RefitResult(RunResult):
    """The result of a refit.

    Attributes:
        refit: its number, from 0.
        seed: of everything random in it.
        winner, winner_validation_log_loss: the trial that was trained again, and its loss.
        predictions: of validation and test at the best epoch, `None` where it has none.
    """

    refit: int
    seed: int
    winner: int
    winner_validation_log_loss: Number
    predictions: Mapping[str, SplitPredictions] | None


class Judged(Protocol):
    """What has a number and perhaps a loss: a trial's result, or a view of it."""

    @property
    def number(self) -> int:
        """Trial number, from 0."""
        ...

    @property
    def loss(self) -> Number | None:
        """Best validation log-loss, `None` where it came to none."""
        ...


One = TypeVar("One", bound=Judged)


def best_trial(trials: Iterable[One]) -> One | None:
    """Return the trial with the lowest loss, the earliest of equal ones; `None` where none has a loss.

    A pruned trial is never the best: another one was better where it was judged.
    """
    known = (trial for trial in trials if trial.loss is not None)
    return min(known, key=lambda trial: (trial.loss, trial.number), default=None)
