"""Compute optimizer steps: a batch is divided among replicas of the model, and a share into micro-batches."""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from simmer.base.seeds import derive_seed
from simmer.model.patchtst import PatchTST
from simmer.training.loss import log_loss, training_loss
from simmer.training.plan import Plan
from simmer.training.replicas import Gate, Team, replica_of
from simmer.training.schedule import learning_rate_at
from simmer.training.state import TrainingState

LONG_STEP_S = 0.5  # in longer steps the guard is also called after each layer


class Steps:
    """The steps of one run.

    Args:
        plan: model, data and settings.
        inside_step: called between micro-batches, and after each layer once `ask_after_layers` was called;
            it may wait, and no replica computes meanwhile.

    Attributes:
        state: weights and optimizer.
        replicas: models with the weights of `state`, one for each thread of the team.
        per_epoch: number of steps in an epoch.
    """

    def __init__(self, plan: Plan, *, inside_step: Callable[[], None]) -> None:
        self.plan, self._inside_step = plan, inside_step
        self.team = Team(plan.execution.replicas, plan.execution.threads)
        self.state = TrainingState(
            plan.shape,
            plan.recipe,
            plan.execution,
            clip_norm=plan.settings.gradient_clip_norm,
            seed=plan.seed,
            team=self.team,
        )
        self.replicas = self._replicas_of(self.state.model)
        self.per_epoch = math.ceil(len(plan.train) / plan.recipe.batch_size)
        self._gate = Gate()

    def begin_epoch(self, epoch: int) -> None:
        """Set the replicas to training mode and draw the masks of an epoch."""
        plan = self.plan
        for replica in self.replicas:
            replica.train()
        if plan.execution.device == "cuda" or plan.execution.compiled:
            return  # CUDA and compiled kernels draw masks as fast as they can read them.
        first, *others = self.replicas
        first.pool_masks(windows=plan.micro_batch, seed=derive_seed(plan.seed, "masks", epoch))
        for replica in others:
            replica.share_masks(first)

    def ask_after_layers(self) -> None:
        """Call `inside_step` after each layer from now on."""
        if self.plan.execution.compiled:
            return
        first, *others = self.replicas
        first.after_layer = self._gate.closed_during(self._inside_step)
        for replica in others:
            replica.after_layer = self._gate.pass_through

    def take(self, batch: Tensor, step: int) -> Tensor:
        """Update the weights by one step; return the sum of the log-losses of its windows.

        Args:
            batch: numbers of the windows of `plan.train`.
            step: number of the step, from 0.
        """
        if self.state.optimizer.needs_rehearsal(step):
            self._pass_through(batch, step, rehearsal=True)
        loss = self._pass_through(batch, step)
        if self.state.average is not None:
            half_life_steps = self.plan.recipe.average_epochs * self.per_epoch
            self.state.average.update(step, half_life_steps=half_life_steps)
        return loss

    def evaluated(self) -> list[PatchTST]:
        """Return replicas, one for each thread of the team, of the model to evaluate after the last step."""
        if self.state.average is None:
            return self.replicas
        self.state.average.refresh()
        return self._replicas_of(self.state.evaluated)

    def _replicas_of(self, model: PatchTST) -> list[PatchTST]:
        return [model, *(replica_of(model) for _ in range(self.team.size - 1))]

    def _pass_through(self, batch: Tensor, step: int, *, rehearsal: bool = False) -> Tensor:
        plan, optimizer = self.plan, self.state.optimizer
        rate = learning_rate_at(
            step,
            total_steps=plan.epochs_max * self.per_epoch,
            recipe=plan.recipe,
            settings=plan.settings,
        )
        if self.team.size > 1:
            optimizer.before_backward(rate, step=step, last=True)
            grads, losses = zip(*self.team.run(self._shares(batch, step)), strict=True)
            optimizer.finish_step(grads)
            return torch.stack(losses).sum()
        loss_sum = torch.zeros((), device=plan.execution.device)
        parts = batch.split(plan.micro_batch)
        for number, part in enumerate(parts):
            loss, plain_loss = self._losses(self.state.model, part, step, number)
            last = number == len(parts) - 1
            optimizer.before_backward(rate, step=step, last=last, rehearsal=rehearsal)
            (loss / len(batch)).backward()
            loss_sum += plain_loss
            if not last:
                self._inside_step()
        optimizer.finish_step()
        return loss_sum

    def _shares(self, batch: Tensor, step: int) -> list[Callable[[], tuple[list[Tensor], Tensor]]]:
        """Return for each replica the function that computes its gradients and its loss."""
        shares = batch.split(math.ceil(len(batch) / self.team.size))
        return [
            partial(self._share, replica, share, step, number, windows=len(batch))
            for number, (replica, share) in enumerate(zip(self.replicas, shares, strict=False))
        ]

    def _share(
        self, model: PatchTST, share: Tensor, step: int, number: int, *, windows: int
    ) -> tuple[list[Tensor], Tensor]:
        parameters, grads = list(model.parameters()), []
        loss_sum = torch.zeros(())
        is_first = model is self.state.model
        between_parts = self._gate.closed_during(self._inside_step) if is_first else self._gate.pass_through
        for part, micro in enumerate(share.split(self.plan.micro_batch)):
            if part:
                between_parts()
            # Of the whole batch no part has the same number, so that none has the same masks.
            loss, plain_loss = self._losses(model, micro, step, number + part * self.team.size)
            found = torch.autograd.grad(loss / windows, parameters)
            if part:
                torch._foreach_add_(grads, found)
            else:
                grads = list(found)
            loss_sum += plain_loss
        return grads, loss_sum

    def _losses(self, model: PatchTST, part: Tensor, step: int, number: int) -> tuple[Tensor, Tensor]:
        """Return the loss to minimise and the plain log-loss of a part of a batch, sums over windows."""
        plan, recipe = self.plan, self.plan.recipe
        windows, labels = plan.train.take(part)
        model.place_masks(seed=derive_seed(plan.seed, "dropout", step, number))
        logits = model(windows)
        plain_loss = loss = log_loss(logits, labels)
        if recipe.label_smoothing or recipe.focal_gamma:
            loss = training_loss(
                logits, labels, label_smoothing=recipe.label_smoothing, focal_gamma=recipe.focal_gamma
            )
        return loss, plain_loss.detach()
