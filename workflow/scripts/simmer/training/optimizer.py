"""The optimizers: AdamW over all parameters at once, or one parameter at a time inside backward."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # the paper's
GROUP_ENTRIES = 1 << 20  # gradients widened to float32 at the same time: they stay in the caches


class Optimizer(ABC):
    """Moves the weights of a model, and keeps what it needs for that under names.

    Biases, norms and positions are not decayed.

    Args:
        model: its parameters are moved.
        weight_decay: decoupled decay of matrices.
        clip_norm: norm to which gradients are clipped.

    Attributes:
        state: all tensors beside the weights that a checkpoint must hold.
    """

    def __init__(self, model: nn.Module, *, weight_decay: float, clip_norm: float) -> None:
        self.parameters = dict(model.named_parameters())
        self.clip_norm = clip_norm
        self.decay = {
            name: weight_decay if parameter.ndim > 1 and name != "positions" else 0.0
            for name, parameter in self.parameters.items()
        }
        self.state: dict[str, Tensor] = {}

    @abstractmethod
    def place(self, name: str, value: Tensor) -> None:
        """Set a parameter to its first value, float32 of the parameter's shape."""

    def needs_rehearsal(self, step: int) -> bool:  # noqa: ARG002
        """Tell whether a step must first be gone through without moving the weights."""
        return False

    @abstractmethod
    def before_backward(
        self, learning_rate: float, *, step: int, last: bool, rehearsal: bool = False
    ) -> None:
        """Get ready for a backward pass.

        Args:
            learning_rate: of the optimizer step.
            step: number of the optimizer step, from 0.
            last: whether this is the last of its micro-batches.
            rehearsal: measure the gradients, but leave the weights where they are.
        """

    @abstractmethod
    def finish_step(self) -> None:
        """Complete the optimizer step after its last backward pass."""


class AdamW(Optimizer):
    """AdamW (Loshchilov & Hutter 2019) with weights and moments in float32.

    A model in bfloat16 is a rounded copy of the weights that are kept here.

    Attributes:
        state: `exp_avg.<name>`, `exp_avg_sq.<name>`, and `weight.<name>` where the model's own is not
            float32.
    """

    def __init__(self, model: nn.Module, *, weight_decay: float, clip_norm: float) -> None:
        super().__init__(model, weight_decay=weight_decay, clip_norm=clip_norm)
        self._learning_rate, self._step = 0.0, 0
        self._weights: dict[str, Tensor] = {}
        for name, parameter in self.parameters.items():
            kept = parameter.detach()
            if parameter.dtype != torch.float32:
                kept = self.state[f"weight.{name}"] = zeros(kept, torch.float32)
            self._weights[name] = kept
            for moment in ("exp_avg", "exp_avg_sq"):
                self.state[f"{moment}.{name}"] = zeros(kept, torch.float32)
        self._groups = self._grouped()

    @torch.no_grad()
    def place(self, name: str, value: Tensor) -> None:
        """Set a parameter to its first value, float32 of the parameter's shape."""
        self._weights[name].copy_(value)
        self.parameters[name].copy_(value)

    def before_backward(self, learning_rate: float, *, step: int, **_: bool) -> None:
        """Note the learning rate; gradients add up until the step is finished."""
        self._learning_rate, self._step = learning_rate, step

    @torch.no_grad()
    def finish_step(self) -> None:
        """Clip the gradients by their global norm, move the weights, and forget the gradients."""
        grads = [parameter.grad for parameter in self.parameters.values()]
        norms = torch.stack(torch._foreach_norm(grads, dtype=torch.float32))
        shrink = clip_factor(torch.linalg.vector_norm(norms), self.clip_norm)
        number = torch.full((), self._step + 1.0, device=shrink.device)
        for group in self._groups:
            parameters = [self.parameters[name] for name in group]
            weights = [self._weights[name] for name in group]
            grads = [parameter.grad.float() for parameter in parameters]
            for parameter in parameters:
                parameter.grad = None
            fused_adamw(
                weights,
                grads,
                [self.state[f"exp_avg.{name}"] for name in group],
                [self.state[f"exp_avg_sq.{name}"] for name in group],
                step=number,
                learning_rate=self._learning_rate,
                decay=self.decay[group[0]],
                shrink=shrink,
            )
            if parameters[0].dtype != torch.float32:
                torch._foreach_copy_(parameters, weights)

    def _grouped(self) -> list[list[str]]:
        # One call for many small tensors; few large ones at a time, so that their float32 gradients are few.
        groups: list[list[str]] = []
        for decay in sorted(set(self.decay.values())):
            entries = GROUP_ENTRIES
            for name in (name for name, value in self.decay.items() if value == decay):
                if entries >= GROUP_ENTRIES:
                    groups.append([])
                    entries = 0
                groups[-1].append(name)
                entries += self.parameters[name].numel()
        return groups


def fused_adamw(
    weights: list[Tensor],
    grads: list[Tensor],
    exp_avgs: list[Tensor],
    exp_avg_sqs: list[Tensor],
    *,
    step: Tensor,
    learning_rate: float,
    decay: float,
    shrink: Tensor,
) -> None:
    """Move float32 weights in place by one step of AdamW, in one pass over memory.

    Torch's own kernel is called, because the class `torch.optim.AdamW` imports the compiler when it is
    built, which costs every trial more than a second.

    Args:
        weights, grads, exp_avgs, exp_avg_sqs: float32 tensors of equal shapes; all change, the gradients by
            `shrink`.
        step: number of this step from 1, float32.
        learning_rate: of this step.
        decay: decoupled weight decay.
        shrink: what the gradients are multiplied by.
    """
    torch._fused_adamw_(
        weights,
        grads,
        exp_avgs,
        exp_avg_sqs,
        [],
        [step] * len(weights),
        amsgrad=False,
        lr=learning_rate,
        beta1=BETA_1,
        beta2=BETA_2,
        weight_decay=decay,
        eps=EPSILON,
        maximize=False,
        grad_scale=shrink.reciprocal(),
    )


def zeros(like: Tensor, dtype: torch.dtype) -> Tensor:
    """Return zeros in the shape of `like`; unlike `zeros_like` it takes no second of imports on meta."""
    return torch.zeros(like.shape, dtype=dtype, device=like.device)


def clip_factor(norm: Tensor, clip_norm: float) -> Tensor:
    """Return what gradients of a norm are multiplied by, without asking the device for the norm."""
    return (clip_norm / (norm + 1e-6)).clamp(max=1.0)
