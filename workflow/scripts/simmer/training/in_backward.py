"""Optimizers for large models: each weight is updated inside backward, as soon as its gradient is ready.

The gradient is freed at once, so the gradients of the whole model never exist together. Large matrices and
their moments are stored in bfloat16 and rounded so that no update is lost; small tensors are stored in
float32, as in `AdamW`.

| rule | bytes per parameter | update |
|---|---|---|
| `Kahan` | 8 | AdamW; the weight's rounding error is stored with it (Kahan 1965) |
| `Stochastic` | 6 | AdamW; weights are rounded stochastically (Gupta et al. 2015) |
| `Factored` | 2 | Adafactor (Shazeer & Stern 2018): no first moment, the second one factored |

The global norm of the gradients is known only at the end of backward, so each gradient is clipped by the norm
of the previous step or by its own norm, whichever is larger. Before the first step a rehearsal (a backward
pass without updates) measures the norm: an unclipped first gradient would dominate the second moment for
long.

Moments are rounded stochastically: a moment rounded to nearest stops changing as soon as its update is less
than half a rounding step.
"""

import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from simmer.base.seeds import derive_seed
from simmer.training.optimizer import Optimizer, clip_factor, fused_adamw, zeros
from simmer.training.rounding import Noise, store_split, store_stochastically

SMALL_ENTRIES = 1 << 16  # tensors up to this size are stored in float32, at negligible cost
CHUNK_ENTRIES = 1 << 18  # one chunk's float32 intermediates fit into the caches of a CPU
ACCELERATOR_CHUNK_ENTRIES = 1 << 24  # few kernel launches, and little memory compared with 2B
_FACTORED_FLOOR, _FACTORED_DECAY, _FACTORED_CLIP = 1e-30, 0.8, 1.0  # the paper's


@dataclass(frozen=True)
class Step:
    """Values shared by all parameters in one optimizer step.

    Attributes:
        number: step number from 1, float32.
        noise: random words for stochastic rounding.
        rehearsal: only measure the gradients.
    """

    number: Tensor
    learning_rate: float
    noise: Noise
    rehearsal: bool = False


class Rule(ABC):
    """Storage and update of one parameter.

    Args:
        weight: the model's parameter.
        decay: decoupled weight decay.

    Attributes:
        state: additional tensors, by short name.
    """

    def __init__(self, weight: Tensor, decay: float) -> None:
        self.weight, self.decay = weight, decay
        self.state: dict[str, Tensor] = {}

    def place(self, value: Tensor) -> None:
        """Set the weight to its initial value, float32."""
        self.weight.copy_(value)

    @abstractmethod
    def move(self, grad: Tensor, shrink: Tensor, step: Step) -> None:
        """Update the weight with the gradient `grad * shrink`."""


class Master(Rule):
    """Weight and both moments in float32; the model's parameter is a rounded copy."""

    def __init__(self, weight: Tensor, decay: float) -> None:
        super().__init__(weight, decay)
        self.state = {name: zeros(weight, torch.float32) for name in ("kept", "m", "v")}

    def place(self, value: Tensor) -> None:
        """Set the weight to its initial value, float32."""
        self.state["kept"].copy_(value)
        self.weight.copy_(value)

    def move(self, grad: Tensor, shrink: Tensor, step: Step) -> None:
        """Update the weight with the gradient `grad * shrink`."""
        kept = self.state["kept"]
        _adamw(kept, grad, self.state["m"], self.state["v"], shrink, self.decay, step)
        self.weight.copy_(kept)


