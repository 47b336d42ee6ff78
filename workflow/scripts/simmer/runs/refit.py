"""The winner of a study, trained again from another seed, and what it predicts of validation and test.

The labels of test are not here: the predictions are kept with the refit, and the final evaluation alone puts
labels beside them. Training stops on validation as a trial's does, but nothing ends it early for falling
behind others. What is kept are the predictions of the epoch that is best on validation.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simmer.base.files import read_json, write_json
from simmer.base.provenance import code_digest
from simmer.base.seeds import derive_seed
from simmer.features.dataset import Dataset
from simmer.ledger.ledger import StudyLedger, TrialLedger
from simmer.runs.fitting import Fitting, windows_of
from simmer.search.space import Hyperparameters
from simmer.thermal.guard import GuardProtocol
from simmer.training.settings import Execution
from simmer.training.windows import Windows

PREDICTED_SPLITS = ("validation", "test")


@dataclass(frozen=True, kw_only=True)
class Refit:
    """One refit of the winner, and what it needs to run.

    Attributes:
        campaign: name of the campaign, recorded in the result.
        ledger: the study's ledger.
        winner: the result of the trial that is trained again.
        number: refit number, from 0; the seed follows from it.
        dataset: of the study's horizon, the inputs of test included.
        execution: how it is computed, unless it was begun before: then it keeps what it began with.
        checkpoint_interval_s: seconds between checkpoints, at least.
        time_limit_s: wall-clock time a refit may take, None: any.
    """

    campaign: str
    ledger: StudyLedger
    winner: Mapping[str, Any]
    number: int
    dataset: Dataset
    execution: Execution
    checkpoint_interval_s: float
    time_limit_s: float | None = None

    @property
    def files(self) -> TrialLedger:
        """The refit's own files in the ledger."""
        return self.ledger.refit(self.number, of_trial=self.winner["trial"])

    @property
    def seed(self) -> int:
        """The seed of everything random in this refit."""
        study = self.ledger.study
        return derive_seed(
            study.seed, study.scale, study.horizon_days, self.winner["trial"], "refit", self.number
        )

    def run(self, guard: GuardProtocol) -> None:
        """Train the refit to its result, from its last checkpoint if it was begun before.

        Raises:
            ConfigError: when the device it was begun on is not there.
            Interrupted: heat or a signal; the same call goes on where this one stopped.
        """
        self.ledger.describe()
        params = self.files.params() or self._begin()
        self.files.append_event({"event": "start", "code_digest": code_digest()})
        fitting = Fitting(
            campaign=self.campaign,
            ledger=self.ledger,
            files=self.files,
            dataset=self.dataset,
            hyperparameters=Hyperparameters(**params["hyperparameters"]),
            execution=Execution(**params["execution"]),
            seed=params["seed"],
            checkpoint_interval_s=self.checkpoint_interval_s,
            time_limit_s=self.time_limit_s,
            on_best=self._keep_predictions,
        )
        result = fitting.run(guard)
        predictions = None if result["best"] is None else read_json(self._predictions)
        self.files.write_result(
            result
            | {"winner": self.winner["trial"], "refit": self.number, "seed": params["seed"]}
            | {"winner_validation_log_loss": self.winner["validation_log_loss"]}
            | {"predictions": predictions}
        )

    @property
    def _predictions(self) -> Path:
        return self.files.folder / "predictions.json"

    def _begin(self) -> dict[str, Any]:
        params = {
            "winner": self.winner["trial"],
            "hyperparameters": self.winner["hyperparameters"],
            "seed": self.seed,
            "execution": asdict(self.execution),
        }
        self.files.write_params(params)
        return params

    def _keep_predictions(self, predict: Callable[[Windows], np.ndarray]) -> None:
        params = self.files.params()
        form, device = params["hyperparameters"]["input_form"], params["execution"]["device"]
        write_json(
            self._predictions,
            {
                split: {
                    "rows": self.dataset.decision_rows(split).tolist(),
                    "probabilities": predict(windows_of(self.dataset, split, form, device)).tolist(),
                }
                for split in PREDICTED_SPLITS
            },
        )
