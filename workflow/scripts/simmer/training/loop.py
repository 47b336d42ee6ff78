"""One training loop for all scales and devices; it can stop after any step and go on from there.

A resumed run repeats the unbroken one bit for bit: the order of windows is a function of seed and
epoch, the learning rate a function of the step, and everything else (weights, moments, random state,
counters) is in the checkpoint.
"""

import hashlib
import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from simmer.errors import Interrupted
from simmer.model.shape import ModelShape
from simmer.seeds import derive_seed
from simmer.thermal.guard import GuardProtocol
from simmer.training.checkpoint import CheckpointStore
from simmer.training.evaluation import Diverged, evaluate
from simmer.training.execution import random_states, set_random_states, synchronise
from simmer.training.schedule import learning_rate_at, window_order
from simmer.training.settings import Execution, Recipe, TrainingSettings
from simmer.training.state import TrainingState
from simmer.training.windows import Windows

CHECKPOINT_SHARE = 0.01  # of the training time, at most
WRITE_BYTES_PER_S = 2.5e8  # of a checkpoint, its digest included, until a write has been measured
LONG_STEP_S = 0.5  # from here on the guard is asked after each layer, too
DIVERGENCE_CHECK_STEPS = 50  # reading a loss stops an accelerator's queue, so not each step

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is trained, on what, how, and for how long at most."""

    shape: ModelShape
    train: Windows
    validation: Windows
    recipe: Recipe
    settings: TrainingSettings
    execution: Execution
    epochs_max: int
    micro_batch: int
    seed: int
    base_rate: float
    prior_log_loss: float


@dataclass
class Progress:
    """Everything a checkpoint must hold beside tensors."""

    epoch: int = 0
    step_in_epoch: int = 0
    curve: list[dict[str, Any]] = field(default_factory=list)
    train_s: float = 0.0
    checkpoint_s: float = 0.0
    checkpoints: int = 0

    def best_epoch(self) -> int:
        """Return the number of the epoch with the lowest validation log-loss, the first of equals."""
        return min(self.curve, key=lambda record: record["validation"]["log_loss"])["epoch"]


@dataclass(frozen=True)
class Outcome:
    """A finished run: its curve, where it was best, and a digest of the final weights."""

    curve: list[dict[str, Any]]
    best_epoch: int
    stopped_early: bool
    train_s: float
    checkpoint_s: float
    checkpoints: int
    weights_sha256: str


class TrainingRun:
    """One run of `plan`, resumed from `store` if it holds a checkpoint."""

    def __init__(
        self,
        plan: Plan,
        *,
        store: CheckpointStore,
        guard: GuardProtocol,
        checkpoint_interval_s: float,
        on_epoch: Callable[[dict[str, Any]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.plan, self.store, self.guard = plan, store, guard
        self.checkpoint_interval_s, self.on_epoch, self.clock = checkpoint_interval_s, on_epoch, clock
        self.progress = Progress()
        self.state = TrainingState(
            plan.shape,
            plan.recipe,
            plan.execution,
            clip_norm=plan.settings.gradient_clip_norm,
            seed=plan.seed,
        )
        self.loss_sum = torch.zeros((), device=plan.execution.device)
        self.steps_per_epoch = math.ceil(len(plan.train) / plan.recipe.batch_size)
        self._expected_write_s = self.state.nbytes() / WRITE_BYTES_PER_S
        self._last_checkpoint = self._slice_start = clock()
        self._kept_step: int | None = None

    def run(self) -> Outcome:
        """Train to the last epoch or until patience runs out.

        Raises:
            Interrupted: the guard asked to stop; a checkpoint was written.
            Diverged: the loss left all bounds.
        """
        torch.set_num_threads(self.plan.execution.threads)
        torch.manual_seed(derive_seed(self.plan.seed, "dropout"))
        if not self._resume():
            self.state.initialise(self.plan.base_rate)
        progress = self.progress
        while progress.epoch < self.plan.epochs_max and not self._out_of_patience():
            self._train_epoch()
            self._close_epoch()
        self._count_time()
        return Outcome(
            curve=progress.curve,
            best_epoch=progress.best_epoch(),
            stopped_early=progress.epoch < self.plan.epochs_max,
            train_s=progress.train_s,
            checkpoint_s=progress.checkpoint_s,
            checkpoints=progress.checkpoints,
            weights_sha256=tensors_digest(self.state.model.state_dict()),
        )

    def _train_epoch(self) -> None:
        plan, progress = self.plan, self.progress
        order = window_order(len(plan.train), seed=plan.seed, epoch=progress.epoch)
        order = order.to(plan.execution.device)
        self.state.model.train()
        if plan.execution.device != "cuda" and not plan.execution.compiled:
            # CUDA and compiled kernels draw masks as fast as they would read them.
            seed = derive_seed(plan.seed, "masks", progress.epoch)
            self.state.model.pool_masks(windows=plan.micro_batch, seed=seed)
        for step in range(progress.step_in_epoch, self.steps_per_epoch):
            batch = order[step * plan.recipe.batch_size : (step + 1) * plan.recipe.batch_size]
            start = self.clock()
            self._step(batch, progress.epoch * self.steps_per_epoch + step)
            if self.clock() - start >= LONG_STEP_S and not plan.execution.compiled:
                self.state.model.breathe = self.guard.breathe
            progress.step_in_epoch = step + 1
            if (step + 1) % DIVERGENCE_CHECK_STEPS == 0:
                self._check_divergence(int(min((step + 1) * plan.recipe.batch_size, len(order))))
            self._between_steps()

    def _step(self, batch: Tensor, step: int) -> None:
        if self.state.optimizer.needs_rehearsal(step):
            self._pass_through(batch, step, rehearsal=True)
        self.loss_sum += self._pass_through(batch, step)

    def _pass_through(self, batch: Tensor, step: int, *, rehearsal: bool = False) -> Tensor:
        plan, optimizer = self.plan, self.state.optimizer
        rate = learning_rate_at(
            step,
            total_steps=plan.epochs_max * self.steps_per_epoch,
            recipe=plan.recipe,
            final_fraction=plan.settings.final_learning_rate_fraction,
        )
        loss_sum = torch.zeros_like(self.loss_sum)
        parts = batch.split(plan.micro_batch)
        for number, part in enumerate(parts):
            windows, labels = plan.train.take(part)
            self.state.model.place_masks(seed=derive_seed(plan.seed, "dropout", step, number))
            logits = self.state.model(windows)
            loss = functional.binary_cross_entropy_with_logits(logits, labels, reduction="sum")
            last = number == len(parts) - 1
            optimizer.before_backward(rate, step=step, last=last, rehearsal=rehearsal)
            (loss / len(batch)).backward()
            loss_sum += loss.detach()
            if not last:
                self.guard.breathe()
        optimizer.finish_step()
        return loss_sum

    def _close_epoch(self) -> None:
        plan, progress = self.plan, self.progress
        self._check_divergence(len(plan.train))
        # Between two batches of validation a run can stop as after the last step of the epoch.
        scores = evaluate(self.state.model, plan.validation, between_batches=self._between_steps)
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

    def _between_steps(self) -> None:
        verdict = self.guard.between_steps()
        if verdict.stop:
            self._checkpoint()
            raise Interrupted(
                f"stopped after a checkpoint at epoch {self.progress.epoch + 1}, step "
                f"{self.progress.step_in_epoch} of {self.steps_per_epoch}: {verdict.reason}. "
                "The same command resumes there."
            )
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

    def _out_of_patience(self) -> bool:
        best, since = math.inf, 0
        for record in self.progress.curve:
            loss = record["validation"]["log_loss"]
            if loss < best - self.plan.settings.min_improvement:
                best, since = loss, 0
            else:
                since += 1
        return since >= self.plan.settings.patience_epochs

    def _count_time(self) -> None:
        now = self.clock()
        self.progress.train_s += now - self._slice_start
        self._slice_start = now

    def _checkpoint(self) -> None:
        step = self.progress.epoch * self.steps_per_epoch + self.progress.step_in_epoch
        if step == self._kept_step:
            # Between two batches of validation the step is the one that is kept already: to write over it
            # would put the only checkpoint at risk.
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
        self._kept_step = self.progress.epoch * self.steps_per_epoch + self.progress.step_in_epoch
        self.guard.restore(values["guard"])
        self._last_checkpoint = self._slice_start = self.clock()
        logger.info(
            "resuming at epoch %d, step %d of %d",
            self.progress.epoch + 1,
            self.progress.step_in_epoch,
            self.steps_per_epoch,
        )
        return True

    def _tensors(self) -> dict[str, Tensor]:
        states = random_states(self.plan.execution.device)
        return self.state.tensors() | states | {"loss_sum": self.loss_sum}


def tensors_digest(tensors: Mapping[str, Tensor]) -> str:
    """Return a SHA-256 over named tensors, so that two runs can be compared to the last bit."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
