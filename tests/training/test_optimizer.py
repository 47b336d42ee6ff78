import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from simmer.training.optimizer import clip_factor
from simmer.training.state import TrainingState
from support.configs import ROOT
from support.runs import EXECUTION, RECIPE, SHAPE

NO_CLIPPING = 1e9


def built(*, precision="fp32", weight_decay=0.05, clip_norm=NO_CLIPPING):
    state = TrainingState(
        SHAPE,
        replace(RECIPE, weight_decay=weight_decay),
        replace(EXECUTION, precision=precision),
        clip_norm=clip_norm,
        seed=1,
    )
    state.initialise(base_rate=0.5)
    return state


def push(state, *, rate=0.01, step=0, scale=1.0):
    generator = torch.Generator().manual_seed(step)
    for parameter in state.model.parameters():
        parameter.grad = (scale * torch.randn(parameter.shape, generator=generator)).to(parameter.dtype)
    state.optimizer.before_backward(rate, step=step, last=True)
    state.optimizer.finish_step()


def weights(state):
    return {name: parameter.detach().clone() for name, parameter in state.model.named_parameters()}


def is_matrix(name):
    return name.endswith("weight") and "norm" not in name


def test_it_moves_as_the_library_class_does():
    ours, theirs = built(), built()
    named = dict(theirs.model.named_parameters())
    groups = [
        {"params": [p for name, p in named.items() if is_matrix(name)], "weight_decay": 0.05},
        {"params": [p for name, p in named.items() if not is_matrix(name)], "weight_decay": 0.0},
    ]
    library = torch.optim.AdamW(groups, lr=0.01, fused=True)
    for step in range(5):
        push(ours, step=step)
        generator = torch.Generator().manual_seed(step)
        for parameter in theirs.model.parameters():
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        library.step()
    for name, parameter in ours.model.named_parameters():
        assert torch.equal(parameter, named[name]), name


def test_gradients_are_clipped_by_their_global_norm():
    # Adam is blind to the scale of constant gradients, so the scale changes between the steps.
    clipped, scaled = built(clip_norm=1.0), built()
    for step, scale in enumerate((10.0, 0.001)):
        push(clipped, step=step, scale=scale)
        norm = scale * gradient_norm(scaled, step)
        push(scaled, step=step, scale=scale * min(1.0, 1.0 / norm))
    for name, one in weights(clipped).items():
        torch.testing.assert_close(one, weights(scaled)[name], rtol=1e-4, atol=1e-6)


def gradient_norm(state, step):
    generator = torch.Generator().manual_seed(step)
    squares = [torch.randn(p.shape, generator=generator).square().sum() for p in state.model.parameters()]
    return float(torch.stack(squares).sum().sqrt())


def test_the_clip_factor_leaves_small_gradients_alone():
    assert float(clip_factor(torch.tensor(0.5), 1.0)) == 1.0
    assert float(clip_factor(torch.tensor(4.0), 1.0)) == pytest.approx(0.25)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_state_is_sufficient_to_resume(precision):
    first, second = built(precision=precision), built(precision=precision)
    push(first)
    for name, tensor in second.tensors().items():
        tensor.copy_(first.tensors()[name])
    push(first, step=1)
    push(second, step=1)
    for name, tensor in first.tensors().items():
        assert torch.equal(tensor, second.tensors()[name]), name


def test_a_bf16_model_is_the_rounded_copy_of_what_fp32_would_be():
    narrow, wide = built(precision="bf16"), built()
    for name, kept in wide.model.named_parameters():
        assert torch.equal(narrow.optimizer.state[f"weight.{name}"], kept), name
    push(narrow)
    for name, parameter in narrow.model.named_parameters():
        kept = narrow.optimizer.state[f"weight.{name}"]
        assert torch.equal(parameter, kept.to(torch.bfloat16)), name


@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_only_matrices_decay(decay):
    state = built(weight_decay=decay)
    before = weights(state)
    push(state, rate=0.1, scale=0.0)
    for name, after in weights(state).items():
        expected = before[name] * (1 - 0.1 * decay) if is_matrix(name) else before[name]
        torch.testing.assert_close(after, expected, msg=name)


def test_neither_training_nor_counting_memory_imports_the_compiler():
    program = (
        "import torch; from training.test_optimizer import *; push(built(precision='bf16'));"
        "from simmer.training.memory import training_bytes;"
        "training_bytes(SHAPE, RECIPE, replace(EXECUTION, precision='bf16', memory='kahan'), micro_batch=1);"
        "sys.exit(bool({'torch._dynamo', 'sympy'} & set(sys.modules)))"
    )
    paths = [str(ROOT / "workflow/scripts"), str(ROOT / "tests")]
    subprocess.run([sys.executable, "-c", f"import sys; sys.path += {paths!r}; {program}"], check=True)
