"""Temperature, margin, slowdown reasons and power of NVIDIA GPUs through NVML; untested on hardware.

Source of calls and units: the NVML API reference (temperatures in °C, power in mW) and nvidia-ml-py.
"""

import importlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from simmer.thermal.readings import Reading, plausible_celsius

logger = logging.getLogger(__name__)

# The driver creates it for the first GPU; checking for it loads no library.
NVIDIA_DEVICE = Path("/dev/nvidia0")

# Bits of nvml.h, nvmlClocksEventReason*: software and hardware thermal slowdown, and hardware slowdown
# without a cause (heat or power supply, counted as heat); software power cap and power brake.
_BRAKES: Mapping[str, int] = {"thermal": 0x20 | 0x40 | 0x8, "power": 0x4 | 0x80}

_MEMORY_TEMPERATURE_FIELD = 82  # NVML_FI_DEV_MEMORY_TEMP
_SUCCESS = 0
# Members of the union nvmlValue_t, in the order of nvmlValueType_t.
_UNION_MEMBERS = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")

# A larger margin is impossible.
_WIDEST_MARGIN_C = 126.0


class NvmlSensor:
    """One GPU, named `nvml:gpu<index>`; a field that driver or GPU do not support is None."""

    interval_s = 0.0

    def __init__(self, api: ModuleType, handle: Any, index: int) -> None:
        self._api = api
        self._handle = handle
        self.name = f"nvml:gpu{index}"
        self._slowdown_c: float | None = None

    def read(self) -> Reading | None:
        """Return the reading in °C, kelvins and W; None without a thermal value and power."""
        celsius = self._celsius()
        slowdown_c = self._slowdown()
        reading = Reading(
            source=self.name,
            celsius=celsius,
            critical_c=slowdown_c,
            margin_c=self._margin_c(celsius, slowdown_c),
            memory_c=self._memory_c(),
            power_w=_watts(self._ask("nvmlDeviceGetPowerUsage")),
            power_limit_w=_watts(self._ask("nvmlDeviceGetEnforcedPowerLimit")),
            brakes=self._brakes(),
        )
        return reading if reading.has_thermal_value or reading.power_w is not None else None

    def _celsius(self) -> float | None:
        # Older drivers lack the first call; the second is deprecated and ends with CUDA 14.
        for call in ("nvmlDeviceGetTemperatureV", "nvmlDeviceGetTemperature"):
            celsius = plausible_celsius(self._ask(call, "NVML_TEMPERATURE_GPU"))
            if celsius is not None:
                return celsius
        return None

    def _slowdown(self) -> float | None:
        # Repeated until there is an answer: a GPU may be lost at the start and come back.
        if self._slowdown_c is None:
            answer = self._ask("nvmlDeviceGetTemperatureThreshold", "NVML_TEMPERATURE_THRESHOLD_SLOWDOWN")
            self._slowdown_c = plausible_celsius(answer)
        return self._slowdown_c

    def _margin_c(self, celsius: float | None, slowdown_c: float | None) -> float | None:
        margin_c = self._ask("nvmlDeviceGetMarginTemperature")
        if margin_c is None or not abs(margin_c) < _WIDEST_MARGIN_C:
            return None if celsius is None or slowdown_c is None else slowdown_c - celsius
        return float(margin_c)

    def _memory_c(self) -> float | None:
        # A list in, a list out; each value has its own return code (3, not supported, on GeForce).
        values = self._ask("nvmlDeviceGetFieldValues", argument=[_MEMORY_TEMPERATURE_FIELD])
        if not values or values[0].nvmlReturn != _SUCCESS or values[0].valueType >= len(_UNION_MEMBERS):
            return None
        return getattr(values[0].value, _UNION_MEMBERS[values[0].valueType])

    def _brakes(self) -> tuple[str, ...] | None:
        for call in ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"):
            reasons = self._ask(call)
            if reasons is not None:
                return brakes_of(reasons)
        return None

    def _ask(self, call: str, constant: str | None = None, argument: Any = None) -> Any:
        # Constants are looked up by name: other versions of nvidia-ml-py may lack one.
        arguments = [getattr(self._api, constant, None)] if constant else []
        arguments += [argument] if argument is not None else []
        if None in arguments:
            return None
        return _ask(self._api, getattr(self._api, call, None), self._handle, *arguments)


def find_nvml_sensors(
    environment: Mapping[str, str], api: ModuleType | None = None
) -> list[NvmlSensor] | None:
    """Return a sensor per GPU this process may use; None if NVML cannot be initialised.

    Args:
        environment: for CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER, which NVML ignores.
        api: the pynvml module; imported by default.
    """
    api = api or _import_api()
    if api is None:
        return None
    try:
        api.nvmlInit()
        count = api.nvmlDeviceGetCount()
    except api.NVMLError as error:
        logger.debug("NVML cannot be initialised: %s", error)
        return None
    handles = [_ask(api, api.nvmlDeviceGetHandleByIndex, index) for index in range(count)]

    def identities() -> list[tuple[str, str]]:
        calls = (api.nvmlDeviceGetUUID, api.nvmlDeviceGetName)
        return [tuple(_ask(api, call, handle) or "" for call in calls) for handle in handles]

    visible = visible_boards(count, environment, identities)
    return [NvmlSensor(api, handles[index], index) for index in visible if handles[index] is not None]


def brakes_of(reasons: int) -> tuple[str, ...]:
    """Return the reasons for a reduced clock (`thermal`, `power`) in a mask of clocks-event reasons."""
    return tuple(name for name, bits in _BRAKES.items() if reasons & bits)


def visible_boards(
    count: int, environment: Mapping[str, str], identities: Callable[[], Sequence[tuple[str, str]]]
) -> list[int]:
    """Return the indices, in PCI order, of the GPUs that CUDA_VISIBLE_DEVICES leaves to this process.

    Args:
        count: GPUs in the machine.
        environment: for CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER.
        identities: returns UUID and name of every GPU; called only if needed.
    """
    every = list(range(count))
    wanted = environment.get("CUDA_VISIBLE_DEVICES")
    if wanted is None:
        return every
    names = [name.strip() for name in wanted.split(",")]
    if names[0] in ("", "-1"):
        return []
    boards = identities()
    if all(name.startswith("GPU-") for name in names):
        # The CUDA guide allows any unambiguous prefix of a UUID.
        return [index for index in every if boards[index][0].startswith(tuple(names))] or every
    # NVML numbers in PCI order, CUDA by default fastest first; equal GPUs keep the PCI order.
    alike = len({name for _, name in boards}) == 1
    if all(name.isdecimal() for name in names) and (
        alike or environment.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
    ):
        return [index for index in every if str(index) in names]
    # MIG slices and mixed GPUs cannot be identified by number; monitoring all of them is safe.
    return every


def _import_api() -> ModuleType | None:
    try:
        return importlib.import_module("pynvml")
    except ImportError:
        return None


def _watts(milliwatts: float | None) -> float | None:
    return None if milliwatts is None else milliwatts / 1000


def _ask(api: ModuleType, call: Callable[..., Any] | None, *arguments: Any) -> Any:
    if call is None:
        return None
    try:
        return call(*arguments)
    except api.NVMLError:
        # NotSupported, FunctionNotFound, GpuIsLost, Uninitialized: only this value is missing.
        return None
