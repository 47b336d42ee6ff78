"""Refits: train the winner of a study from another random seed, and predict validation and test.

A refit has no labels of test: its predictions are stored, and only the final evaluation compares them with
labels. Training stops on validation like a trial's, but is never pruned. The predictions of the best epoch on
validation are stored.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simmer.base.files import read_json, write_json
from simmer.base.seeds import derive_seed
from simmer.config.campaign import DatasetSettings
from simmer.features.dataset import Dataset
from simmer.ledger.ledger import RunFiles, StudyLedger
from simmer.ledger.results import RefitResult, RunResult, SplitPredictions, TrialResult
from simmer.runs.fitting import windows_of
from simmer.search.study import Study
from simmer.training.loop import OnBest, never
from simmer.training.windows import Windows

PREDICTED_SPLITS = ("validation", "test")


@dataclass(frozen=True, kw_only=True)
class Refit:
    """One refit of the winner of a study.

    Attributes:
        number: refit number, from 0; determines the seed.
        winner: the result of the trial that is trained again.
    """

    study: Study
    ledger: StudyLedger
    number: int
    winner: TrialResult

    @property
    def files(self) -> RunFiles:
        """The refit's files in the ledger."""
        return self.ledger.refit(self.number, of_trial=self.winner.number)

    def dataset(self, settings: DatasetSettings, frame: pd.DataFrame) -> Dataset:
        """Return the dataset of the study's horizon, including the inputs (not the labels) of test."""
        return settings.build(frame, self.study.horizon_days, test="inputs")

    def begin(self) -> dict[str, Any]:
        """Return the winner's number and hyperparameters, and the seed of this refit."""
        study, trial = self.study, self.winner.number
        seed = derive_seed(study.seed, study.scale, study.horizon_days, trial, "refit", self.number)
        return {"winner": trial, "hyperparameters": dict(self.winner.hyperparameters), "seed": seed}

    def seed(self, params: dict[str, Any]) -> int:
        """Return the recorded seed."""
        return params["seed"]

    def falls_behind(self, _params: dict[str, Any]) -> Callable[[Sequence[float]], bool]:
        """Return a function that never ends a refit early."""
        return never

    def on_best(self, params: dict[str, Any], dataset: Dataset) -> OnBest:
        """Return a function that stores the predictions of validation and test."""
        form, device = params["hyperparameters"]["input_form"], params["execution"]["device"]

        def keep(predict: Callable[[Windows], np.ndarray]) -> None:
            write_json(
                self._predictions,
                {
                    split: {
                        "rows": dataset.decision_rows(split).tolist(),
                        "probabilities": predict(windows_of(dataset, split, form, device)).tolist(),
                    }
                    for split in PREDICTED_SPLITS
                },
            )

        return keep

    def known_result(self, _params: dict[str, Any]) -> None:
        """Return None: every refit is trained."""

    def result(self, shared: RunResult, params: dict[str, Any]) -> RefitResult:
        """Return the result with number, seed and winner, and the predictions if there is a best epoch."""
        kept = {} if shared.best is None else read_json(self._predictions)
        predictions = {
            split: SplitPredictions(rows=tuple(one["rows"]), probabilities=tuple(one["probabilities"]))
            for split, one in kept.items()
        }
        return RefitResult(
            **shared.shared(),
            refit=self.number,
            seed=params["seed"],
            winner=self.winner.number,
            winner_validation_log_loss=self.winner.loss,
            predictions=predictions or None,
        )

    @property
    def _predictions(self) -> Path:
        return self.files.folder / "predictions.json"
