"""What race runs and refits share: a trial is trained again, to its own end, from a recorded seed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simmer.ledger.ledger import StudyLedger
from simmer.ledger.params import RaceParams, RefitParams
from simmer.search.study import Study
from simmer.training.loop import never


@dataclass(frozen=True, kw_only=True)
class WholeRun:
    """A run of a study that repeats a trial.

    Attributes:
        number: from 0; determines the seed.
    """

    study: Study
    ledger: StudyLedger
    number: int

    def seed(self, params: RaceParams | RefitParams) -> int:
        """Return the recorded seed."""
        return params.seed

    def falls_behind(self, _params: RaceParams | RefitParams) -> Callable[[Sequence[float]], bool]:
        """Return a function that never ends the run early."""
        return never

    def known_result(self, _params: RaceParams | RefitParams) -> None:
        """Return None: every run is trained."""
