"""Every rule makes correct updates, matches AdamW if it should, and frees each gradient at once."""

import weakref
from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from simmer.training import in_backward
from simmer.training.in_backward import RULES, Master, Step
from simmer.training.rounding import Noise
from simmer.training.state import TrainingState
from support.runs import EXECUTION, RECIPE, SHAPE, windows

BF16 = torch.bfloat16
SIZE = 1 << 17


def moved(rule_class, *, steps, rate, compiled, start=1.0):
    """Return the distance a weight moves with a constant gradient, and the expected one, steps * rate."""
    shape = (512, SIZE // 512)
    weight = torch.empty(shape, dtype=BF16)
    rule = rule_class(weight, 0.0)
    rule.place(torch.full(shape, start))
    move = torch.compile(rule.move) if compiled else rule.move
    noise = Noise(in_backward.CHUNK_ENTRIES, "cpu")
    grad, shrink = torch.ones(shape, dtype=BF16), torch.ones(())
    for number in range(steps):
        noise.restart(number)
        move(grad, shrink, Step(torch.tensor(number + 1.0), rate, noise))
    kept = rule.state.get("kept", weight).double() + rule.state.get("rest", torch.zeros(())).double()
    return float(kept.mean()) - start, steps * rate


@pytest.mark.parametrize(
    "compiled", [False, pytest.param(True, marks=pytest.mark.long)], ids=["eager", "compiled"]
)
@pytest.mark.parametrize("rule", [*RULES.values(), Master], ids=lambda rule: rule.__name__)
def test_many_small_updates_add_up(rule, compiled, monkeypatch):
    if compiled:  # all but the fused kernel and the choice of noise, which a compiler cannot look into
        monkeypatch.setattr(in_backward, "fused_adamw", torch.compiler.disable(in_backward.fused_adamw))
        monkeypatch.setattr(Noise, "take", torch.compiler.disable(Noise.take))
    # Each update is a hundredth of a rounding step of the weight: plain bfloat16 would not move at all.
    distance, expected = moved(rule, steps=200, rate=4e-5, compiled=compiled)
    assert -distance / expected == pytest.approx(1.0, abs=0.01)


def test_small_updates_are_lost_in_plain_bfloat16():
    weight = torch.ones(1000, dtype=BF16)
    for _ in range(200):
        weight -= 4e-5
    assert float(1.0 - weight.double().mean()) < 0.65 * 200 * 4e-5


def state(memory, *, clip_norm=1e9, weight_decay=0.0):
    built = TrainingState(
        SHAPE,
        replace(RECIPE, dropout=0.0, weight_decay=weight_decay),
        replace(EXECUTION, precision="bf16", memory=memory),
        clip_norm=clip_norm,
        seed=5,
    )
    built.initialise(base_rate=0.4)
    return built


def backward(built, index, *, step, rate=1e-2, of=1, **options):
    inputs, labels = windows(70, seed=1).take(index)
    loss = functional.binary_cross_entropy_with_logits(built.model(inputs).float(), labels)
    built.optimizer.before_backward(rate, step=step, **{"last": True} | options)
    (loss / of).backward()
    return float(loss.detach())


@pytest.fixture
def all_large(monkeypatch):
    monkeypatch.setattr(in_backward, "SMALL_ENTRIES", 0)


@pytest.mark.parametrize("memory", RULES)
def test_gradients_are_freed_after_backward(all_large, memory):
    built = state(memory)
    backward(built, torch.arange(16), step=0)
    assert all(parameter.grad is None for parameter in built.model.parameters())


@pytest.mark.parametrize("memory", RULES)
def test_only_the_last_micro_batch_moves_the_weights_with_the_sum_of_all(all_large, memory):
    whole, split = state(memory), state(memory)
    backward(whole, torch.arange(16), step=0)
    before = split.model.head.weight.clone()
    backward(split, torch.arange(8), step=0, last=False, of=2)
    assert torch.equal(split.model.head.weight, before)
    backward(split, torch.arange(8, 16), step=0, last=True, of=2)
    assert not torch.equal(split.model.head.weight, before)
    for one, other in zip(whole.model.parameters(), split.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0.05, atol=0.005)


@pytest.mark.parametrize("memory", ["kahan", "stochastic"])
def test_adamw_in_bfloat16_follows_adamw_in_float32(all_large, memory):
    curves = []
    for built in (state(memory), state("full")):
        curve = []
        for step in range(40):
            curve.append(backward(built, torch.arange(70), step=step, rate=3e-3))
            built.optimizer.finish_step()
        curves.append(torch.tensor(curve))
    narrow, wide = curves
    assert wide[-1] < wide[0] - 0.1, "nothing was learned, so nothing was compared"
    assert float((narrow - wide).abs().mean()) < 0.01


@pytest.mark.parametrize("memory", RULES)
def test_it_learns(all_large, memory):
    built = state(memory)
    losses = []
    for step in range(60):
        losses.append(backward(built, torch.arange(70), step=step))
        built.optimizer.finish_step()
    assert losses[-1] < 0.35 < losses[0]


def test_a_rehearsal_measures_the_gradients_and_moves_nothing(all_large):
    built, other = state("kahan"), state("full")
    before = {name: tensor.clone() for name, tensor in built.tensors().items()}
    assert built.optimizer.needs_rehearsal(0) and not built.optimizer.needs_rehearsal(1)
    backward(built, torch.arange(16), step=0, rehearsal=True)
    built.optimizer.finish_step()
    changed = {name for name, tensor in built.tensors().items() if not torch.equal(tensor, before[name])}
    assert changed == {"optimizer.norm"}
    assert all(parameter.grad is None for parameter in built.model.parameters())

    inputs, labels = windows(70, seed=1).take(torch.arange(16))
    functional.binary_cross_entropy_with_logits(other.model(inputs), labels).backward()
    squares = [parameter.grad.float().square().sum() for parameter in other.model.parameters()]
    norm = float(torch.stack(squares).sum().sqrt())
    assert float(built.optimizer.state["norm"]) == pytest.approx(norm, rel=1e-2)


def test_gradients_are_clipped_by_the_norm_of_the_previous_step(all_large):
    """Clipping at half the norm of the previous step equals halving the gradients by hand."""
    clipped, halved = state("kahan"), state("kahan")
    for built in (clipped, halved):
        backward(built, torch.arange(16), step=0)
        built.optimizer.finish_step()
    clipped.optimizer.clip_norm = 0.5 * float(clipped.optimizer.state["norm"])
    backward(clipped, torch.arange(16), step=1)
    backward(halved, torch.arange(16), step=1, of=2)
    for name, tensor in clipped.tensors().items():
        torch.testing.assert_close(tensor, halved.tensors()[name], rtol=2e-2, atol=1e-4, msg=name)


@pytest.mark.parametrize("memory", ["full", *RULES])
def test_a_run_that_is_dropped_frees_its_model(memory):
    built = state(memory)
    backward(built, torch.arange(16), step=0)
    built.optimizer.finish_step()
    model = weakref.ref(built.model)
    del built
    assert model() is None


def test_matrices_decay_and_biases_do_not(all_large):
    for memory in RULES:
        built = state(memory, weight_decay=0.5)
        parameters = dict(built.model.named_parameters())
        before = {name: parameter.detach().float().clone() for name, parameter in parameters.items()}
        for number in range(10):
            built.optimizer.before_backward(0.1, step=number, last=True)
            sum((parameter * 0).sum() for parameter in parameters.values()).backward()
            built.optimizer.finish_step()
        matrix, norm = "layers.0.ff_in.weight", "norm.weight"
        ratio = parameters[matrix].float().norm() / before[matrix].norm()
        assert float(ratio.detach()) == pytest.approx(0.95**10, rel=0.02), memory
        assert torch.equal(parameters[norm].float(), before[norm])
