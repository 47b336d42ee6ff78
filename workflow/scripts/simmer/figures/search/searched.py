"""A searched study, read from published results for its figures, and sentences about it."""

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
        number: from 0.
        origin: source of its hyperparameters.
        repeats: number of the trial whose result it repeats without training, or None.
        loss: best validation log-loss in nats, or None.
        best_epoch: epoch of that loss, from 1.
        epochs: finished epochs in its result; for a repetition, those of the repeated trial.
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
        """Finished epochs of training; 0 for a repetition."""
        return self.epochs if self.repeats is None else 0


@dataclass(frozen=True, kw_only=True)
class SearchedStudy:
    """All trials of one study with its search space.

    Attributes:
        name: scale and horizon, for titles.
        about: a sentence that names campaign, ticker and label.
        trials: in the order of their numbers.
        prior_log_loss: validation log-loss of predicting the base rate, nats.
        epochs_max: planned epochs of each trial.
        dimensions: of the search space by key.
    """

    name: str
    about: str
    trials: tuple[SearchedTrial, ...]
    prior_log_loss: float
    epochs_max: int
    dimensions: Mapping[str, Dimension]

    @property
    def best(self) -> SearchedTrial | None:
        """The trial with the lowest loss, the earliest of equal ones; None if no trial has a loss."""
        return best_trial(self.trials)

    @property
    def searched(self) -> dict[str, Dimension]:
        """The dimensions with more than one value."""
        return {
            key: dimension
            for key, dimension in self.dimensions.items()
            if dimension.ends[0] != dimension.ends[1]
        }

    @property
    def constant(self) -> tuple[str, ...]:
        """The hyperparameters with one value, sorted by name."""
        return tuple(sorted(set(self.dimensions) - set(self.searched)))


def searched_study(study: Study, results: Sequence[TrialResult]) -> SearchedStudy:
    """Build the study for its figures from the published results of its trials, at least one.

    Raises:
        LedgerError: when the origin of a trial is unknown.
    """
    trials = sorted(map(_trial, results), key=lambda trial: trial.number)
    return SearchedStudy(
        name=study.name.replace("/", " "),
        about=study.about.sentence,
        trials=tuple(trials),
        prior_log_loss=results[0].prior_log_loss,
        epochs_max=study.epochs_max,
        dimensions=study.space.dimensions,
    )


def counts(study: SearchedStudy) -> str:
    """Return the number of trials by state."""
    ended = Counter(trial.state for trial in study.trials)
    words = [f"{ended[state]} {word}" for state, word in STATES.items() if ended[state]]
    repeats = sum(trial.repeats is not None for trial in study.trials)
    of_these = f"; {repeats} of these repeated from earlier trials" if repeats else ""
    return f"{count(len(study.trials), 'trial')}: {', '.join(words)}{of_these}."


def best_of(study: SearchedStudy) -> str:
    """Return the best trial and its distance from predicting the base rate."""
    base_rate = f"predicting the base rate has {study.prior_log_loss:.4f}"
    best = study.best
    if best is None:
        return f"No trial reached a validation log-loss; {base_rate}."
    distance = study.prior_log_loss - best.loss
    side = "below" if distance >= 0 else "above"
    return (
        f"Best validation log-loss: {best.loss:.4f} nats, trial {best.number} ({best.origin}), "
        f"{abs(distance):.4f} {side} the base rate; {base_rate}."
    )


def not_searched(study: SearchedStudy) -> str:
    """Return the hyperparameters with one value as a sentence; empty if there are none."""
    constant = {key: study.dimensions[key] for key in study.constant}
    values = (f"{spoken(key)} = {number(dimension.ends[0])}" for key, dimension in constant.items())
    return f"Not searched: {', '.join(values)}." if constant else ""


def unit(key: str, dimension: Dimension) -> str:
    """Return the unit of a hyperparameter, with a note for a logarithmic range."""
    log = ", log axis" if isinstance(dimension, Range) and dimension.log else ""
    return unit_of(key) + log


def number(value: Value) -> str:
    """Return a fraction to three digits, and whole numbers and names unchanged."""
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


def _origin(published: str) -> Origin:
    if published in get_args(Sampler):
        return "sampler"
    if published in ("default", "depth extreme", "startup"):
        return published
    # A transferred trial names its source scale and trial.
    if re.fullmatch(r"\S+ trial_\d{3,}", published):
        return "transferred"
    raise LedgerError(
        f"found a trial of origin {published!r}, expected default, depth extreme, startup, a sampler "
        f"({', '.join(get_args(Sampler))}) or `<scale> trial_NNN`: these results come from another version"
    )
