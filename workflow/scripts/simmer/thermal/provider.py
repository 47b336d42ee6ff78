"""The public interface for other programs: load, temperature on macOS, and a temperature check."""

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from simmer.thermal.limits import Limits, ThermalState, state_of
from simmer.thermal.readings import Reading, hottest_of
from simmer.thermal.sensors import find_sensors, get_macos_temperature

__all__ = ["ThermalCallback", "ThermalStatus", "get_hardware_stats", "get_macos_temperature"]

logger = logging.getLogger(__name__)


def get_hardware_stats() -> dict[str, float]:
    """Return the load of all cores since this thread's last call, and of memory, in percent; never waits."""
    return {
        "cpu_percent": float(psutil.cpu_percent(interval=None)),
        "memory_percent": float(psutil.virtual_memory().percent),
    }


@dataclass(frozen=True)
class ThermalStatus:
    """The result of a temperature check.

    Attributes:
        temperature: °C, or None without a reading.
        status: normal, acceptable, warning, critical or unknown.
        should_pause: True at critical only; `unknown` never pauses.
        message: the status as a sentence.
    """

    temperature: float | None
    status: str
    should_pause: bool
    message: str


class ThermalCallback:
    """Check one temperature against limits, for training loops without a guard."""

    def __init__(
        self, temperature_provider: Callable[[], float | None] | None = None, *, limits: Limits
    ) -> None:
        """Use a provider of °C, or by default the sensors of this machine."""
        self._provider = temperature_provider or _machine_provider()
        self._limits = limits

    def check(self) -> ThermalStatus:
        """Return the status; a provider that fails, or returns None or -1.0, gives `unknown`."""
        celsius, problem = self._measure()
        if celsius is None:
            return ThermalStatus(
                temperature=None,
                status=str(ThermalState.UNKNOWN),
                should_pause=False,
                message=f"temperature unknown: {problem}; training continues without temperature monitoring",
            )
        state = state_of(Reading("provider", celsius=celsius), self._limits)
        return ThermalStatus(
            temperature=celsius,
            status=str(state),
            should_pause=state is ThermalState.CRITICAL,
            message=f"{state}: {celsius:.1f} °C (warning from {self._limits.warning_c:g} °C, "
            f"critical from {self._limits.critical_c:g} °C)",
        )

    def _measure(self) -> tuple[float | None, str]:
        try:
            value = self._provider()
            celsius = None if value is None else Reading("provider", celsius=float(value)).celsius
        except Exception as error:
            # The provider is foreign code: an exception in it must not end training.
            logger.exception("the temperature provider failed")
            return None, f"the provider raised {type(error).__name__}: {error}"
        # Sources without a value return 0 or less, for example -1.0.
        if celsius is None or celsius <= 0.0:
            return None, f"the provider returned {value}"
        return celsius, ""


def _machine_provider() -> Callable[[], float | None]:
    sensors = find_sensors(Path("/sys"))

    def hottest_c() -> float | None:
        readings = [reading for sensor in sensors if (reading := sensor.read()) is not None]
        hottest = hottest_of(readings)
        if hottest is not None and hottest.celsius is not None:
            return hottest.celsius
        return get_macos_temperature() if sys.platform == "darwin" else None

    return hottest_c
