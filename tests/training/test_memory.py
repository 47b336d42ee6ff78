from dataclasses import replace

import pytest

from simmer.model.budgets import expected_parameters
from simmer.runs.fit_machine import HOST_SHARE
from simmer.runs.needs import fit_memory, needs_of_study
from simmer.training.memory import checkpoint_bytes, training_bytes
from simmer.training.settings import Execution
from support.configs import default_config
from support.runs import EXECUTION, RECIPE, SHAPE, training_run

CONFIG = default_config()
GIB = 2**30
BF16 = Execution(device="cpu", precision="bf16", threads=1)


def needs(scale, execution=BF16, *, slots=1):
    return needs_of_study(CONFIG.study(scale, 1), execution, device="auto", slots=slots)


@pytest.mark.parametrize("scale", CONFIG.run_scales)
def test_the_largest_corner_needs_at_least_what_the_default_needs(scale):
    study = CONFIG.study(scale, 1)
    shape, recipe = study.shape(study.default), study.default
    found = needs(scale)
    assert found.memory_bytes >= training_bytes(shape, recipe, BF16, micro_batch=recipe.batch_size)
    assert found.checkpoint_bytes >= checkpoint_bytes(shape, recipe, BF16)


def test_an_average_that_a_trial_may_draw_is_counted():
    never = {"values": [0.0], "low": None, "high": None, "log": None}
    search = {"space": {"average_epochs": never}, "default": {"average_epochs": 0.0}}
    without, drawn = (
        default_config({"search": search}, {"search": {"space": {"average_epochs": {"values": values}}}})
        for values in ([0.0], [0.0, 0.5])
    )
    least, most = (
        needs_of_study(config.study("20M", 1), BF16, device="auto", slots=1) for config in (without, drawn)
    )
    assert most.memory_bytes - least.memory_bytes == pytest.approx(6 * least.parameters, rel=0.01)
    assert most.checkpoint_bytes > least.checkpoint_bytes


@pytest.mark.parametrize(
    ("memory", "bytes_per_parameter", "of_average"),
    [("full", 14, 4), ("kahan", 8, 2), ("stochastic", 6, 2), ("lean", 2, 2)],
)
def test_a_checkpoint_has_the_bytes_per_parameter_of_its_recipe(memory, bytes_per_parameter, of_average):
    study = CONFIG.study("200M", 1)
    shape, execution = study.shape(study.default), replace(BF16, memory=memory)
    for average_epochs, expected in ((0.0, bytes_per_parameter), (0.5, bytes_per_parameter + of_average)):
        recipe = replace(study.default, average_epochs=average_epochs)
        found = checkpoint_bytes(shape, recipe, execution)
        assert found / expected_parameters(shape) == pytest.approx(expected, rel=0.03)


def test_the_size_of_a_checkpoint_is_known_before_it_is_written(tmp_path):
    run = training_run(tmp_path, checkpoint_interval_s=0.0)
    run.run()
    written = max(path.stat().st_size for path in tmp_path.glob("*.safetensors"))
    expected = checkpoint_bytes(SHAPE, RECIPE, EXECUTION)
    assert expected <= written <= expected + 40_000  # names and the curve are not counted


@pytest.mark.parametrize(
    ("scale", "total_gib", "memory", "recompute"),
    [
        ("2M", 24, "full", False),
        ("20M", 24, "full", False),
        ("200M", 24, "full", False),
        ("2B", 80, "full", False),
        ("2B", 40, "kahan", False),
        ("2B", 32, "kahan", False),
        ("2B", 28, "stochastic", False),
        ("2B", 24, "stochastic", True),
        ("2B", 14, "lean", True),
        ("2B", 1, "lean", True),
    ],
)
def test_the_memory_of_a_machine_decides_the_recipe(scale, total_gib, memory, recompute):
    execution = fit_memory(CONFIG.study(scale, 1), BF16, room_bytes=int(HOST_SHARE * total_gib * GIB))
    assert (execution.memory, execution.activation_checkpointing) == (memory, recompute)
    if total_gib > 1:
        assert needs(scale, execution).memory_bytes <= HOST_SHARE * total_gib * GIB


def test_a_recipe_that_is_asked_for_is_kept_even_where_it_does_not_fit():
    study = default_config({"training": {"memory": "kahan"}}).study("2B", 1)
    execution = fit_memory(study, BF16, room_bytes=GIB)
    assert (execution.memory, execution.activation_checkpointing) == ("kahan", True)


def test_configured_fp32_is_kept_even_if_memory_is_short():
    study = default_config({"training": {"precision": "fp32"}}).study("2B", 1)
    execution = fit_memory(study, replace(BF16, precision="fp32"), room_bytes=GIB)
    assert (execution.precision, execution.memory) == ("fp32", "full")


def test_slow_bf16_is_used_if_fp32_does_not_fit():
    execution = fit_memory(CONFIG.study("2B", 1), replace(BF16, precision="fp32"), room_bytes=24 * GIB)
    assert (execution.precision, execution.memory) == ("bf16", "kahan")


@pytest.mark.parametrize(
    ("memory", "average_epochs", "batch_size", "limit_gib"),
    [("stochastic", 0.0, 32, 13), ("stochastic", 0.5, 32, 17), ("lean", 0.0, 16, 5), ("lean", 0.5, 16, 9)],
)
def test_2b_fits_with_the_recipes_made_for_it(memory, average_epochs, batch_size, limit_gib):
    study = CONFIG.study("2B", 1)
    shape = study.shape(study.default)
    recipe = replace(study.default, batch_size=batch_size, average_epochs=average_epochs)
    execution = replace(BF16, memory=memory)
    assert training_bytes(shape, recipe, execution, micro_batch=batch_size) < limit_gib * GIB


def test_activations_grow_with_the_micro_batch_and_hardly_when_recomputed():
    study = CONFIG.study("20M", 1)
    shape, recipe = study.shape(study.default), replace(study.default, dropout=0.0, batch_size=512)

    def growth(execution):
        small, large = (training_bytes(shape, recipe, execution, micro_batch=batch) for batch in (512, 1024))
        return large - small

    assert growth(BF16) > 3 * growth(replace(BF16, activation_checkpointing=True)) > 0


def test_trials_side_by_side_need_their_memory_and_disk_together():
    one, two = (needs("20M", slots=slots) for slots in (1, 2))
    assert two.memory_bytes == 2 * one.memory_bytes
    assert two.slots == 2 * one.slots
