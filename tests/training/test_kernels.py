"""The kernels compute what torch's operators compute, and a run with them resumes bit for bit."""

import contextlib
import gc
import time
import weakref
from dataclasses import replace

import pytest
import torch

from simmer.base.errors import Interrupted
from simmer.model.patchtst import PatchTST
from simmer.training.fused_layers import fuse_layers
from simmer.training.kernels import kernels_are_loaded
from simmer.training.replicas import Gate, Team, replica_of
from support.runs import EXECUTION, RECIPE, SHAPE, FakeGuard, training_run

KERNELS = replace(EXECUTION, kernels="simmer")
WIDE = replace(SHAPE, width=40, heads=3, head_width=24, ff_width=72, context_days=44)
# Largest relative distance of a gradient; in bfloat16 torch rounds to 8 bits after each operator.
TOLERANCES = {torch.float32: 2e-6, torch.bfloat16: 3e-2}

WITHOUT_DROPOUT = replace(RECIPE, dropout=0.0)

needs_kernels = pytest.mark.skipif(not kernels_are_loaded(), reason="no C++ compiler")


def model_of(shape, dropout, dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    model = PatchTST(shape, dropout=dropout, window_norm=False)
    torch.set_default_dtype(before)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(1 + 0.1 * noise if "norm" in name and "weight" in name else 0.1 * noise)
    model.train()
    model.pool_masks(windows=8, seed=3)
    model.place_masks(seed=9)
    return model


def loss_and_grads(model):
    windows = torch.randn(8, model.shape.context_days, 3, generator=torch.Generator().manual_seed(1))
    logits = model(windows)
    return logits, torch.autograd.grad(logits.square().sum(), list(model.parameters()))


def distance(found, expected):
    found, expected = found.detach().double(), expected.detach().double()
    return float((found - expected).norm() / expected.norm().clamp_min(1e-12))


@needs_kernels
@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("shape", [SHAPE, WIDE], ids=["even", "odd"])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("whole", [True, False])
def test_layers_equal_those_of_torch(shape, dropout, dtype, threads, whole):
    torch.set_num_threads(threads)
    plain = model_of(shape, dropout, dtype)
    fused = replica_of(plain)
    fuse_layers(fused, whole=whole)
    logits, expected = loss_and_grads(plain)
    found_logits, found = loss_and_grads(fused)
    assert distance(found_logits, logits) < TOLERANCES[dtype]
    for (name, _), one, other in zip(plain.named_parameters(), found, expected, strict=True):
        assert distance(one, other) < TOLERANCES[dtype], name


@needs_kernels
def test_layers_without_gradients_equal_those_of_torch():
    plain = model_of(SHAPE, 0.3, torch.float32).eval()
    fused = replica_of(plain)
    fuse_layers(fused, whole=True)
    windows = torch.randn(5, SHAPE.context_days, 3)
    with torch.no_grad():
        assert distance(fused(windows), plain(windows)) < 1e-6


@needs_kernels
@pytest.mark.parametrize("replicas", [1, 2, 3])
def test_a_run_with_kernels_learns_what_one_without_them_learns(tmp_path, replicas):
    plain = training_run(tmp_path / "plain", recipe=WITHOUT_DROPOUT).run()
    fused = training_run(
        tmp_path / "fused", recipe=WITHOUT_DROPOUT, execution=replace(KERNELS, replicas=replicas)
    ).run()
    for one, other in zip(fused.curve, plain.curve, strict=True):
        assert one["validation"]["log_loss"] == pytest.approx(other["validation"]["log_loss"], rel=1e-4)


@pytest.mark.parametrize("kernels", ["torch", pytest.param("simmer", marks=needs_kernels)])
@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("micro_batch", [16, 3])
def test_a_run_resumes_bit_for_bit(tmp_path, kernels, replicas, micro_batch):
    options = {
        "execution": replace(EXECUTION, kernels=kernels, replicas=replicas),
        "micro_batch": micro_batch,
    }
    whole = training_run(tmp_path / "whole", **options).run()
    again = training_run(tmp_path / "again", **options).run()
    assert again.weights_sha256 == whole.weights_sha256
    with pytest.raises(Interrupted):
        training_run(tmp_path / "parts", guard=FakeGuard(stop_after=7), **options).run()
    resumed = training_run(tmp_path / "parts", **options).run()
    assert resumed.weights_sha256 == whole.weights_sha256


def test_each_part_of_a_batch_has_its_own_masks(tmp_path):
    run = training_run(tmp_path, execution=replace(EXECUTION, replicas=3), micro_batch=2)
    seeds = []
    for replica in run.steps.replicas:
        replica.place_masks = lambda *, seed: seeds.append(seed)
    run.steps.take(torch.arange(16), 0)
    assert len(set(seeds)) == len(seeds) == 8  # 6, 6 and 4 windows in pairs


def test_a_team_returns_results_in_order_and_raises_errors_when_all_have_ended():
    team, ended = Team(3, 1), []

    def fails():
        raise ValueError("one")

    assert team.run([lambda: 1, lambda: 2]) == [1, 2]
    with pytest.raises(ValueError, match="one"):
        team.run([fails, lambda: ended.append(1), lambda: ended.append(2)])
    assert sorted(ended) == [1, 2]


def test_the_gate_halts_others_while_the_guard_is_asked():
    gate, seen = Gate(), []
    gate.closed_during(lambda: seen.append(gate._open.is_set()))()
    gate.pass_through()
    assert seen == [False]


@needs_kernels
def test_no_replica_computes_while_the_guard_waits_between_layers(tmp_path):
    passed, during = [], []

    class WaitingGuard(FakeGuard):
        def inside_step(self):
            super().inside_step()
            time.sleep(0.05)  # the other replica reaches the end of its layer
            before = len(passed)
            time.sleep(0.05)
            during.append(len(passed) - before)

    guard = WaitingGuard()
    run = training_run(tmp_path, guard=guard, execution=replace(KERNELS, replicas=2))
    run.state.initialise(0.5)
    run.steps.begin_epoch(0)
    run.steps.ask_after_layers()
    _, other = run.steps.replicas
    wait = other.after_layer

    def counted():
        wait()
        passed.append(1)

    other.after_layer = counted
    run.steps.take(torch.arange(16), 0)
    assert guard.calls_inside_steps == 2 * SHAPE.depth  # after each layer, forward and backward
    assert (set(during), len(passed)) == ({0}, 2 * SHAPE.depth)


@needs_kernels
@pytest.mark.parametrize("replicas", [1, 2])
def test_a_guard_that_is_asked_between_layers_changes_no_number(tmp_path, replicas):
    execution = replace(KERNELS, replicas=replicas)
    whole = training_run(tmp_path / "whole", execution=execution).run()
    by_layer = training_run(tmp_path / "by_layer", execution=execution)
    by_layer.steps.ask_after_layers()
    assert by_layer.run().weights_sha256 == whole.weights_sha256


@needs_kernels
@pytest.mark.parametrize("replicas", [1, 2])
def test_a_run_that_is_dropped_frees_its_weights_and_masks(tmp_path, replicas):
    gc.disable()
    try:
        run = training_run(tmp_path, execution=replace(KERNELS, replicas=replicas))
        run.state.initialise(0.5)
        run.steps.begin_epoch(0)
        run.steps.take(torch.arange(16), 0)
        layer = run.state.model.layers[0]
        kept = [weakref.ref(layer.ff_in.weight), weakref.ref(layer.ff_dropout.pool)]
        del run, layer
        assert [one() for one in kept] == [None, None]
    finally:
        gc.enable()


def test_the_tensors_of_a_task_that_failed_are_freed():
    gc.disable()
    try:
        team, kept = Team(2, 1), []

        def fails():
            tensor = torch.zeros(8)
            kept.append(weakref.ref(tensor))
            raise MemoryError

        with contextlib.suppress(MemoryError):
            team.run([lambda: 1, fails])
        assert kept[0]() is None
    finally:
        gc.enable()


@needs_kernels
@pytest.mark.parametrize("memory", ["kahan", "lean"])
def test_recipes_that_update_inside_backward_use_the_layers(tmp_path, memory):
    options = {"recipe": WITHOUT_DROPOUT}
    execution = replace(EXECUTION, precision="bf16", memory=memory)
    plain = training_run(tmp_path / "plain", execution=execution, **options).run()
    fused = training_run(tmp_path / "fused", execution=replace(execution, kernels="simmer"), **options).run()
    for one, other in zip(fused.curve, plain.curve, strict=True):
        assert one["validation"]["log_loss"] == pytest.approx(other["validation"]["log_loss"], rel=0.05)


@needs_kernels
@pytest.mark.parametrize("replicas", [1, 2])
def test_recomputed_activations_change_no_number(tmp_path, replicas):
    execution = replace(KERNELS, replicas=replicas)
    stored = training_run(tmp_path / "stored", execution=execution).run()
    recomputed = training_run(
        tmp_path / "recomputed", execution=replace(execution, activation_checkpointing=True)
    ).run()
    assert recomputed.weights_sha256 == stored.weights_sha256


@needs_kernels
def test_a_checkpoint_goes_on_with_the_operators_of_torch(tmp_path):
    whole = training_run(tmp_path / "whole", execution=KERNELS).run()
    with pytest.raises(Interrupted):
        training_run(tmp_path / "parts", execution=KERNELS, guard=FakeGuard(stop_after=7)).run()
    resumed = training_run(tmp_path / "parts", execution=EXECUTION).run()
    for one, other in zip(resumed.curve, whole.curve, strict=True):
        assert one["validation"]["log_loss"] == pytest.approx(other["validation"]["log_loss"], rel=1e-4)
