"""The card of a saved model, `card.json`: everything that a prediction needs beside the weights.

A card may come from anywhere, so all that it says is checked here, or compared with the weights before a
model is built.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Literal, Self

from simmer.base.errors import ModelError
from simmer.base.files import sha256_of_bytes, to_json
from simmer.base.records import parse_record
from simmer.base.text import TICKER_PATTERN, quote
from simmer.base.typed_json import as_json, from_values
from simmer.base.words import percent
from simmer.ledger.results import Number, StoredWeights, Value

CARD, PAGE, PICTURE = "card.json", "README.md", "calibration.svg"
FORMAT = "simmer-model-1"
MAX_CARD_BYTES = 1 << 20
NO_ADVICE = "This is the output of a statistical model, not investment advice."
_MOST_THREADS, _MOST_DAYS = 4096, 250
_ADVICE = "`make report` publishes the model again"
_SCALE, _FINGERPRINT = re.compile("[A-Za-z0-9]+"), re.compile("[0-9a-f]{1,64}")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, kw_only=True)
class ModelInputs:
    """What a window holds: channels in their order, input form, days, and the scaling by the train rows.

    Attributes:
        mean, std: of each channel in the input form.
    """

    columns: tuple[str, ...]
    form: Literal["train_scaled", "window_norm", "price_relative"]
    context_days: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.columns) == len(self.mean) == len(self.std) == len(set(self.columns)):
            raise ValueError(
                f"found {len(self.columns)} columns, {len(self.mean)} means and {len(self.std)} standard "
                "deviations; expected as many of each, and no column twice"
            )
        if not all(map(isfinite, self.mean)) or not all(one > 0 and isfinite(one) for one in self.std):
            raise ValueError(
                "found a scaling that is not finite, or a standard deviation that is not above 0"
            )

    @property
    def sha256(self) -> str:
        """Digest of all of them."""
        return sha256_of_bytes(to_json(as_json(self)).encode())

    def differences(self, other: "ModelInputs") -> list[str]:
        """Return in which respects other inputs differ, each as `what: own, found other`."""
        found = []
        if self.columns != other.columns:
            both = zip(self.columns, other.columns, strict=False)
            first = next((pair for pair in both if pair[0] != pair[1]), None)
            own, others = (f"{len(each)} columns" for each in (self.columns, other.columns))
            own, others = (own, others) if first is None else map(quote, first)
            found.append(f"columns and their order: expected {own}, found {others}")
        for name in ("form", "context_days"):
            own, others = getattr(self, name), getattr(other, name)
            found += [f"{name}: expected {own}, found {others}"] if own != others else []
        if not found:
            found += [
                f"scaling of {column}: expected mean {own[0]!r} and standard deviation {own[1]!r}, found "
                f"{others[0]!r} and {others[1]!r}"
                for column, own, others in zip(self.columns, self._scaling, other._scaling, strict=True)
                if own != others
            ][:1]
        return found

    @property
    def _scaling(self) -> list[tuple[float, float]]:
        return list(zip(self.mean, self.std, strict=True))


@dataclass(frozen=True, kw_only=True)
class CardBars:
    """The bars that the features were computed from; the first source is the ticker's own file."""

    ticker: str
    kind: Literal["etf", "stock", "index", "no_volume_index", "crypto", "currency"]
    adjustment: str
    calendar: str
    sources: tuple[Mapping[str, str], ...]

    def __post_init__(self) -> None:
        if not re.fullmatch(TICKER_PATTERN, self.ticker):  # a part of file names
            raise ValueError(f"found the ticker {quote(self.ticker)}")


@dataclass(frozen=True, kw_only=True)
class CardLabel:
    """What a probability is of: the price of `basis` reaches the close plus a fraction within the horizon."""

    threshold: Number
    basis: Literal["high", "close"]
    horizon_days: int

    def __post_init__(self) -> None:
        if not (0 <= self.threshold < 1 and 1 <= self.horizon_days <= _MOST_DAYS):
            raise ValueError(f"found a label of {self.threshold} in {self.horizon_days} days")


@dataclass(frozen=True, kw_only=True)
class CardExecution:
    """How a member was computed; the same values give bit-identical predictions."""

    device: Literal["cpu", "cuda", "mps"]
    precision: Literal["fp32", "bf16"]
    threads: int
    memory: Literal["full", "kahan", "stochastic", "lean"]
    activation_checkpointing: bool
    compiled: bool
    kernels: Literal["torch", "simmer"]

    def __post_init__(self) -> None:
        if not 1 <= self.threads <= _MOST_THREADS:
            raise ValueError(f"found {self.threads} threads; expected 1 to {_MOST_THREADS}")


