"""Race runs: train one of the best trials again from another random seed, without the test split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from simmer.base.seeds import derive_seed
from simmer.config.dataset import DatasetSettings
from simmer.features.dataset import Dataset
from simmer.ledger.params import RaceParams
from simmer.ledger.results import RaceResult, RunResult, TrialResult, Value
from simmer.ledger.run_files import RunFiles
from simmer.runs.whole_run import WholeRun


@dataclass(frozen=True, kw_only=True)
class RaceRun(WholeRun):
    """One run of a trial in the race of a study, numbered among those of its trial.

    Attributes:
        trial: the result of the trial that is trained again.
    """

    trial: TrialResult

    @property
    def files(self) -> RunFiles:
        """The run's files in the ledger."""
        return self.ledger.race(self.number, of_trial=self.trial.number)

    def dataset(self, settings: DatasetSettings, frames: Sequence[pd.DataFrame]) -> Dataset:
        """Return the dataset of the study's horizon, without test."""
        own, *pooled = frames
        return settings.build(own, self.study.horizon_days, pooled=pooled)

    def begin(self, execution: Mapping[str, Value | bool]) -> RaceParams:
        """Return the trial's number and hyperparameters, and the seed of this run."""
        study, trial = self.study, self.trial.number
        return RaceParams(
            hyperparameters=self.trial.hyperparameters,
            execution=execution,
            of_trial=trial,
            seed=derive_seed(study.seed, study.scale, study.horizon_days, trial, "race", self.number),
        )

    def on_best(self, _params: RaceParams, _dataset: Dataset) -> None:
        """Return None: a race run stores no predictions."""

    def result(self, shared: RunResult, params: RaceParams) -> RaceResult:
        """Return the result with number, seed and trial."""
        return RaceResult(**shared.shared(), race=self.number, seed=params.seed, of_trial=self.trial.number)
