"""Train one configuration of a study within the machine's memory, and build its result."""

import logging
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch

from simmer.base.logs import PROGRESS
from simmer.base.provenance import versions
from simmer.base.typed_json import as_json
from simmer.features.dataset import Dataset, describe
from simmer.features.splits import SEARCH_SPLITS
from simmer.ledger.results import DatasetFacts, MachineFacts, RunResult, SplitFacts
from simmer.ledger.run_files import RunFiles
from simmer.model.patchtst import PatchTST, counted_parameters
from simmer.runs.outcome import outcome_fields, without_outcome
from simmer.search.space import Hyperparameters
from simmer.search.study import Study
from simmer.thermal.guard import GuardProtocol
from simmer.training.checkpoint import CheckpointStore
from simmer.training.execution import require_device
from simmer.training.kernels import kernels_are_loaded
from simmer.training.loop import OnBest, TrainingRun, never
from simmer.training.memory import is_out_of_memory
from simmer.training.plan import Outcome, Plan
from simmer.training.settings import Execution
from simmer.training.windows import Windows

logger = logging.getLogger(__name__)


class OutOfMemory(Exception):
    """Even a micro-batch of one window does not fit into memory."""


@dataclass(frozen=True, kw_only=True)
class Fitting:
    """The training of a run.

    Attributes:
        campaign: name of the campaign, recorded in the result.
        fingerprint: of the study, recorded in the result.
        files: for log and checkpoints.
        dataset: windows, labels and splits of the study's horizon.
        execution: as recorded when the run began.
        seed: of all random numbers.
        checkpoint_interval_s: shortest time between checkpoints, in seconds.
        time_limit_s: wall-clock limit in seconds; None: no limit.
        falls_behind: returns True to end early, given the validation log-losses of all epochs so far.
        on_best: receives the predicting function after each epoch that is the best so far.
    """

    campaign: str
    fingerprint: str
    study: Study
    files: RunFiles
    dataset: Dataset
    hyperparameters: Hyperparameters
    execution: Execution
    seed: int
    checkpoint_interval_s: float
    time_limit_s: float | None = None
    falls_behind: Callable[[Sequence[float]], bool] = never
    on_best: OnBest | None = None

    def run(self, guard: GuardProtocol) -> RunResult:
        """Train, from the last checkpoint if there is one, and return the fields that all results share.

        Raises:
            ConfigError: if the device it was begun on does not exist.
            Interrupted: on heat or a signal; the same call resumes the training.
        """
        require_device(self.execution.device, asked_by=self._name)
        if self.execution.kernels == "simmer" and not kernels_are_loaded():
            logger.warning(
                "%s was begun with simmer's kernels, which cannot be used here: it goes on with torch's "
                "operators, whose last digits differ",
                self._name,
            )
            self.files.append_event({"event": "without_kernels"})
        start = time.monotonic()
        try:
            fields = outcome_fields(self._train_within_memory(guard))
        except OutOfMemory as error:
            fields = without_outcome("out_of_memory", str(error))
        self.files.append_event({"event": "finish", "state": fields["state"], "reason": fields["reason"]})
        return self._result(fields, guard, job_s=time.monotonic() - start)

    @cached_property
    def dataset_facts(self) -> DatasetFacts:
        """Facts about train and validation."""
        facts = describe(self.dataset)
        pooled = {part.ticker: len(part.decision_rows) for part in self.dataset.pooled}
        splits = {split: SplitFacts(**facts[split]) for split in SEARCH_SPLITS}
        return DatasetFacts(**splits, pooled=pooled or None)

    @property
    def _name(self) -> str:
        return f"{self.study.name} {self.files.name}"

    def _train_within_memory(self, guard: GuardProtocol) -> Outcome:
        while True:
            execution, micro_batch = self._within_memory()
            try:
                return self._training_run(guard).run()
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                if micro_batch == 1 and execution.activation_checkpointing:
                    raise OutOfMemory(f"a micro-batch of one window does not fit: {error}") from error
            # Outside the handler, so that the failed step's tensors are freed before the next attempt.
            logger.warning(
                "%s: out of memory with a micro-batch of %d; trying again with less", self._name, micro_batch
            )
            self.files.append_event({"event": "out_of_memory", "micro_batch": micro_batch})

    def plan(self) -> Plan:
        """Return the plan of the training, within the memory that its earlier attempts left."""
        study, train_facts = self.study, self.dataset_facts.train
        execution, micro_batch = self._within_memory()
        windows = {
            split: windows_of(self.dataset, split, self.hyperparameters.input_form, execution.device)
            for split in SEARCH_SPLITS
        }
        return Plan(
            shape=study.shape(self.hyperparameters),
            train=windows["train"],
            validation=windows["validation"],
            recipe=self.hyperparameters,
            settings=study.training,
            execution=execution,
            epochs_max=study.epochs_max,
            micro_batch=micro_batch,
            seed=self.seed,
            base_rate=train_facts.base_rate,
            prior_log_loss=train_facts.prior_log_loss,
        )

    def _training_run(self, guard: GuardProtocol) -> TrainingRun:
        plan = self.plan()
        return TrainingRun(
            plan,
            store=CheckpointStore(self.files.folder),
            guard=guard,
            checkpoint_interval_s=self.checkpoint_interval_s,
            on_epoch=lambda record: self._report_epoch(record, len(plan.train), guard),
            on_best=self.on_best,
            falls_behind=self.falls_behind,
            time_limit_s=self.time_limit_s,
        )

    def _within_memory(self) -> tuple[Execution, int]:
        # Recomputing activations comes first: it changes no numbers and needs no accumulated gradients. Then
        # one replica computes the parts of all, one after the other, with the same masks.
        failures = sum(event["event"] == "out_of_memory" for event in self.files.events())
        execution = self.execution
        if failures and not execution.activation_checkpointing:
            execution, failures = replace(execution, activation_checkpointing=True), failures - 1
        share = -(-self.hyperparameters.batch_size // execution.replicas)
        if failures and execution.replicas > 1:
            execution, failures = replace(execution, replicas=1), failures - 1
        return execution, max(1, share >> failures)

    def _report_epoch(self, record: dict[str, Any], windows: int, guard: GuardProtocol) -> None:
        study = self.study
        validation = record["validation"]
        epoch_s = record["train_s"] / record["epoch"]
        self.files.append_event({"event": "epoch", "windows_per_s": windows / epoch_s} | record)
        prior = self.dataset_facts.validation.prior_log_loss
        logger.log(
            PROGRESS,
            "%s | epoch %d/%d | train %.4f | validation %.4f (base rate %.4f) | %.0f windows/s | %s | "
            "at most %s to go",
            self._name,
            record["epoch"],
            study.epochs_max,
            record["train_log_loss"],
            validation["log_loss"],
            prior,
            windows / epoch_s,
            guard.heat(),
            _clock_time((study.epochs_max - record["epoch"]) * epoch_s),
        )

    def _result(self, fields: dict[str, Any], guard: GuardProtocol, *, job_s: float) -> RunResult:
        study = self.study
        shape = study.shape(self.hyperparameters)
        with torch.device("meta"):
            parameters = counted_parameters(PatchTST(shape, dropout=0.0, window_norm=False))
        events = self.files.events()
        execution, micro_batch = self._within_memory()
        starts = [event for event in events if event["event"] == "start"]
        return RunResult(
            campaign=self.campaign,
            fingerprint=self.fingerprint,
            scale=study.scale,
            horizon_days=study.horizon_days,
            **fields,
            hyperparameters=asdict(self.hyperparameters),
            shape=as_json(shape),
            parameters=parameters,
            budget_parameters=study.budget_parameters,
            dataset=self.dataset_facts,
            code_digests=tuple(sorted({event["code_digest"] for event in starts})),
            versions=versions(),
            machine=MachineFacts(
                **asdict(execution),
                micro_batch=micro_batch,
                starts=len(starts),
                last_job_s=job_s,
                peak_memory_bytes=_peak_memory_bytes(),
                guard=guard.counters(),
            ),
        )


def windows_of(dataset: Dataset, split: str, input_form: str, device: str) -> Windows:
    """Return the windows of a split in an input form, with their labels if the dataset has them.

    Those of train are followed by the windows of the pooled tickers.
    """
    features, decision_rows = [dataset.inputs(input_form)], [dataset.decision_rows(split)]
    labels = [dataset.labels_of(split)] if dataset.has_labels(split) else []
    for part in dataset.pooled if split == "train" else ():
        decision_rows.append(part.decision_rows + sum(map(len, features)))
        features.append(part.inputs(input_form))
        labels.append(part.labels)
    return Windows(
        features=torch.from_numpy(np.concatenate(features)),
        decision_rows=torch.from_numpy(np.concatenate(decision_rows)),
        labels=torch.from_numpy(np.concatenate(labels)) if labels else None,
        context_days=dataset.context_days,
        device=device,
    )


def _peak_memory_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # getrusage(2): kilobytes on Linux


def _clock_time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
