"""Refits: train the winner of a study from another random seed, and predict validation and test.

A refit has no labels of test: its predictions are stored, and only the final evaluation compares them with
labels. Training stops on validation like a trial's, but is never pruned. The predictions of the best epoch on
validation are stored, and the weights that made them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import pandas as pd

from simmer.base.seeds import derive_seed
from simmer.config.blocks import EvidenceSettings
from simmer.config.dataset import DatasetSettings
from simmer.features.dataset import Dataset
from simmer.ledger.params import RefitParams
from simmer.ledger.results import (
    RefitResult,
    RunResult,
    SplitPredictions,
    StoredWeights,
    TrialResult,
    Value,
)
from simmer.ledger.run_files import RunFiles
from simmer.runs.fitting import windows_of
from simmer.runs.model_inputs import inputs_of
from simmer.runs.whole_run import WholeRun
from simmer.search.space import Hyperparameters
from simmer.training.loop import BestModel, OnBest
from simmer.training.saved_model import save_weights

PREDICTED_SPLITS = ("validation", "test")
_WEIGHTS = "weights"  # key beside the splits


@dataclass(frozen=True, kw_only=True)
class Refit(WholeRun):
    """One refit of the winner of a study.

    Attributes:
        winner: the result of the trial that is trained again.
        settings: of the evidence.
    """

    winner: TrialResult
    settings: EvidenceSettings

    @property
    def files(self) -> RunFiles:
        """The refit's files in the ledger."""
        return self.ledger.refit(self.number, of_trial=self.winner.number)

    def dataset(self, settings: DatasetSettings, frames: Sequence[pd.DataFrame]) -> Dataset:
        """Return the dataset of the study's horizon, including the inputs (not the labels) of test."""
        own, *pooled = frames
        return settings.build(own, self.study.horizon_days, test="inputs", pooled=pooled)

    def begin(self, execution: Mapping[str, Value | bool]) -> RefitParams:
        """Return the winner's number and hyperparameters, and the seed of this refit."""
        study, trial = self.study, self.winner.number
        return RefitParams(
            hyperparameters=self.winner.hyperparameters,
            execution=execution,
            winner=trial,
            seed=derive_seed(study.seed, study.scale, study.horizon_days, trial, "refit", self.number),
        )

    def on_best(self, params: RefitParams, dataset: Dataset) -> OnBest:
        """Return a function that stores the predictions of validation and test, and the weights.

        The record of the predictions names the file of the weights, which is stored before: whatever is
        interrupted, the two belong together.
        """
        form, device = params.hyperparameters["input_form"], params.execution["device"]
        inputs, weights = inputs_of(dataset, form), self.files.weights
        shape = self.study.shape(Hyperparameters(**params.hyperparameters))

        def keep(best: BestModel) -> None:
            record = {
                split: {
                    "rows": dataset.decision_rows(split).tolist(),
                    "probabilities": best.predict(windows_of(dataset, split, form, device)).tolist(),
                }
                for split in PREDICTED_SPLITS
            }
            tensors, stored = best.weights(), None
            if self.number < self.settings.kept_members(sum(one.nbytes for one in tensors.values())):
                stored = weights.store(
                    partial(save_weights, tensors, shape=shape, inputs_sha256=inputs.sha256)
                )
                record[_WEIGHTS] = asdict(stored)
            self.files.write_predictions(record)
            weights.remove_others(stored)

        return keep

    def result(self, shared: RunResult, params: RefitParams) -> RefitResult:
        """Return the result with number, seed and winner, and the predictions if there is a best epoch."""
        kept = {} if shared.best is None else self.files.predictions()
        weights = kept.pop(_WEIGHTS, None)
        predictions = {
            split: SplitPredictions(rows=tuple(one["rows"]), probabilities=tuple(one["probabilities"]))
            for split, one in kept.items()
        }
        return RefitResult(
            **shared.shared(),
            refit=self.number,
            seed=params.seed,
            winner=self.winner.number,
            winner_validation_log_loss=self.winner.loss,
            predictions=predictions or None,
            kept_weights=None if weights is None else StoredWeights(**weights),
        )
