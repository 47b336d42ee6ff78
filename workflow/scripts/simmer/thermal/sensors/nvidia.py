"""Temperature and power of NVIDIA GPUs through NVML; untested on hardware.

Source of calls and units: the NVML API reference (temperatures in °C, power in mW) and nvidia-ml-py.
"""

import importlib
import logging
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from simmer.thermal.readings import Reading

logger = logging.getLogger(__name__)


class NvidiaSensor:
    """One GPU; every field is None where the driver or the board does not support the query."""

    interval_s = 0.0

    def __init__(self, api: ModuleType, handle: Any, index: int) -> None:
        self._api = api
        self._handle = handle
        self.name = f"nvml:gpu{index}"
        self._critical_c = self._ask(
            "nvmlDeviceGetTemperatureThreshold", "NVML_TEMPERATURE_THRESHOLD_SLOWDOWN"
        )

    def read(self) -> Reading | None:
        """Return temperature in °C and power in W, or None when the board answers neither."""
        celsius = self._ask("nvmlDeviceGetTemperatureV", "NVML_TEMPERATURE_GPU")
        if celsius is None:
            # Older drivers do not know the new call; the old one is deprecated and goes with CUDA 14.
            celsius = self._ask("nvmlDeviceGetTemperature", "NVML_TEMPERATURE_GPU")
        milliwatts = self._ask("nvmlDeviceGetPowerUsage")
        if celsius is None and milliwatts is None:
            return None
        return Reading(
            source=self.name,
            celsius=celsius,
            critical_c=self._critical_c,
            power_w=None if milliwatts is None else milliwatts / 1000,
        )

    def _ask(self, call: str, constant: str | None = None) -> float | None:
        arguments = () if constant is None else (getattr(self._api, constant),)
        return _ask(self._api, getattr(self._api, call, None), self._handle, *arguments)


def find_nvidia_sensors(environment: Mapping[str, str], api: ModuleType | None = None) -> list[NvidiaSensor]:
    """Return a sensor per GPU this process may use; none without nvidia-ml-py, driver or board.

    Args:
        environment: CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER are read from it, since NVML ignores both.
        api: the pynvml module; imported when not given.
    """
    api = api or _import_api()
    if api is None:
        return []
    try:
        api.nvmlInit()
        handles = [api.nvmlDeviceGetHandleByIndex(index) for index in range(api.nvmlDeviceGetCount())]
    except api.NVMLError as error:
        logger.debug("NVML does not answer: %s", error)
        return []
    return [NvidiaSensor(api, handles[index], index) for index in _visible(api, handles, environment)]


def _import_api() -> ModuleType | None:
    try:
        return importlib.import_module("pynvml")
    except ImportError:
        return None


def _visible(api: ModuleType, handles: list[Any], environment: Mapping[str, str]) -> list[int]:
    every = list(range(len(handles)))
    wanted = environment.get("CUDA_VISIBLE_DEVICES")
    if wanted is None:
        return every
    names = [name.strip() for name in wanted.split(",")]
    if names[0] in ("", "-1"):
        return []
    if all(name.startswith("GPU-") for name in names):
        uuids = [_ask(api, api.nvmlDeviceGetUUID, handle) or "" for handle in handles]
        # The CUDA guide allows any unambiguous beginning of a UUID.
        return [index for index in every if uuids[index].startswith(tuple(names))] or every
    if all(name.isdecimal() for name in names) and _counts_like_cuda(api, handles, environment):
        return [index for index in every if str(index) in names]
    # MIG slices and mixed boards cannot be told apart by number: watching all errs on the cool side.
    return every


def _counts_like_cuda(api: ModuleType, handles: list[Any], environment: Mapping[str, str]) -> bool:
    # NVML counts in PCI order, CUDA by default the fastest board first: equal boards keep the PCI order.
    if environment.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID":
        return True
    return len({_ask(api, api.nvmlDeviceGetName, handle) for handle in handles}) == 1


def _ask(api: ModuleType, call: Callable[..., Any] | None, *arguments: Any) -> Any:
    if call is None:
        return None
    try:
        return call(*arguments)
    except api.NVMLError:
        # NotSupported, FunctionNotFound, GpuIsLost: this field has no value, the others may.
        return None
