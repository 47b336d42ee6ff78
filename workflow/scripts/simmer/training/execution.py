"""Choose device, precision and thread count of a trial on this machine."""

import statistics
import time
from collections.abc import Mapping
from importlib.util import find_spec

import torch

from simmer.base.errors import ConfigError
from simmer.machine.facts import usable_cores
from simmer.training.settings import Execution

PROBE_SIZE = 1024  # larger than the caches, and small enough to take milliseconds
PROBE_REPEATS = 5
WORTHWHILE_SPEEDUP = 1.2  # below this the rounding of bf16 is not worth it
HOPELESS_SLOWDOWN = 4.0  # a single product that is slower by this factor is not noise


def choose_execution(
    *, device: str, precision: str, threads: int | str, compile_model: str | bool, slots: int
) -> Execution:
    """Resolve every `auto` of the config block `training` for this machine.

    A device given by name is not checked here; see `require_device`.

    Args:
        device: `auto`, `cpu`, `cuda` or `mps`.
        precision: `auto` (measured), `fp32` or `bf16`.
        threads: `auto` (the usable cores divided by `slots`) or a number.
        compile_model: true, false or `auto` (on CUDA if Triton is installed).
        slots: trials that run side by side.
    """
    there = devices()
    found = next(name for name in ("cuda", "mps", "cpu") if name in there) if device == "auto" else device
    count = max(1, usable_cores() // slots) if threads == "auto" else int(threads)
    if precision == "auto":
        torch.set_num_threads(count)
        faster = found in there and _bf16_is_worthwhile(found)
        precision = "bf16" if faster else "fp32"
    compiled = compile_model is True
    if compile_model == "auto":
        # On CUDA small models are limited by kernel launches. MEASURED on a CPU: almost no gain for 80
        # seconds of compiling.
        compiled = found == "cuda" and find_spec("triton") is not None
    return Execution(device=found, precision=precision, threads=count, compiled=compiled)


def synchronise(device: str) -> None:
    """Wait until the accelerator has finished its queue; no effect on a CPU."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    elif device.startswith("mps"):
        torch.mps.synchronize()


def random_states(device: str) -> dict[str, torch.Tensor]:
    """Return the states of all random generators used by training on a device, by name."""
    states = {"random.cpu": torch.get_rng_state()}
    if device.startswith("cuda"):
        states["random.cuda"] = torch.cuda.get_rng_state()
    elif device.startswith("mps"):
        states["random.mps"] = torch.mps.get_rng_state()
    return states


def set_random_states(states: Mapping[str, torch.Tensor]) -> None:
    """Restore the states returned by `random_states`."""
    setters = {
        "random.cpu": torch.set_rng_state,
        "random.cuda": torch.cuda.set_rng_state,
        "random.mps": torch.mps.set_rng_state,
    }
    for name, state in states.items():
        setters[name](state)


def require_device(device: str, *, asked_by: str) -> None:
    """Check that this machine has a device.

    Raises:
        ConfigError: if not; names the origin of the request and the available devices.
    """
    if device not in {"auto"} | devices():
        raise ConfigError(
            f"{asked_by}: found device `{device}`, which this machine does not have; expected one of "
            f"{sorted(devices())}; repair the driver or choose another device"
        )


def devices() -> set[str]:
    """Return the kinds of devices that this machine has."""
    accelerators = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return {"cpu"} | {name for name, there in accelerators.items() if there}


def _bf16_is_worthwhile(device: str) -> bool:
    single = statistics.median(_product_seconds(device, torch.float32, repeats=PROBE_REPEATS))
    # MEASURED on a CPU without bf16 instructions: one product takes seconds, a hundred times one in fp32.
    (first,) = _product_seconds(device, torch.bfloat16, repeats=1)
    if first > HOPELESS_SLOWDOWN * single:
        return False
    half = statistics.median(_product_seconds(device, torch.bfloat16, repeats=PROBE_REPEATS))
    return single / half >= WORTHWHILE_SPEEDUP


def _product_seconds(device: str, dtype: torch.dtype, *, repeats: int) -> list[float]:
    small = torch.ones(64, 64, device=device, dtype=dtype)
    small @ small
    matrix = torch.ones(PROBE_SIZE, PROBE_SIZE, device=device, dtype=dtype)
    times = []
    for _ in range(repeats):
        synchronise(device)
        start = time.perf_counter()
        matrix @ matrix
        synchronise(device)
        times.append(time.perf_counter() - start)
    return times
