"""The race of a study: its best trials are trained again from other seeds, and the best on average wins.

The lowest loss of many trials is partly luck of its seed. The mean over several seeds is a better guess of
what the hyperparameters are worth.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum, inf
from pathlib import Path
from typing import Annotated, Any, Protocol, Self, TypeVar

from pydantic import Field

from simmer.base.errors import LedgerError
from simmer.base.records import read_record
from simmer.base.settings import Whole, settings
from simmer.base.typed_json import as_json, from_values
from simmer.base.words import count
from simmer.ledger.address import Address, StudyAddress, trial_name
from simmer.ledger.results import WHOLE, Judged, Number, best_trial

_ADVICE = "delete it and run the same command again: it is made from the ledger"


@settings
class RaceSettings:
    """Settings of the race."""

    trials: Annotated[Whole, Field(ge=2, description="Number of best trials that take part.")]
    runs: Annotated[
        Whole, Field(ge=1, description="Number of times each of them is trained again, from other seeds.")
    ]


class Racer(Judged, Protocol):
    """A trial's result, or a view of it."""

    @property
    def state(self) -> str | None:
        """How the trial ended."""
        ...

    @property
    def repeats(self) -> int | None:
        """The trial whose result was copied; None if this trial trained."""
        ...


One = TypeVar("One", bound=Racer)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A trial in a race.

    Attributes:
        trial: its number.
        losses: validation log-losses of the trial and of its race runs; None for one without any.
    """

    trial: int
    losses: tuple[Number | None, ...]

    @property
    def expected_loss(self) -> float:
        """Mean of the losses; infinite if a run has none."""
        known = [loss for loss in self.losses if loss is not None]
        return fsum(known) / len(known) if len(known) == len(self.losses) else inf


@dataclass(frozen=True, kw_only=True)
class Race:
    """The outcome of a race.

    Attributes:
        standings: of the trials that took part, in order of their own loss; none if no trial has a loss.
    """

    campaign: str
    fingerprint: str
    scale: str
    horizon_days: int
    standings: tuple[Standing, ...]

    @property
    def winner(self) -> Standing | None:
        """The trial that won; None if no trial has a loss."""
        return winner_among(self.standings)

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        study = StudyAddress(scale=self.scale, horizon_days=self.horizon_days)
        if self.winner is None:
            return f"{study.name}: no race, because no trial has a loss"
        if len(self.standings) == 1:
            return f"{study.name}: {trial_name(self.winner.trial)} wins without a race"
        runs = len(self.winner.losses)
        return (
            f"{study.name}: {trial_name(self.winner.trial)} wins a race of "
            f"{count(len(self.standings), 'trial')}, mean validation log-loss of {count(runs, 'seed')} "
            f"{self.winner.expected_loss:.4f}"
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the published outcome in a file.

        Raises:
            LedgerError: when the file is absent, damaged or must not be read.
        """
        values = read_record(path, advice=_ADVICE)
        if values is None:
            raise LedgerError(f"found no {path}, expected the outcome of a race; {_ADVICE}")
        return from_values(cls, values, where=path, advice=_ADVICE)

    def as_json(self) -> dict[str, Any]:
        """Return the outcome as plain JSON values."""
        return as_json(self)

    @property
    def runs(self) -> list[Address]:
        """The addresses of its runs."""
        study = StudyAddress(scale=self.scale, horizon_days=self.horizon_days)
        return [
            study.race(number, of_trial=standing.trial)
            for standing in self.standings
            for number in range(len(standing.losses) - 1)
        ]


def racers(trials: Iterable[One], race: RaceSettings | None) -> list[One]:
    """Return the trials that take part, the best first; one alone has won and is not trained again.

    Only trials that went to their own end or to the time limit take part, and no repetition of another trial;
    if there is none, the best trial does.

    Args:
        trials: of one study, finished.
        race: None: the best trial wins without a race.
    """
    trials = list(trials)
    best = best_trial(trials)
    if race is None or best is None:
        return [] if best is None else [best]
    whole = [
        trial for trial in trials if trial.loss is not None and trial.state in WHOLE and trial.repeats is None
    ]
    return sorted(whole, key=lambda trial: (trial.loss, trial.number))[: race.trials] or [best]


def race_runs(racing: Sequence[Racer], race: RaceSettings | None) -> list[tuple[int, int]]:
    """Return trial and number of each run of a race."""
    if race is None or len(racing) < 2:
        return []
    return [(trial.number, number) for trial in racing for number in range(race.runs)]


def standings(
    racing: Sequence[Racer],
    losses: Mapping[tuple[int, int], Number | None],
    race: RaceSettings | None,
) -> tuple[Standing, ...] | None:
    """Return the standings of a race; None while the loss of a run is not known.

    Args:
        racing: the trials that take part.
        losses: validation log-loss of finished race runs, by trial and number.
        race: its settings.
    """
    runs = race_runs(racing, race)
    if any(run not in losses for run in runs):
        return None
    return tuple(
        Standing(
            trial=trial.number,
            losses=(trial.loss, *(losses[run] for run in runs if run[0] == trial.number)),
        )
        for trial in racing
    )


def winner_among(standings: Iterable[Standing]) -> Standing | None:
    """Return the standing with the lowest expected loss, of equal ones the first; None without any."""
    return min(standings, key=lambda standing: standing.expected_loss, default=None)
