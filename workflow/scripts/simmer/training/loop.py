"""One training loop for all scales and devices; it can stop after any step and go on from there.

A resumed run repeats the unbroken one bit for bit: the order of windows is a function of seed and
epoch, the learning rate a function of the step, and everything else (weights, moments, random state,
counters) is in the checkpoint.
"""

import hashlib
import logging
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from simmer.errors import Interrupted
from simmer.model.patchtst import PatchTST
from simmer.seeds import derive_seed
from simmer.thermal.guard import GuardProtocol
from simmer.training.checkpoint import Checkpoint, CheckpointStore
from simmer.training.evaluation import Diverged, compute_context, evaluate
from simmer.training.execution import synchronise
from simmer.training.optimizer import AdamW, learning_rate_at, window_order
from simmer.training.settings import Execution, Recipe, TrainingSettings
from simmer.training.windows import Windows

CHECKPOINT_SHARE = 0.01  # of the training time, at most
DIVERGENCE_CHECK_STEPS = 50  # reading a loss stops an accelerator's queue, so not each step

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is trained, on what, how, and for how long at most."""

    model: PatchTST
    train: Windows
    validation: Windows
    recipe: Recipe
    settings: TrainingSettings
    execution: Execution
    epochs_max: int
    micro_batch: int
    seed: int
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
        self.optimizer = AdamW(plan.model, plan.recipe)
        self.loss_sum = torch.zeros((), device=plan.execution.device)
        self.steps_per_epoch = math.ceil(len(plan.train) / plan.recipe.batch_size)
        self._last_checkpoint = self._slice_start = clock()

    def run(self) -> Outcome:
        """Train to the last epoch or until patience runs out.

        Raises:
            Interrupted: the guard asked to stop; a checkpoint was written.
            Diverged: the loss left all bounds.
        """
        torch.set_num_threads(self.plan.execution.threads)
        torch.manual_seed(derive_seed(self.plan.seed, "dropout"))
        self._resume()
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
            weights_sha256=weights_digest(self.plan.model),
        )

    def _train_epoch(self) -> None:
        plan, progress = self.plan, self.progress
        order = window_order(len(plan.train), seed=plan.seed, epoch=progress.epoch)
        plan.model.train()
        for step in range(progress.step_in_epoch, self.steps_per_epoch):
            batch = order[step * plan.recipe.batch_size : (step + 1) * plan.recipe.batch_size]
            self._step(batch.to(plan.execution.device), progress.epoch * self.steps_per_epoch + step)
            progress.step_in_epoch = step + 1
            if (step + 1) % DIVERGENCE_CHECK_STEPS == 0:
                self._check_divergence(int(min((step + 1) * plan.recipe.batch_size, len(order))))
            self._between_steps()

    def _step(self, batch: Tensor, global_step: int) -> None:
        plan = self.plan
        rate = learning_rate_at(
            global_step,
            total_steps=plan.epochs_max * self.steps_per_epoch,
            recipe=plan.recipe,
            final_fraction=plan.settings.final_learning_rate_fraction,
        )
        self.optimizer.zero_grad()
        for part in batch.split(plan.micro_batch):
            windows, labels = plan.train.take(part)
            with compute_context(plan.execution):
                logits = plan.model(windows)
            loss = functional.binary_cross_entropy_with_logits(logits.float(), labels, reduction="sum")
            (loss / len(batch)).backward()
            self.loss_sum += loss.detach()
        torch.nn.utils.clip_grad_norm_(plan.model.parameters(), plan.settings.gradient_clip_norm)
        self.optimizer.step(rate)

    def _close_epoch(self) -> None:
        plan, progress = self.plan, self.progress
        self._check_divergence(len(plan.train))
        scores = evaluate(plan.model, plan.validation, plan.execution)
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
        mean_s = self.progress.checkpoint_s / max(1, self.progress.checkpoints)
        interval_s = max(self.checkpoint_interval_s, mean_s / CHECKPOINT_SHARE)
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
        synchronise(self.plan.execution.device)
        self._count_time()
        start = self.clock()
        progress = self.progress
        tensors = {f"model.{name}": tensor for name, tensor in self.plan.model.state_dict().items()}
        tensors |= {f"optimizer.{name}": tensor for name, tensor in self.optimizer.state.items()}
        tensors["loss_sum"] = self.loss_sum
        tensors["random.cpu"] = torch.get_rng_state()
        if self.plan.execution.device.startswith("cuda"):
            tensors["random.cuda"] = torch.cuda.get_rng_state()
        if self.plan.execution.device.startswith("mps"):
            tensors["random.mps"] = torch.mps.get_rng_state()
        values = {"progress": asdict(progress), "guard": self.guard.counters()}
        step = progress.epoch * self.steps_per_epoch + progress.step_in_epoch
        self.store.save(Checkpoint(step, tensors, values))
        progress.checkpoints += 1
        progress.checkpoint_s += self.clock() - start
        self._last_checkpoint = self._slice_start = self.clock()

    def _resume(self) -> None:
        checkpoint = self.store.load()
        if checkpoint is None:
            return
        tensors = checkpoint.tensors
        self.plan.model.load_state_dict(_strip(tensors, "model."))
        self.optimizer.load(_strip(tensors, "optimizer."))
        self.loss_sum.copy_(tensors["loss_sum"])
        torch.set_rng_state(tensors["random.cpu"])
        if "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"])
        if "random.mps" in tensors:
            torch.mps.set_rng_state(tensors["random.mps"])
        self.progress = Progress(**checkpoint.values["progress"])
        self.guard.restore(checkpoint.values["guard"])
        self._last_checkpoint = self._slice_start = self.clock()
        logger.info(
            "resuming at epoch %d, step %d of %d",
            self.progress.epoch + 1,
            self.progress.step_in_epoch,
            self.steps_per_epoch,
        )


def weights_digest(model: PatchTST) -> str:
    """Return a SHA-256 over all weights, so that two runs can be compared to the last bit."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _strip(tensors: Any, prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