@dataclass(frozen=True, kw_only=True)
class Member:
    """One refit whose weights are in the folder.

    Attributes:
        file: its name in the folder.
        sha256, bytes: of the file.
        refit, seed: number and random seed of the refit.
        validation_log_loss: of the best epoch.
    """

    file: str
    sha256: str
    bytes: int
    refit: int
    seed: int
    best_epoch: int
    validation_log_loss: Number
    execution: CardExecution

    def __post_init__(self) -> None:
        if not _PLAIN_NAME.fullmatch(self.file):
            raise ValueError(
                f"found the file {quote(self.file)}; expected a plain name in the model's folder"
            )

    @property
    def stored(self) -> StoredWeights:
        """The file's SHA-256 and size."""
        return StoredWeights(sha256=self.sha256, bytes=self.bytes)


@dataclass(frozen=True, kw_only=True)
class CardEstimate:
    """A score on the test split with its 95 % interval."""

    value: Number
    low: Number
    high: Number


@dataclass(frozen=True, kw_only=True)
class CardBin:
    """A bin of test decisions with similar predictions, of the averaged refits."""

    decisions: int
    prediction_min: Number
    prediction_max: Number
    prediction_mean: Number
    rate: Number


@dataclass(frozen=True, kw_only=True)
class CardScores:
    """Scores on the test split: means over all refits, unless they are of the average of the refits.

    Attributes:
        decisions, first_date, last_date: of the test split.
        base_rate_log_loss: of the train base rate as a constant prediction.
        averaged_log_loss, calibration: of the average of the refits, which is what a prediction is.
    """

    decisions: int
    first_date: str
    last_date: str
    refits: int
    base_rate_log_loss: Number
    log_loss: CardEstimate
    averaged_log_loss: Number | None = None
    skill: CardEstimate
    auc: CardEstimate | None = None
    brier: Number
    calibration_error: Number
    calibration_slope: Number | None = None
    calibration: tuple[CardBin, ...]


@dataclass(frozen=True, kw_only=True)
class Card:
    """A saved model.

    Attributes:
        format: of this file.
        shape: all dimensions of the model.
        parameters: counted.
        recipe: hyperparameters of the winner.
        base_rate: share of positive labels in train.
        pooled: number of train windows of each pooled ticker; `None` without pooling.
        inputs_sha256: digest of `inputs`, which is also in each file of weights.
        features_sha256: digest of the feature table.
        members: the refits that are averaged.
        test: `None` if no refit was scored.
        findings: what the report says of the scale at this horizon.
        versions, code_digests: of what trained the members.
    """

    format: str
    campaign: str
    scale: str
    fingerprint: str
    winner: int
    shape: Mapping[str, int | tuple[int, ...]]
    parameters: int
    recipe: Mapping[str, Value]
    inputs: ModelInputs
    inputs_sha256: str
    label: CardLabel
    base_rate: Number
    bars: CardBars
    features_sha256: str
    members: tuple[Member, ...]
    pooled: Mapping[str, int] | None = None
    test: CardScores | None = None
    findings: tuple[str, ...]
    versions: Mapping[str, str]
    code_digests: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.inputs.sha256 != self.inputs_sha256:
            raise ValueError("its inputs do not match their digest inputs_sha256")
        fitting = {"channels": len(self.inputs.columns), "context_days": self.inputs.context_days}
        if any(self.shape.get(name) != value for name, value in fitting.items()):
            raise ValueError(f"its shape does not fit its inputs, which have {fitting}")
        if not _SCALE.fullmatch(self.scale) or not _FINGERPRINT.fullmatch(self.fingerprint):
            raise ValueError(f"found the scale {quote(self.scale)} and the study {quote(self.fingerprint)}")
        if not 0 < self.base_rate < 1:
            raise ValueError(f"found the base rate {self.base_rate}; expected a share between 0 and 1")
        if len({member.file for member in self.members}) < len(self.members):
            raise ValueError("found a file twice among its members")

    @property
    def event(self) -> str:
        """In words, what its probabilities are of."""
        label, when = self.label, "in the next session"
        if label.horizon_days > 1:
            when = f"in one of the next {label.horizon_days} sessions"
        return (
            f"the {label.basis} of {self.bars.ticker} {when} is at least {percent(label.threshold)} above "
            "the close of the newest bar"
        )

    @property
    def name(self) -> str:
        """Scale and horizon, as in messages."""
        return f"{self.scale}/h{self.label.horizon_days}"

    @classmethod
    def parse(cls, content: bytes, *, where: Path) -> Self:
        """Return the card in the content of a file.

        Raises:
            ModelError: when its format is unknown.
            DamagedError: when it is not as it was written, or lacks a key.
        """
        values = parse_record(content, where=where, advice=_ADVICE, digest=True)
        if values.get("format") != FORMAT:
            raise ModelError(
                f"found {where} in the format {quote(values.get('format'))}; expected {FORMAT}: use the "
                f"version of "
                f"simmer that wrote it, or publish the model again ({_ADVICE})"
            )
        return from_values(cls, values, where=where, advice=_ADVICE)