class Kahan(Rule):
    """The weight as the sum of two bfloat16 tensors; moments in bfloat16."""

    def __init__(self, weight: Tensor, decay: float) -> None:
        super().__init__(weight, decay)
        self.state = {name: zeros(weight, weight.dtype) for name in ("rest", "m", "v")}

    def place(self, value: Tensor) -> None:
        """Set the weight to its initial value, float32."""
        rest = value.to(self.weight.device, copy=True)
        store_split(self.weight, rest)
        self.state["rest"].copy_(rest)

    def move(self, grad: Tensor, shrink: Tensor, step: Step) -> None:
        """Update the weight with the gradient `grad * shrink`."""
        state = self.state
        for weight, part, rest, m, v in _chunks(self.weight, grad, state["rest"], state["m"], state["v"]):
            moved, wide_m, wide_v = weight.float().add_(rest), m.float(), v.float()
            _adamw(moved, part, wide_m, wide_v, shrink, self.decay, step)
            store_split(weight, moved)
            store_stochastically(rest, moved, step.noise.take(rest.numel()))
            store_stochastically(m, wide_m, step.noise.take(m.numel()))
            store_stochastically(v, wide_v, step.noise.take(v.numel()))


class Stochastic(Rule):
    """Weight and moments in bfloat16, rounded stochastically."""

    def __init__(self, weight: Tensor, decay: float) -> None:
        super().__init__(weight, decay)
        self.state = {name: zeros(weight, weight.dtype) for name in ("m", "v")}

    def move(self, grad: Tensor, shrink: Tensor, step: Step) -> None:
        """Update the weight with the gradient `grad * shrink`."""
        for weight, part, m, v in _chunks(self.weight, grad, self.state["m"], self.state["v"]):
            moved, wide_m, wide_v = weight.float(), m.float(), v.float()
            _adamw(moved, part, wide_m, wide_v, shrink, self.decay, step)
            store_stochastically(weight, moved, step.noise.take(weight.numel()))
            store_stochastically(m, wide_m, step.noise.take(m.numel()))
            store_stochastically(v, wide_v, step.noise.take(v.numel()))


