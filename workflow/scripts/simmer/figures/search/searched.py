"""One searched study, as its figures see it: read from published results, and what it came to in words."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from simmer.base.errors import LedgerError
from simmer.base.words import count, spoken
from simmer.ledger.results import State, TrialResult, best_trial
from simmer.search.settings import Sampler
from simmer.search.space import BEFORE, Dimension, Range, Value, unit_of
from simmer.search.study import Study

Origin = Literal["default", "depth extreme", "transferred", "startup", "sampler"]

STATES: dict[State, str] = {
    "complete": "completed",
    "pruned": "pruned",
    "out_of_time": "out of time",
    "diverged": "diverged",
    "out_of_memory": "out of memory",
}


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
        return best_trial(self.trials)

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


def searched_study(study: Study, results: Sequence[TrialResult]) -> SearchedStudy:
    """Return what the figures need of a study and the published results of its trials, at least one.

    Raises:
        LedgerError: when a trial comes from nowhere known.
    """
    trials = sorted(map(_trial, results), key=lambda trial: trial.number)
    return SearchedStudy(
        name=study.name.replace("/", " "),
        trials=tuple(trials),
        prior_log_loss=results[0].prior_log_loss,
        epochs_max=study.epochs_max,
        dimensions=study.space.dimensions,
    )


def counts(study: SearchedStudy) -> str:
    """Return how many trials ended how."""
    ended = Counter(trial.state for trial in study.trials)
    words = [f"{ended[state]} {word}" for state, word in STATES.items() if ended[state]]
    repeats = sum(trial.repeats is not None for trial in study.trials)
    of_these = f"; {repeats} of these repeated from earlier trials" if repeats else ""
    return f"{count(len(study.trials), 'trial')}: {', '.join(words)}{of_these}."


def best_of(study: SearchedStudy) -> str:
    """Return which trial is the best, and how it compares with always answering with the base rate."""
    base_rate = f"always answering with the base rate has {study.prior_log_loss:.4f}"
    best = study.best
    if best is None:
        return f"No trial came to a validation log-loss; {base_rate}."
    distance = study.prior_log_loss - best.loss
    side = "below" if distance >= 0 else "above"
    return (
        f"Best validation log-loss: {best.loss:.4f} nats, trial {best.number} ({best.origin}), "
        f"{abs(distance):.4f} {side} the base rate; {base_rate}."
    )


def not_searched(study: SearchedStudy) -> str:
    """Return which hyperparameters had one value, empty where none had."""
    constant = {key: study.dimensions[key] for key in study.constant}
    values = (f"{spoken(key)} = {number(dimension.ends[0])}" for key, dimension in constant.items())
    return f"Not searched: {', '.join(values)}." if constant else ""


def unit(key: str, dimension: Dimension) -> str:
    """Return what a hyperparameter is counted in, and whether its range is a logarithmic one."""
    log = ", log axis" if isinstance(dimension, Range) and dimension.log else ""
    return unit_of(key) + log


def number(value: Value) -> str:
    """Return a fraction in three digits, a whole number or a name as it is."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _trial(result: TrialResult) -> SearchedTrial:
    return SearchedTrial(
        number=result.number,
        state=result.state,
        origin=_origin(result.origin),
        repeats=result.repeats,
        loss=result.loss,
        best_epoch=result.best_epoch,
        epochs=len(result.curve),
        values={**BEFORE, **result.hyperparameters},
    )


def _origin(told: str) -> Origin:
    if told in get_args(Sampler):
        return "sampler"
    if told in ("default", "depth extreme", "startup"):
        return told
    # A transferred trial names the scale and the trial it comes from.
    if re.fullmatch(r"\S+ trial_\d{3,}", told):
        return "transferred"
    raise LedgerError(
        f"found a trial of origin {told!r}, expected default, depth extreme, startup, a sampler "
        f"({', '.join(get_args(Sampler))}) or `<scale> trial_NNN`: these results come from another version"
    )
