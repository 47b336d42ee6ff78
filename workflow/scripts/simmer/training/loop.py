"""The training loop for all scales and devices; it can stop after any step and resume there.

A resumed run is bit-identical to an uninterrupted one: the order of windows is a function of seed and epoch,
the learning rate a function of the step, and everything else (weights, moments, random state, counters) is in
the checkpoint.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from simmer.base.errors import Interrupted
from simmer.base.logs import PROGRESS
from simmer.base.seeds import derive_seed
from simmer.thermal.guard import GuardProtocol
from simmer.training.checkpoint import CheckpointStore
from simmer.training.evaluation import Diverged, evaluate, predict
from simmer.training.execution import random_states, set_random_states, synchronise
from simmer.training.plan import Ending, Outcome, Plan, Progress
from simmer.training.schedule import window_order
from simmer.training.settings import TrainingSettings
from simmer.training.state import tensors_digest
from simmer.training.steps import LONG_STEP_S, Steps
from simmer.training.windows import Windows

CHECKPOINT_SHARE = 0.01  # of the training time, at most
WRITE_BYTES_PER_S = 2.5e8  # of a checkpoint including its digest, until a write has been measured
DIVERGENCE_CHECK_STEPS = 50  # reading a loss waits for the accelerator's queue, so not every step

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class BestModel:
    """The model after an epoch that is the best so far; valid until the next step.

    Attributes:
        predict: returns P(label = 1) of windows, [windows] float64.
        weights: returns the tensors that predict so, by name.
    """

    predict: Callable[[Windows], np.ndarray]
    weights: Callable[[], dict[str, Tensor]]


OnBest = Callable[[BestModel], None]


def never(_: Sequence[float]) -> bool:
    """Return False: end training early at no epoch."""
    return False


class _TimeIsUp(Exception):
    """The run has reached its time limit."""


class TrainingRun:
    """One run of `plan`, resumed from `store` if there is a checkpoint.

    Args:
        plan: model, data and settings.
        store: the checkpoints.
        guard: called between steps.
        checkpoint_interval_s: shortest time between checkpoints, in seconds.
        on_epoch: receives the record of each epoch.
        on_best: called after each epoch with the lowest validation log-loss so far, before its record is
            stored; if the run is stopped during the call, it is called again.
        falls_behind: returns True to end the run early, given the validation log-losses of all epochs so far.
        time_limit_s: wall-clock limit in seconds, including pauses for heat; None: no limit.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        store: CheckpointStore,
        guard: GuardProtocol,
        checkpoint_interval_s: float,
        on_epoch: Callable[[dict[str, Any]], None],
        on_best: OnBest | None = None,
        falls_behind: Callable[[Sequence[float]], bool] = never,
        time_limit_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.plan, self.store, self.guard = plan, store, guard
        self.checkpoint_interval_s, self.on_epoch, self.clock = checkpoint_interval_s, on_epoch, clock
        self.falls_behind, self.time_limit_s, self.on_best = falls_behind, time_limit_s, on_best
        self.progress = Progress()
        self.steps = Steps(plan, inside_step=guard.inside_step)
        self.state = self.steps.state
        self.loss_sum = torch.zeros((), device=plan.execution.device)
        self._expected_write_s = self.state.nbytes() / WRITE_BYTES_PER_S
        self._last_checkpoint = self._slice_start = clock()
        self._kept_step: int | None = None

    def run(self) -> Outcome:
        """Train to the last epoch, or until patience, halving, the time limit or divergence end it.

        Raises:
            Interrupted: if the guard stops the run; a checkpoint was written.
        """
        torch.manual_seed(derive_seed(self.plan.seed, "dropout"))
        if not self._resume():
            self.state.initialise(self.plan.base_rate)
        progress = self.progress
        ended, reason = self._train()
        self._count_time()
        return Outcome(
            curve=progress.curve,
            best_epoch=progress.best_epoch(),
            ended=ended,
            reason=reason,
            train_s=progress.train_s,
            checkpoint_s=progress.checkpoint_s,
            checkpoints=progress.checkpoints,
            weights_sha256=tensors_digest(self.state.model.state_dict()),
        )

    def _train(self) -> tuple[Ending, str | None]:
        progress = self.progress
        try:
            while True:
                losses = [record["validation"]["log_loss"] for record in progress.curve]
                if progress.epoch >= self.plan.epochs_max:
                    return "last_epoch", None
                if out_of_patience(losses, self.plan.settings):
                    return "patience", None
                if progress.step_in_epoch == 0 and losses and self.falls_behind(losses):
                    return "halving", f"fell behind at epoch {progress.epoch}"
                self._train_epoch()
                self._close_epoch()
        except _TimeIsUp:
            return "time_limit", f"took {self._elapsed_s():.0f} s, limit {self.time_limit_s:.0f} s"
        except Diverged as error:
            return "diverged", str(error)

    def _train_epoch(self) -> None:
        plan, progress = self.plan, self.progress
        order = window_order(len(plan.train), seed=plan.seed, epoch=progress.epoch)
        order = order.to(plan.execution.device)
        self.steps.begin_epoch(progress.epoch)
        for step in range(progress.step_in_epoch, self.steps.per_epoch):
            batch = order[step * plan.recipe.batch_size : (step + 1) * plan.recipe.batch_size]
            start = self.clock()
            self.loss_sum += self.steps.take(batch, progress.epoch * self.steps.per_epoch + step)
            if self.clock() - start >= LONG_STEP_S:
                self.steps.ask_after_layers()
            progress.step_in_epoch = step + 1
            if (step + 1) % DIVERGENCE_CHECK_STEPS == 0:
                self._check_divergence(int(min((step + 1) * plan.recipe.batch_size, len(order))))
            self._between_steps()

    def _close_epoch(self) -> None:
        plan, progress = self.plan, self.progress
        self._check_divergence(len(plan.train))
        # Between two batches of validation a run can stop as it can after the last step of the epoch.
        scores = evaluate(
            self.steps.evaluated(),
            plan.validation,
            team=self.steps.team,
            between_batches=self._between_steps,
        )
        if self.on_best is not None and all(
            scores.log_loss < record["validation"]["log_loss"] for record in progress.curve
        ):
            self.on_best(BestModel(predict=self._predict, weights=self.state.evaluated.state_dict))
        self._count_time()
        progress.epoch += 1
        progress.step_in_epoch = 0
        record = {
            "epoch": progress.epoch,
            "train_log_loss": float(self.loss_sum) / len(plan.train),
            "validation": asdict(scores),
        }
        progress.curve.append(record)
        self.loss_sum.zero_()
        self.on_epoch(record | {"train_s": progress.train_s})

    def _predict(self, windows: Windows) -> np.ndarray:
        """Return P(label = 1) of windows by the weights, or their average, as they are."""
        return predict(
            self.steps.evaluated(), windows, team=self.steps.team, between_batches=self._between_steps
        )

    def _between_steps(self) -> None:
        decision = self.guard.between_steps()
        if decision.stop:
            self._checkpoint()
            raise Interrupted(
                f"stopped after a checkpoint at epoch {self.progress.epoch + 1}, step "
                f"{self.progress.step_in_epoch} of {self.steps.per_epoch}: {decision.reason}. "
                "Run the same command again to resume there."
            )
        if self.time_limit_s is not None and self._elapsed_s() >= self.time_limit_s:
            raise _TimeIsUp
        write_s = self._expected_write_s
        if self.progress.checkpoints:
            write_s = self.progress.checkpoint_s / self.progress.checkpoints
        interval_s = max(self.checkpoint_interval_s, write_s / CHECKPOINT_SHARE)
        if self.clock() - self._last_checkpoint >= interval_s:
            self._checkpoint()

    def _check_divergence(self, windows_seen: int) -> None:
        mean = float(self.loss_sum) / windows_seen
        limit = self.plan.settings.divergence_factor * self.plan.prior_log_loss
        if not mean <= limit:  # also true for NaN
            raise Diverged(f"train log-loss {mean:.4g} in epoch {self.progress.epoch + 1}, limit {limit:.4g}")

    def _elapsed_s(self) -> float:
        return self.progress.train_s + self.progress.checkpoint_s + self.clock() - self._slice_start

    def _count_time(self) -> None:
        now = self.clock()
        self.progress.train_s += now - self._slice_start
        self._slice_start = now

    def _checkpoint(self) -> None:
        step = self.progress.epoch * self.steps.per_epoch + self.progress.step_in_epoch
        if step == self._kept_step:
            # Between two batches of validation this step is already stored; writing it again would risk the
            # only checkpoint.
            self._last_checkpoint = self.clock()
            return
        synchronise(self.plan.execution.device)
        self._count_time()
        start = self.clock()
        progress = self.progress
        values = {"progress": asdict(progress), "guard": self.guard.counters()}
        self.store.save(step, self._tensors(), values)
        self._kept_step = step
        progress.checkpoints += 1
        progress.checkpoint_s += self.clock() - start
        self._last_checkpoint = self._slice_start = self.clock()

    def _resume(self) -> bool:
        tensors = self._tensors()
        with torch.no_grad():
            values = self.store.restore(tensors)
        if values is None:
            return False
        set_random_states({name: tensors[name] for name in random_states(self.plan.execution.device)})
        self.progress = Progress(**values["progress"])
        self._kept_step = self.progress.epoch * self.steps.per_epoch + self.progress.step_in_epoch
        self.guard.restore(values["guard"])
        self._last_checkpoint = self._slice_start = self.clock()
        logger.log(
            PROGRESS,
            "resuming at epoch %d, step %d of %d",
            self.progress.epoch + 1,
            self.progress.step_in_epoch,
            self.steps.per_epoch,
        )
        return True

    def _tensors(self) -> dict[str, Tensor]:
        states = random_states(self.plan.execution.device)
        return self.state.tensors() | states | {"loss_sum": self.loss_sum}


def out_of_patience(losses: Sequence[float], settings: TrainingSettings) -> bool:
    """Return True if a run ends after epochs with these validation losses, because too few improved."""
    best, since = math.inf, 0
    for loss in losses:
        if loss < best - settings.min_improvement:
            best, since = loss, 0
        else:
            since += 1
    return since >= settings.patience_epochs
