"""Trials: train suggested hyperparameters, and end early if successive halving says so."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import pandas as pd

from simmer.base.logs import PROGRESS
from simmer.base.seeds import derive_seed
from simmer.config.dataset import DatasetSettings
from simmer.features.dataset import Dataset
from simmer.ledger.address import trial_name
from simmer.ledger.ledger import StudyLedger
from simmer.ledger.params import Transferred, TransferredTrials, TrialParams
from simmer.ledger.results import RunResult, TrialResult, Value
from simmer.ledger.run_files import RunFiles
from simmer.runs.outcome import finished_trial, seen_curves
from simmer.search.halving import falls_behind
from simmer.search.space import Hyperparameters
from simmer.search.study import Study
from simmer.search.suggest import Enqueued, enqueued_trials, suggest
from simmer.search.transfer import transferred

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A trial of a study; `number` counts from 0."""

    study: Study
    ledger: StudyLedger
    number: int

    @property
    def files(self) -> RunFiles:
        """The trial's files in the ledger."""
        return self.ledger.trial(self.number)

    def dataset(self, settings: DatasetSettings, frames: Sequence[pd.DataFrame]) -> Dataset:
        """Return the dataset of the study's horizon, without test."""
        own, *pooled = frames
        return settings.build(own, self.study.horizon_days, pooled=pooled)

    def begin(self, execution: Mapping[str, Value | bool]) -> TrialParams:
        """Return the suggested hyperparameters, their origin, and the number of trials seen.

        Raises:
            LedgerError: if a trial that it must see has no result.
        """
        study = self.study
        results = self._results(study.search.seen_by(self.number))
        suggestion = suggest(
            space=study.space,
            enqueued=enqueued_trials(study.space, study.default, self._transferred()),
            settings=study.search,
            history=[finished_trial(result) for result in results],
            seed_parts=(study.seed, study.scale, study.horizon_days),
            trial=self.number,
        )
        return TrialParams(**asdict(suggestion), execution=execution, seen_trials=len(results))

    def seed(self, _params: TrialParams) -> int:
        """Return the seed of the trial's training."""
        return derive_seed(
            self.study.seed, self.study.scale, self.study.horizon_days, self.number, "training"
        )

    def falls_behind(self, params: TrialParams) -> Callable[[Sequence[float]], bool]:
        """Return the rule of successive halving, given the trials seen when this one began."""
        return partial(
            falls_behind,
            seen=seen_curves(self._results(params.seen_trials)),
            settings=self.study.search.halving,
            epochs_max=self.study.epochs_max,
        )

    def on_best(self, _params: TrialParams, _dataset: Dataset) -> None:
        """Return None: a trial stores no predictions."""

    def known_result(self, params: TrialParams) -> TrialResult | None:
        """Return the result of the trial that this one repeats, or None."""
        if params.repeats is None:
            return None
        logger.log(
            PROGRESS,
            "%s %s repeats %s: its result is taken from the ledger",
            *(self.study.name, self.files.name, trial_name(params.repeats)),
        )
        return self._results(params.seen_trials)[params.repeats]

    def result(self, shared: RunResult, params: TrialParams) -> TrialResult:
        """Return the result with the trial's number and the origin of its hyperparameters."""
        return TrialResult(
            **shared.shared(),
            trial=self.number,
            origin=params.origin,
            repeats=params.repeats,
            seen_trials=params.seen_trials,
        )

    def _transferred(self) -> list[Enqueued]:
        study, smaller = self.study, self.study.smaller
        if smaller is None:
            return []
        kept = self.ledger.transferred()
        if kept is None:
            results = self.ledger.smaller.results(smaller.n_trials, needed_by=study.name)
            found = transferred(results, smaller=smaller, larger=study)
            if len(found) < study.search.transfer:
                logger.warning(
                    "found %d trials of %s to transfer to %s, expected %d (search.transfer)",
                    len(found),
                    smaller.name,
                    study.name,
                    study.search.transfer,
                )
            kept = TransferredTrials(
                best_of_trials=len(results), trials=tuple(Transferred(**asdict(trial)) for trial in found)
            )
            self.ledger.write_transferred(kept)
        return [
            Enqueued(hyperparameters=Hyperparameters(**trial.hyperparameters), origin=trial.origin)
            for trial in kept.trials
        ]

    def _results(self, count: int) -> list[TrialResult]:
        return self.ledger.results(count, needed_by=trial_name(self.number))