class Factored(Rule):
    """The weight in bfloat16; the second moment as the product of a row and a column in float32."""

    def __init__(self, weight: Tensor, decay: float) -> None:
        super().__init__(weight, decay)
        rows, columns = weight.shape
        self.state = {"row": torch.zeros(rows, device=weight.device)}
        self.state["column"] = torch.zeros(columns, device=weight.device)

    def move(self, grad: Tensor, shrink: Tensor, step: Step) -> None:
        """Update the weight with the gradient `grad * shrink`."""
        row, column = self.state["row"], self.state["column"]
        chunk = max(1, _chunk_entries(grad.device) // grad.shape[1])
        rows, columns = [], torch.zeros_like(column)
        for part in grad.split(chunk):
            square = (part.float() * shrink).square_().add_(_FACTORED_FLOOR)
            rows.append(square.mean(dim=1))
            columns += square.sum(dim=0)
        new = step.number**-_FACTORED_DECAY
        row.lerp_(torch.cat(rows), new)
        column.lerp_(columns / grad.shape[0], new)
        row_factor, column_factor = (row / row.mean()).rsqrt_().unsqueeze(1), column.rsqrt()
        # Root mean square of the whole update, clipped at 1 as in the paper.
        squares = torch.zeros((), device=grad.device)
        for part, factor in zip(grad.split(chunk), row_factor.split(chunk), strict=True):
            squares += (part.float() * factor).mul_(column_factor).square_().sum()
        rms = (squares / grad.numel()).sqrt_() * shrink
        rate = step.learning_rate * shrink / (rms / _FACTORED_CLIP).clamp_(min=1.0)
        parts = (tensor.split(chunk) for tensor in (self.weight, grad, row_factor))
        for weight, part, factor in zip(*parts, strict=True):
            moved = weight.float().mul_(1 - step.learning_rate * self.decay)
            moved -= (part.float() * factor).mul_(column_factor * rate)
            store_stochastically(weight, moved, step.noise.take(moved.numel()).view(moved.shape))


RULES: dict[str, type[Rule]] = {"kahan": Kahan, "stochastic": Stochastic, "lean": Factored}


class InBackward(Optimizer):
    """Update each parameter inside backward, by the rule for its size and `memory`.

    With several micro-batches all gradients accumulate until the last one updates the weights; activation
    checkpointing lowers the peak at less cost.

    Args:
        model: in bfloat16.
        memory: a key of `RULES`.
        seed: of stochastic rounding.
    """

    def __init__(
        self, model: nn.Module, *, weight_decay: float, clip_norm: float, memory: str, seed: int
    ) -> None:
        super().__init__(model, weight_decay=weight_decay, clip_norm=clip_norm)
        device = next(iter(self.parameters.values())).device
        self._seed = seed
        self._noise: Noise | None = None  # created when first needed; counting memory needs none
        self._step: Step | None = None
        self.state["norm"] = torch.zeros((), device=device)
        self._squares = torch.zeros((), device=device)
        self._rules: dict[str, Rule] = {}
        for name, parameter in self.parameters.items():
            small = parameter.ndim != 2 or parameter.numel() <= SMALL_ENTRIES
            rule = (Master if small else RULES[memory])(parameter.detach(), self.decay[name])
            self._rules[name] = rule
            self.weights[name] = rule.state.get("kept", rule.weight)
            self.state |= {f"{key}.{name}": tensor for key, tensor in rule.state.items()}
            parameter.register_post_accumulate_grad_hook(self._hook(rule))

    def place(self, name: str, value: Tensor) -> None:
        """Set a parameter to its initial value, float32 of the parameter's shape."""
        self._rules[name].place(value)

    def needs_rehearsal(self, step: int) -> bool:
        """Return True for the first step, whose gradient norm is not known yet."""
        return step == 0

    def before_backward(
        self, learning_rate: float, *, step: int, last: bool, rehearsal: bool = False
    ) -> None:
        """Prepare a backward pass; the `last` one of a step updates the weights."""
        if self._noise is None:
            device = self._squares.device
            self._noise = Noise(_chunk_entries(device), str(device))
        self._noise.restart(derive_seed(self._seed, "rounding", step))
        number = torch.full((), step + 1.0, device=self._squares.device)
        self._step = Step(number, learning_rate, self._noise, rehearsal) if last else None

    @torch.no_grad()
    def finish_step(self, grads: Sequence[Sequence[Tensor]] = ()) -> None:  # noqa: ARG002
        """Store the norm of this step's gradients for the next step."""
        self.state["norm"].copy_(self._squares.sqrt())
        self._squares.zero_()

    def _hook(self, rule: Rule) -> Callable[[Tensor], None]:
        # A strong reference would be a cycle that keeps parameters in memory after the run.
        optimizer = weakref.proxy(self)

        @torch.no_grad()
        def move(parameter: Tensor) -> None:
            step = optimizer._step
            if step is None:
                return
            grad = parameter.grad
            parameter.grad = None
            norm = torch.linalg.vector_norm(grad, dtype=torch.float32)
            optimizer._squares += norm.square()
            if not step.rehearsal:
                shrink = clip_factor(torch.maximum(norm, optimizer.state["norm"]), optimizer.clip_norm)
                rule.move(grad, shrink, step)

        return move


def _chunk_entries(device: torch.device) -> int:
    return CHUNK_ENTRIES if device.type == "cpu" else ACCELERATOR_CHUNK_ENTRIES


def _chunks(*tensors: Tensor) -> zip:
    entries = _chunk_entries(tensors[0].device)
    return zip(*(tensor.view(-1).split(entries) for tensor in tensors), strict=True)


def _adamw(
    weight: Tensor, grad: Tensor, m: Tensor, v: Tensor, shrink: Tensor, decay: float, step: Step
) -> None:
    fused_adamw(
        [weight], [grad.float()], [m], [v],
        step=step.number, learning_rate=step.learning_rate, decay=decay, shrink=shrink,
    )  # fmt: skip
