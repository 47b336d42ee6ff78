"""Temperature, margin, brakes and power of NVIDIA boards through NVML; untested on hardware.

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

# The driver makes it with the first board; looking for it loads no library.
NVIDIA_DEVICE = Path("/dev/nvidia0")

# Bits of nvml.h, nvmlClocksEventReason*: software and hardware thermal slowdown, and the hardware slowdown
# that does not say why (heat or the power supply: counted as heat); software power cap and power brake.
_BRAKES: Mapping[str, int] = {"thermal": 0x20 | 0x40 | 0x8, "power": 0x4 | 0x80}

_MEMORY_TEMPERATURE_FIELD = 82  # NVML_FI_DEV_MEMORY_TEMP
_SUCCESS = 0
# nvmlValueType_t, and the member of the union nvmlValue_t that holds such a value.
_UNION_MEMBERS = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")

# No board slows down further from its temperature, so anything beyond is garbage.
_WIDEST_MARGIN_C = 126.0


class NvmlSensor:
    """One board, named `nvml:gpu<index>`; a field the driver or the board does not support is None."""

    interval_s = 0.0

    def __init__(self, api: ModuleType, handle: Any, index: int) -> None:
        self._api = api
        self._handle = handle
        self.name = f"nvml:gpu{index}"
        self._slowdown_c: float | None = None

    def read(self) -> Reading | None:
        """Return what the board tells, in °C, kelvins and W; None when it tells neither heat nor power."""
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
        return reading if reading.tells_heat or reading.power_w is not None else None

    def _celsius(self) -> float | None:
        # Older drivers do not know the first call; the second is deprecated and goes with CUDA 14.
        for call in ("nvmlDeviceGetTemperatureV", "nvmlDeviceGetTemperature"):
            celsius = plausible_celsius(self._ask(call, "NVML_TEMPERATURE_GPU"))
            if celsius is not None:
                return celsius
        return None

    def _slowdown(self) -> float | None:
        # Asked until it is answered: a board may be lost when the program starts and come back.
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
        # A list in, a list out, each value with a return code of its own: 3, not supported, on GeForce.
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
        # Constants are looked up by name: an nvidia-ml-py of another age may lack one.
        arguments = [getattr(self._api, constant, None)] if constant else []
        arguments += [argument] if argument is not None else []
        if None in arguments:
            return None
        return _ask(self._api, getattr(self._api, call, None), self._handle, *arguments)


def find_nvml_sensors(
    environment: Mapping[str, str], api: ModuleType | None = None
) -> list[NvmlSensor] | None:
    """Return a sensor per board this process may use; None where NVML cannot be initialised.

    Args:
        environment: CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER are read from it, since NVML ignores both.
        api: the pynvml module; imported when not given.
    """
    api = api or _import_api()
    if api is None:
        return None
    try:
        api.nvmlInit()
        count = api.nvmlDeviceGetCount()
    except api.NVMLError as error:
        logger.debug("NVML does not answer: %s", error)
        return None
    handles = [_ask(api, api.nvmlDeviceGetHandleByIndex, index) for index in range(count)]

    def identities() -> list[tuple[str, str]]:
        calls = (api.nvmlDeviceGetUUID, api.nvmlDeviceGetName)
        return [tuple(_ask(api, call, handle) or "" for call in calls) for handle in handles]

    visible = visible_boards(count, environment, identities)
    return [NvmlSensor(api, handles[index], index) for index in visible if handles[index] is not None]


def brakes_of(reasons: int) -> tuple[str, ...]:
    """Return what slows the clock (`thermal`, `power`) according to a mask of clocks-event reasons."""
    return tuple(name for name, bits in _BRAKES.items() if reasons & bits)


def visible_boards(
    count: int, environment: Mapping[str, str], identities: Callable[[], Sequence[tuple[str, str]]]
) -> list[int]:
    """Return the indices, in PCI order, of the boards that CUDA_VISIBLE_DEVICES leaves to this process.

    Args:
        count: boards in the machine.
        environment: where CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER are looked up.
        identities: tells UUID and name of every board; called only when it matters.
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
        # The CUDA guide allows any unambiguous beginning of a UUID.
        return [index for index in every if boards[index][0].startswith(tuple(names))] or every
    # NVML counts in PCI order, CUDA by default the fastest board first: equal boards keep the PCI order.
    alike = len({name for _, name in boards}) == 1
    if all(name.isdecimal() for name in names) and (
        alike or environment.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
    ):
        return [index for index in every if str(index) in names]
    # MIG slices and mixed boards cannot be told apart by number: watching all errs on the cool side.
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
        # NotSupported, FunctionNotFound, GpuIsLost, Uninitialized: this value is missing, others may not be.
        return None
