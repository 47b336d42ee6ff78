import pytest

from simmer.model.budgets import expected_parameters
from simmer.search.needs import needs_of_study
from simmer.training.memory import checkpoint_bytes, training_bytes
from support.configs import default_config

CONFIG = default_config()
GIB = 2**30


@pytest.mark.parametrize("scale", CONFIG.run_scales)
def test_the_hungriest_corner_needs_at_least_what_the_default_needs(scale):
    study = CONFIG.study(scale, 1)
    needs = needs_of_study(study, device="auto", slots=1)
    default = study.shape(study.default)
    assert needs.memory_bytes >= training_bytes(default, micro_batch=study.default.batch_size)
    assert needs.checkpoint_bytes >= checkpoint_bytes(default) == 12 * expected_parameters(default)


def test_fp32_adamw_at_2b_does_not_fit_into_24_gib_and_preflight_will_say_so():
    assert needs_of_study(CONFIG.study("2B", 1), device="auto", slots=1).memory_bytes > 24 * GIB
    assert needs_of_study(CONFIG.study("20M", 1), device="auto", slots=1).memory_bytes < 4 * GIB


def test_activations_grow_with_the_micro_batch():
    shape = CONFIG.study("20M", 1).shape(CONFIG.study("20M", 1).default)
    small, large = (training_bytes(shape, micro_batch=size) for size in (1, 65))
    assert large - small == pytest.approx(64 * (training_bytes(shape, micro_batch=2) - small), rel=1e-9)


def test_trials_side_by_side_need_their_memory_and_disk_together():
    study = CONFIG.study("20M", 1)
    one, two = (needs_of_study(study, device="cpu", slots=slots) for slots in (1, 2))
    assert two.memory_bytes == 2 * one.memory_bytes
    assert two.checkpoints_kept == 2 * one.checkpoints_kept
