"""The averaged weights are evaluated, follow the weights without a lag, and do not stall in bfloat16."""

import math
from dataclasses import replace

import pytest
import torch

from simmer.model.patchtst import PatchTST
from simmer.training.average import UPDATES_PER_HALF_LIFE, WeightAverage
from simmer.training.evaluation import evaluate
from support.runs import EXECUTION, RECIPE, SHAPE, training_run

AVERAGED = replace(RECIPE, average_epochs=1.0)


def average_of(values, *, half_life_steps, dtype=torch.float32, steps_each=1):
    """Return the average of a weight that has each of the values for some steps."""
    model = PatchTST(SHAPE, dropout=0.0, window_norm=False).to(dtype)
    weights = {name: one.detach() for name, one in model.named_parameters()}
    average = WeightAverage(model, weights, seed=1)
    step = 0
    for value in values:
        weights["head.weight"].fill_(value)
        for _ in range(steps_each):
            average.update(step, half_life_steps=half_life_steps)
            step += 1
    return average.tensors["head.weight"].double()


def test_the_average_begins_as_a_plain_mean():
    found = average_of([1.0, 2.0, 6.0], half_life_steps=100.0 / 7)
    assert found.flatten().tolist() == pytest.approx([3.0] * found.numel())


def test_a_weight_counts_half_after_the_half_life():
    # Long after the beginning one constant value is replaced by another one.
    found = average_of([0.0, 1.0], half_life_steps=8.0, steps_each=80)[0, 0]
    assert float(found) == pytest.approx(1 - 0.5**10, abs=1e-6)
    late = average_of([*[0.0] * 80, *[1.0] * 8], half_life_steps=8.0)[0, 0]
    assert float(late) == pytest.approx(0.5, abs=1e-6)


def test_a_long_half_life_needs_few_updates():
    half_life_steps = 4.0 * UPDATES_PER_HALF_LIFE
    expected = 0.0
    for step in range(500):
        expected += max(1 - 0.5 ** (1 / half_life_steps), 1 / (step + 1)) * (step - expected)
    found = average_of(map(float, range(500)), half_life_steps=half_life_steps)[0, 0]
    # Every fourth weight is added, so the average can differ by what changes in three steps.
    assert float(found) == pytest.approx(expected, abs=3)


def test_small_changes_are_not_lost_in_bfloat16():
    # Each update moves the average by less than a tenth of a rounding step.
    found = average_of([1.0, 1.0 + 2**-7], half_life_steps=160.0, dtype=torch.bfloat16, steps_each=1600)
    assert float(found.mean()) == pytest.approx(1.0 + 2**-7, abs=2**-7 * 0.06)


@pytest.mark.parametrize("memory", ["full", "kahan", "stochastic", "lean"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_averaged_model_is_evaluated_and_the_trained_one_stays(tmp_path, memory, precision):
    if precision == "fp32" and memory != "full":
        pytest.skip("the other recipes store bfloat16")
    run = training_run(
        tmp_path,
        recipe=replace(AVERAGED, average_epochs=1e-3),  # so short that it equals the weights
        execution=replace(EXECUTION, precision=precision, memory=memory),
    )
    curve = run.run().curve
    trained, averaged = run.state.model, run.state.evaluated
    assert trained is not averaged
    for name, parameter in averaged.named_parameters():
        torch.testing.assert_close(parameter, trained.get_parameter(name).detach(), rtol=0, atol=0)
    last = evaluate(
        run.steps.evaluated(), run.plan.validation, team=run.steps.team, between_batches=lambda: None
    )
    assert last.log_loss == curve[-1]["validation"]["log_loss"]


def test_training_is_bit_identical_with_and_without_the_average(tmp_path):
    outcomes = [
        training_run(tmp_path / name, recipe=recipe).run()
        for name, recipe in (("with", AVERAGED), ("without", RECIPE))
    ]
    assert outcomes[0].weights_sha256 == outcomes[1].weights_sha256
    losses = [[record["validation"]["log_loss"] for record in outcome.curve] for outcome in outcomes]
    assert losses[0] != losses[1]
    assert all(map(math.isfinite, losses[0]))
