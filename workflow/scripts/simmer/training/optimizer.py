"""The interface of the optimizers, and AdamW after backward; see `in_backward` for the others."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # the paper's
NORM_FLOOR = 1e-6  # added to a norm before it divides
GROUP_ENTRIES = 1 << 20  # gradients converted to float32 together, few enough for the caches


class Optimizer(ABC):
    """Update the weights of a model.

    Biases, norms and positions are not decayed.

    Args:
        model: its parameters are updated.
        weight_decay: decoupled decay of matrices.
        clip_norm: norm to which gradients are clipped.

    Attributes:
        weights: for each parameter the most exact weight that is stored, by name.
        state: all tensors, besides the parameters, that a checkpoint must contain, by name.
    """

    def __init__(self, model: nn.Module, *, weight_decay: float, clip_norm: float) -> None:
        self.parameters = dict(model.named_parameters())
        self.weights: dict[str, Tensor] = {name: one.detach() for name, one in self.parameters.items()}
        self.clip_norm = clip_norm
        self.decay = {
            name: weight_decay if parameter.ndim > 1 and name != "positions" else 0.0
            for name, parameter in self.parameters.items()
        }
        self.state: dict[str, Tensor] = {}

    @abstractmethod
    def place(self, name: str, value: Tensor) -> None:
        """Set a parameter to its initial value, float32 of the parameter's shape."""

    def needs_rehearsal(self, step: int) -> bool:  # noqa: ARG002
        """Return True if a backward pass without updates must precede the step."""
        return False

    @abstractmethod
    def before_backward(
        self, learning_rate: float, *, step: int, last: bool, rehearsal: bool = False
    ) -> None:
        """Prepare a backward pass.

        Args:
            learning_rate: of the optimizer step.
            step: number of the optimizer step, from 0.
            last: True for the last micro-batch of the step.
            rehearsal: measure the gradients without updating the weights.
        """

    @abstractmethod
    def finish_step(self, grads: Sequence[Sequence[Tensor]] = ()) -> None:
        """Complete the optimizer step after its last backward pass.

        Args:
            grads: by replica, the gradients of all parameters in their order, to be added up; empty if they
                are stored with the parameters.
        """


class AdamW(Optimizer):
    """AdamW (Loshchilov & Hutter 2019) with weights and moments in float32.

    A model in bfloat16 is a rounded copy of the weights stored here.

    Attributes:
        state: `exp_avg.<name>`, `exp_avg_sq.<name>`, and `weight.<name>` if the model is not in float32.
    """

    def __init__(self, model: nn.Module, *, weight_decay: float, clip_norm: float) -> None:
        super().__init__(model, weight_decay=weight_decay, clip_norm=clip_norm)
        self._learning_rate, self._step = 0.0, 0
        for name, kept in list(self.weights.items()):
            if kept.dtype != torch.float32:
                self.weights[name] = self.state[f"weight.{name}"] = zeros(kept, torch.float32)
            for moment in ("exp_avg", "exp_avg_sq"):
                self.state[f"{moment}.{name}"] = zeros(kept, torch.float32)
        self._groups = self._grouped()

    @torch.no_grad()
    def place(self, name: str, value: Tensor) -> None:
        """Set a parameter to its initial value, float32 of the parameter's shape."""
        self.weights[name].copy_(value)
        self.parameters[name].copy_(value)

    def before_backward(self, learning_rate: float, *, step: int, **_: bool) -> None:
        """Store the learning rate; gradients accumulate until `finish_step`."""
        self._learning_rate, self._step = learning_rate, step

    @torch.no_grad()
    def finish_step(self, grads: Sequence[Sequence[Tensor]] = ()) -> None:
        """Clip the gradients by their global norm, update the weights, and free the gradients."""
        for parameter, *parts in zip(self.parameters.values(), *grads, strict=True) if grads else ():
            parameter.grad = functools.reduce(torch.add, parts)
        grads = [parameter.grad for parameter in self.parameters.values()]
        norms = torch.stack(torch._foreach_norm(grads, dtype=torch.float32))
        shrink = clip_factor(torch.linalg.vector_norm(norms), self.clip_norm)
        number = torch.full((), self._step + 1.0, device=shrink.device)
        for group in self._groups:
            parameters = [self.parameters[name] for name in group]
            weights = [self.weights[name] for name in group]
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
        # Many small tensors per call; few large ones, to limit the float32 gradients that exist together.
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
    """Update float32 weights in place by one step of AdamW, in one pass over memory.

    This calls torch's kernel directly: creating a `torch.optim.AdamW` imports the compiler, which costs every
    trial more than a second.

    Args:
        weights, grads, exp_avgs, exp_avg_sqs: float32 tensors of equal shapes; all are modified, the
            gradients by `shrink`.
        step: number of this step from 1, float32.
        learning_rate: of this step.
        decay: decoupled weight decay.
        shrink: factor of the gradients.
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
    """Return zeros of the shape of `like`; on meta `zeros_like` would import modules for a second."""
    return torch.zeros(like.shape, dtype=dtype, device=like.device)


def clip_factor(norm: Tensor, clip_norm: float) -> Tensor:
    """Return the factor that clips gradients of a norm, without waiting for the device."""
    return (clip_norm / (norm + NORM_FLOOR)).clamp(max=1.0)
