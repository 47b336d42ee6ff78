"""The results that a report is written from, and the format of its numbers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from simmer.base import words
from simmer.evidence.results import Evidence
from simmer.evidence.scaling_verdict import Estimate
from simmer.ledger.race import Race
from simmer.ledger.results import RefitResult, TrialResult

Values = Mapping[str, Any]
One = TypeVar("One", TrialResult, RefitResult, Race)


@dataclass(frozen=True, kw_only=True)
class Material:
    """The results of a campaign as published in `results/`.

    Attributes:
        evidence: of all horizons.
        trials, refits, races: of all studies; no races where the search holds none.
        data_validation: problems found in the raw data.
        dataset: threshold, basis and splits.
        preflights: check table of each scale.
        audit: check table of the leakage audit.
        figures: SVG by the name of the figure without its suffix.
        captions: text by kind of figure.
        provenance: versions, digests, fingerprints and seeds by name.
    """

    evidence: Evidence
    trials: Sequence[TrialResult]
    refits: Sequence[RefitResult]
    races: Sequence[Race]
    data_validation: Values
    dataset: Values
    preflights: Mapping[str, Values]
    audit: Values
    figures: Mapping[str, str]
    captions: Mapping[str, str]
    provenance: Mapping[str, str]

    @property
    def horizons(self) -> list[int]:
        """Days of all horizons, ascending."""
        return [one.days for one in self.evidence.horizons]

    @property
    def scales(self) -> list[str]:
        """All scales, in the order of the trials."""
        return list(dict.fromkeys(trial.scale for trial in self.trials))

    def winner_of(self, scale: str, horizon: int) -> int | None:
        """Return the number of the trial that a study's refits repeat; None without refits."""
        return next((one.winner for one in _of_study(self.refits, scale, horizon)), None)

    def race_of(self, scale: str, horizon: int) -> Race | None:
        """Return the race of one study; None without one."""
        return next(_of_study(self.races, scale, horizon), None)

    def trials_of(self, scale: str, horizon: int) -> list[TrialResult]:
        """Return the trials of one study."""
        return [*_of_study(self.trials, scale, horizon)]


def _of_study(results: Iterable[One], scale: str, horizon: int) -> Iterator[One]:
    return (one for one in results if (one.scale, one.horizon_days) == (scale, horizon))


def days(horizon: int) -> str:
    """Return a horizon in words."""
    return f"{words.count(horizon, 'day')} ahead"


def number(value: float | None, digits: int = 4) -> str:
    """Return a number as text, or a dash for None."""
    return "–" if value is None else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """Return a share in percent, or a dash for None."""
    return "–" if value is None else words.percent(value)


def interval(estimate: Estimate | None, digits: int = 4) -> str:
    """Return a value with its interval, or a dash for None."""
    if estimate is None:
        return "–"
    return f"{estimate.value:.{digits}f} ({estimate.low:.{digits}f} to {estimate.high:.{digits}f})"
