"""Thermal pressure and, where it can be had, temperature on macOS; untested on hardware.

`notify(3)` tells the pressure level without privileges. `powermetrics` needs root, so it is asked only when
the user allows it, with arguments that match one sudoers line to the letter:

    alice ALL=(root) NOPASSWD: /usr/bin/powermetrics --samplers thermal -n 1 -i 200

(`smc` instead of `thermal` on Intel). Never grant the bare program: its `-o` writes any file as root.
"""

import ctypes
import json
import platform
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from simmer.thermal.readings import PressureLevel, Reading
from simmer.thermal.sensors.command import run_command

_NOTIFY_KEY = b"com.apple.system.thermalpressurelevel"
_NOTIFY_STATUS_OK = 0  # notify.h
_LIBSYSTEM = "/usr/lib/libSystem.B.dylib"

_INTERVAL_MS = 200
# powermetrics needs its interval before it prints; the default interval would be 5000 ms (man page).
_POWERMETRICS_TIMEOUT_S = 5.0
_POWERMETRICS_EVERY_S = 10.0

_MACMON_PATHS = (Path("/opt/homebrew/bin/macmon"), Path("/usr/local/bin/macmon"))
_MACMON_ARGUMENTS = ("pipe", "-s", "1", "-i", "500")
# Sensors of sleeping cores answer -4 to 8.4 °C; no genuine value was seen below 21 (oshi, issue 3531).
_LOWEST_C = 15.0

_LEVEL_LINE = re.compile(r"^\s*Current pressure level:\s*(\w+)\s*$", re.MULTILINE)
_DIE_LINE = re.compile(r"^\s*(?:CPU|GPU) die temperature:\s*(-?\d+(?:\.\d+)?)\s*C\b", re.MULTILINE)

Run = Callable[..., str | None]


class PressureSensor:
    """The thermal pressure level of macOS through `notify(3)`: no root, no subprocess."""

    interval_s = 0.0
    name = "notify:thermalpressurelevel"

    def __init__(self, library: Any) -> None:
        """Register with libSystem.

        Raises:
            OSError: when the key cannot be registered.
        """
        self._library = library
        self._token = ctypes.c_int(0)
        if library.notify_register_check(_NOTIFY_KEY, ctypes.byref(self._token)) != _NOTIFY_STATUS_OK:
            raise OSError("notify_register_check refuses the key of the thermal pressure level")

    def read(self) -> Reading | None:
        """Return the level, or None when macOS does not tell it."""
        state = ctypes.c_uint64(0)
        if self._library.notify_get_state(self._token, ctypes.byref(state)) != _NOTIFY_STATUS_OK:
            return None
        level = PressureLevel.from_number(state.value)
        return None if level is None else Reading(self.name, level=level)


class PowermetricsSensor:
    """`powermetrics` through `sudo -n`: a level on Apple Silicon, degrees on Intel; only by consent."""

    interval_s = _POWERMETRICS_EVERY_S

    def __init__(self, sampler: str, run: Run = run_command) -> None:
        self.name = f"powermetrics:{sampler}"
        self._sampler = sampler
        self._run = run

    def read(self) -> Reading | None:
        """Return what one sample says, or None when sudo refuses or the text holds nothing known."""
        text = self._run(powermetrics_command(self._sampler), timeout_s=_POWERMETRICS_TIMEOUT_S) or ""
        level, celsius = parse_pressure_level(text), parse_die_temperature(text)
        return None if level is None and celsius is None else Reading(self.name, celsius=celsius, level=level)


def find_macos_sensors(*, allow_sudo_powermetrics: bool) -> list[PressureSensor | PowermetricsSensor]:
    """Return the sensors of this Mac; without consent to sudo, the pressure level alone."""
    sensors: list[PressureSensor | PowermetricsSensor] = []
    # Not a Mac, or a libSystem without notify: the caller finds no sensor and says so.
    with suppress(OSError, AttributeError):
        sensors.append(PressureSensor(ctypes.CDLL(_LIBSYSTEM)))
    if allow_sudo_powermetrics:
        sensors.append(PowermetricsSensor(_sampler()))
    return sensors


def get_macos_temperature(*, allow_sudo_powermetrics: bool = False, run: Run = run_command) -> float:
    """Return the CPU or GPU temperature of this Mac in °C, or -1.0 on any failure.

    Asks `macmon` where it is installed (averages over the cores, no root), then `powermetrics` if allowed;
    the latter prints degrees on Intel only. This function alone keeps -1.0, for its callers outside.
    """
    for program in _MACMON_PATHS:
        celsius = parse_macmon(run((str(program), *_MACMON_ARGUMENTS), timeout_s=5.0) or "")
        if celsius is not None:
            return celsius
    if allow_sudo_powermetrics:
        text = run(powermetrics_command(_sampler()), timeout_s=_POWERMETRICS_TIMEOUT_S) or ""
        celsius = parse_die_temperature(text)
        if celsius is not None:
            return celsius
    return -1.0


def powermetrics_command(sampler: str) -> tuple[str, ...]:
    """Return the command line, spelled exactly as the sudoers line has to spell it."""
    return (
        "/usr/bin/sudo", "-n", "/usr/bin/powermetrics",
        "--samplers", sampler, "-n", "1", "-i", str(_INTERVAL_MS),
    )  # fmt: skip


def parse_pressure_level(text: str) -> PressureLevel | None:
    """Return the level in the output of `powermetrics --samplers thermal`; unknown words give None."""
    found = _LEVEL_LINE.search(text)
    return PressureLevel.from_word(found.group(1)) if found else None


def parse_die_temperature(text: str) -> float | None:
    """Return the hottest die temperature in °C that `powermetrics --samplers smc` printed (Intel only)."""
    degrees = [float(value) for value in _DIE_LINE.findall(text)]
    return max((value for value in degrees if value >= _LOWEST_C), default=None)


def parse_macmon(text: str) -> float | None:
    """Return the hotter of CPU and GPU average in °C from one JSON line of `macmon pipe`."""
    try:
        temperatures = json.loads(text)["temp"]
        degrees = [
            float(temperatures[name]) for name in ("cpu_temp_avg", "gpu_temp_avg") if name in temperatures
        ]
    except (ValueError, KeyError, TypeError):
        return None
    return max((value for value in degrees if value >= _LOWEST_C), default=None)


def _sampler() -> str:
    # Apple Silicon has no smc sampler, and the thermal sampler prints no degrees on Intel.
    return "thermal" if platform.machine() == "arm64" else "smc"
