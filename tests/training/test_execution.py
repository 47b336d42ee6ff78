import pytest
import torch

from simmer.base.errors import ConfigError
from simmer.machine.facts import usable_cores
from simmer.training.execution import choose_execution, require_device


def test_configured_values_are_used():
    execution = choose_execution(device="cpu", precision="fp32", threads=3, slots=1, compile_model="auto")
    assert (execution.device, execution.precision, execution.threads) == ("cpu", "fp32", 3)


@pytest.mark.parametrize("slots", [1, 2, 64])
def test_trials_side_by_side_share_the_cores(slots):
    execution = choose_execution(
        device="cpu", precision="fp32", threads="auto", slots=slots, compile_model="auto"
    )
    assert execution.threads == max(1, usable_cores() // slots)


def test_auto_precision_is_measured_and_one_of_two():
    execution = choose_execution(device="cpu", precision="auto", threads=1, slots=1, compile_model="auto")
    assert execution.precision in ("fp32", "bf16")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_a_missing_device_is_refused_with_the_available_ones():
    with pytest.raises(ConfigError, match=r"found device `cuda`.*expected one of \['cpu'"):
        require_device("cuda", asked_by="config key training.device")


def test_a_missing_device_is_kept_so_that_preflight_can_report_it():
    execution = choose_execution(device="cuda", precision="auto", threads=1, slots=1, compile_model="auto")
    assert execution.device == "cuda"


def test_auto_compiles_on_cuda_only():
    def compiled(compile_model):
        return choose_execution(
            device="cpu", precision="fp32", threads=1, slots=1, compile_model=compile_model
        ).compiled

    assert [compiled(word) for word in ("auto", True, False)] == [False, True, False]
