"""One trial, from suggestion to result: resumed if it was begun, republished if it was finished."""

import logging
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from simmer.base.provenance import code_digest
from simmer.base.seeds import derive_seed
from simmer.features.dataset import Dataset
from simmer.ledger.ledger import StudyLedger, TrialLedger
from simmer.runs.fitting import Fitting
from simmer.runs.outcome import finished_trial, seen_curves
from simmer.search.halving import falls_behind
from simmer.search.space import Hyperparameters
from simmer.search.study import trial_name
from simmer.search.suggest import Enqueued, enqueued_trials, suggest
from simmer.search.transfer import transferred
from simmer.thermal.guard import GuardProtocol
from simmer.training.settings import Execution

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A trial of a study, and what it needs to run.

    Attributes:
        campaign: name of the campaign, recorded in the result.
        ledger: the study's ledger.
        number: trial number, from 0.
        dataset: windows, labels and splits of the study's horizon.
        execution: how it is computed, unless it was begun before: then it keeps what it began with.
        checkpoint_interval_s: seconds between checkpoints, at least.
        time_limit_s: wall-clock time a trial may take, None: any.
    """

    campaign: str
    ledger: StudyLedger
    number: int
    dataset: Dataset
    execution: Execution
    checkpoint_interval_s: float
    time_limit_s: float | None = None

    @property
    def files(self) -> TrialLedger:
        """The trial's own files in the ledger."""
        return self.ledger.trial(self.number)

    def run(self, guard: GuardProtocol) -> None:
        """Train the trial to its result, from its last checkpoint if it was begun before.

        Raises:
            ConfigError: when the device it was begun on is not there.
            Interrupted: heat or a signal; the same call goes on where this one stopped.
        """
        self.ledger.describe()
        params = self.files.params() or self._choose()
        self.files.append_event({"event": "start", "code_digest": code_digest()})
        if params["repeats"] is not None:
            self._answer_from_ledger(params, guard)
            return
        result = self._fitting(params).run(guard)
        chosen = {key: params[key] for key in ("origin", "repeats", "seen_trials")}
        self.files.write_result(result | {"trial": self.number} | chosen)

    def _choose(self) -> dict[str, Any]:
        study = self.ledger.study
        results = self.ledger.results_before(self.number)
        suggestion = suggest(
            space=study.space,
            enqueued=enqueued_trials(study.space, study.default, self._transferred()),
            settings=study.search,
            history=[finished_trial(result) for result in results],
            seed_parts=(study.seed, study.scale, study.horizon_days),
            trial=self.number,
        )
        params = asdict(suggestion) | {
            "execution": asdict(self.execution),
            "seen_trials": len(results),
        }
        self.files.write_params(params)
        return params

    def _transferred(self) -> list[Enqueued]:
        study, smaller = self.ledger.study, self.ledger.smaller()
        if smaller is None:
            return []
        kept = self.ledger.transferred()
        if kept is None:
            results = smaller.results(smaller.study.n_trials, needed_by=study.name)
            handed_over = transferred(results, smaller=smaller.study, larger=study)
            if len(handed_over) < study.search.transfer:
                logger.warning(
                    "%s has %d trials to hand over to %s, %d were asked for",
                    smaller.study.name,
                    len(handed_over),
                    study.name,
                    study.search.transfer,
                )
            kept = {
                "best_of_trials": len(results),
                "trials": [asdict(trial) for trial in handed_over],
            }
            self.ledger.write_transferred(kept)
        return [
            Enqueued(hyperparameters=Hyperparameters(**trial["hyperparameters"]), origin=trial["origin"])
            for trial in kept["trials"]
        ]

    def _answer_from_ledger(self, params: dict[str, Any], guard: GuardProtocol) -> None:
        repeated = self._results(params["seen_trials"])[params["repeats"]]
        logger.info("the same as %s: answered from the ledger", trial_name(params["repeats"]))
        self.files.append_event({"event": "finish", "state": repeated["state"], "reason": repeated["reason"]})
        self.files.write_result(
            repeated
            | {key: params[key] for key in ("origin", "repeats", "seen_trials")}
            | {"campaign": self.campaign, "trial": self.number}
            | {"train_s": 0.0, "checkpoint_s": 0.0, "checkpoints": 0}
            | {"machine": repeated["machine"] | {"starts": 1, "last_job_s": 0.0, "guard": guard.counters()}}
        )

    def _fitting(self, params: dict[str, Any]) -> Fitting:
        study = self.ledger.study
        return Fitting(
            campaign=self.campaign,
            ledger=self.ledger,
            files=self.files,
            dataset=self.dataset,
            hyperparameters=Hyperparameters(**params["hyperparameters"]),
            execution=Execution(**params["execution"]),
            seed=derive_seed(study.seed, study.scale, study.horizon_days, self.number, "training"),
            checkpoint_interval_s=self.checkpoint_interval_s,
            time_limit_s=self.time_limit_s,
            falls_behind=partial(
                falls_behind,
                seen=seen_curves(self._results(params["seen_trials"])),
                settings=study.search.halving,
                epochs_max=study.epochs_max,
            ),
        )

    def _results(self, count: int) -> list[dict[str, Any]]:
        return self.ledger.results(count, needed_by=trial_name(self.number))
