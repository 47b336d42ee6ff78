"""One trial, from suggestion to result: resumed if it was begun, republished if it was finished."""

import logging
import resource
import sys
import time
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from typing import Any

import torch

from simmer.features.dataset import Dataset, describe
from simmer.model.patchtst import PatchTST, counted_parameters
from simmer.provenance import code_digest, versions
from simmer.search.halving import falls_behind
from simmer.search.ledger import StudyLedger, TrialLedger
from simmer.search.space import Hyperparameters
from simmer.search.study import trial_name
from simmer.search.suggest import Enqueued, enqueued_trials, suggest
from simmer.search.transfer import transferred
from simmer.search.verdict import finished_trial, seen_curves, verdict_on, without_outcome
from simmer.seeds import derive_seed
from simmer.thermal.guard import GuardProtocol
from simmer.training.checkpoint import CheckpointStore
from simmer.training.execution import require_device
from simmer.training.loop import TrainingRun
from simmer.training.plan import Outcome, Plan
from simmer.training.settings import Execution
from simmer.training.windows import Windows

SEARCH_SPLITS = ("train", "validation")  # the test split is for the report alone
OUT_OF_MEMORY_PHRASES = ("can't allocate memory", "out of memory", "not enough memory")

logger = logging.getLogger(__name__)


class OutOfMemory(Exception):
    """Even one window at a time does not fit."""


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

    @cached_property
    def dataset_facts(self) -> dict[str, Any]:
        """Sizes, dates, base rates and prior log-losses of the splits a search may know."""
        facts = describe(self.dataset)
        return {split: facts[split] for split in SEARCH_SPLITS}

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
        require_device(
            params["execution"]["device"], asked_by=f"{self.ledger.study.name} {trial_name(self.number)}"
        )
        start = time.monotonic()
        try:
            verdict = verdict_on(self._train_within_memory(params, guard))
        except OutOfMemory as error:
            verdict = without_outcome("out_of_memory", str(error))
        self.files.append_event({"event": "finish", "state": verdict["state"], "reason": verdict["reason"]})
        self.files.write_result(self._result(params, verdict, guard, job_s=time.monotonic() - start))

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

    def _train_within_memory(self, params: dict[str, Any], guard: GuardProtocol) -> Outcome:
        while True:
            execution, micro_batch = self._eased(params)
            try:
                return self._training_run(params, execution, micro_batch, guard).run()
            except (MemoryError, RuntimeError) as error:
                if not _is_out_of_memory(error):
                    raise
                if micro_batch == 1 and execution.activation_checkpointing:
                    raise OutOfMemory(f"one window at a time does not fit: {error}") from error
            # Outside the handler, so that the failed step's tensors are free before the next attempt.
            logger.warning("out of memory with a micro-batch of %d; easing it", micro_batch)
            self.files.append_event({"event": "out_of_memory", "micro_batch": micro_batch})

    def _training_run(
        self, params: dict[str, Any], execution: Execution, micro_batch: int, guard: GuardProtocol
    ) -> TrainingRun:
        study, dataset = self.ledger.study, self.dataset
        hyperparameters = Hyperparameters(**params["hyperparameters"])
        train_facts = self.dataset_facts["train"]
        features = torch.from_numpy(dataset.inputs(hyperparameters.input_form))
        windows = {
            split: Windows(
                features=features,
                decision_rows=torch.from_numpy(dataset.decision_rows(split)),
                labels=torch.from_numpy(dataset.labels_of(split)),
                context_days=dataset.context_days,
                device=execution.device,
            )
            for split in SEARCH_SPLITS
        }
        plan = Plan(
            shape=study.shape(hyperparameters),
            train=windows["train"],
            validation=windows["validation"],
            recipe=hyperparameters.recipe(),
            settings=study.training,
            execution=execution,
            epochs_max=study.epochs_max,
            micro_batch=micro_batch,
            seed=derive_seed(study.seed, study.scale, study.horizon_days, self.number, "training"),
            base_rate=train_facts["base_rate"],
            prior_log_loss=train_facts["prior_log_loss"],
        )
        return TrainingRun(
            plan,
            store=CheckpointStore(self.files.folder),
            guard=guard,
            checkpoint_interval_s=self.checkpoint_interval_s,
            on_epoch=lambda record: self._report_epoch(record, len(windows["train"]), guard),
            falls_behind=partial(
                falls_behind,
                seen=seen_curves(self._results(params["seen_trials"])),
                settings=study.search.halving,
                epochs_max=study.epochs_max,
            ),
            time_limit_s=self.time_limit_s,
        )

    def _results(self, count: int) -> list[dict[str, Any]]:
        return self.ledger.results(count, needed_by=trial_name(self.number))

    def _eased(self, params: dict[str, Any]) -> tuple[Execution, int]:
        # Recomputing activations comes first: the numbers stay, and no gradients need to be added up.
        failures = sum(event["event"] == "out_of_memory" for event in self.files.events())
        execution = Execution(**params["execution"])
        if failures and not execution.activation_checkpointing:
            execution, failures = replace(execution, activation_checkpointing=True), failures - 1
        return execution, max(1, params["hyperparameters"]["batch_size"] >> failures)

    def _report_epoch(self, record: dict[str, Any], windows: int, guard: GuardProtocol) -> None:
        study = self.ledger.study
        validation = record["validation"]
        epoch_s = record["train_s"] / record["epoch"]
        self.files.append_event({"event": "epoch", "windows_per_s": windows / epoch_s} | record)
        prior = self.dataset_facts["validation"]["prior_log_loss"]
        logger.info(
            "%s %s | epoch %d/%d | train %.4f | validation %.4f (prior %.4f) | %.0f windows/s | %s | "
            "at most %s to go",
            study.name,
            trial_name(self.number),
            record["epoch"],
            study.epochs_max,
            record["train_log_loss"],
            validation["log_loss"],
            prior,
            windows / epoch_s,
            guard.heat(),
            _clock_time((study.epochs_max - record["epoch"]) * epoch_s),
        )

    def _result(
        self, params: dict[str, Any], verdict: dict[str, Any], guard: GuardProtocol, *, job_s: float
    ) -> dict[str, Any]:
        study = self.ledger.study
        shape = study.shape(Hyperparameters(**params["hyperparameters"]))
        with torch.device("meta"):
            parameters = counted_parameters(PatchTST(shape, dropout=0.0, window_norm=False))
        events = self.files.events()
        execution, micro_batch = self._eased(params)
        return {
            "campaign": self.campaign,
            "fingerprint": self.ledger.fingerprint,
            "scale": study.scale,
            "horizon_days": study.horizon_days,
            "trial": self.number,
            **verdict,
            "origin": params["origin"],
            "repeats": params["repeats"],
            "hyperparameters": params["hyperparameters"],
            "shape": asdict(shape),
            "parameters": parameters,
            "budget_parameters": study.budget_parameters,
            "seen_trials": params["seen_trials"],
            "dataset": self.dataset_facts,
            "code_digests": sorted({event["code_digest"] for event in events if event["event"] == "start"}),
            "versions": versions(),
            "machine": asdict(execution)
            | {
                "micro_batch": micro_batch,
                "starts": sum(event["event"] == "start" for event in events),
                "last_job_s": job_s,
                "peak_memory_bytes": _peak_memory_bytes(),
                "guard": guard.counters(),
            },
        }


def _is_out_of_memory(error: Exception) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(phrase in text for phrase in OUT_OF_MEMORY_PHRASES)


def _peak_memory_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # getrusage(2): kilobytes on Linux


def _clock_time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
