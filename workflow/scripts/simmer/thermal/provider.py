"""The names other programs import: load, temperature on macOS, and a callback with a verdict."""

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
    """Return load in percent: of all cores since the last call of this thread, and of memory; never waits."""
    return {
        "cpu_percent": float(psutil.cpu_percent(interval=None)),
        "memory_percent": float(psutil.virtual_memory().percent),
    }


@dataclass(frozen=True)
class ThermalStatus:
    """What a check found.

    Attributes:
        temperature: °C, or None when there is no reading.
        status: normal, acceptable, warning, critical or unknown.
        should_pause: True at critical only; `unknown` never pauses.
        message: one sentence for people.
    """

    temperature: float | None
    status: str
    should_pause: bool
    message: str


class ThermalCallback:
    """Checks one temperature against limits, for loops that have no guard."""

    def __init__(
        self, temperature_provider: Callable[[], float | None] | None = None, *, limits: Limits
    ) -> None:
        """Take a provider of °C; without one, the sensors of this machine are asked."""
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
                message=f"temperature unknown: {problem}; training goes on unwatched",
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
            # The provider is foreign code: whatever it raises must not end a training it only watches.
            logger.exception("the temperature provider failed")
            return None, f"the provider raised {type(error).__name__}: {error}"
        # 0 and below, -1.0 among them, is what sources return when they have no value.
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
