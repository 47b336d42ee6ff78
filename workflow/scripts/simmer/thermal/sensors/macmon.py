"""Average temperatures of Apple Silicon from the program macmon, without root; untested on hardware.

Fields as in macmon's README, in °C and W. Averages hide the hottest core, and the values of sleeping cores
lower them (vladkens/macmon, issue 12), so this source is used only if the SMC cannot be read.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simmer.thermal.readings import Reading
from simmer.thermal.sensors.command import Run, run_command

_ARGUMENTS = ("pipe", "-s", "1", "-i", "500")
_TIMEOUT_S = 5.0
# A lower average includes sleeping cores (see the limit in smc.py).
_LOWEST_C = 15.0


class MacmonSensor:
    """The higher of the CPU and GPU averages, and the power of the chip."""

    interval_s = 5.0
    name = "macmon:average"

    def __init__(self, program: Path, run: Run = run_command) -> None:
        self._command = (str(program), *_ARGUMENTS)
        self._run = run

    def read(self) -> Reading | None:
        """Return °C and W of one sample, or None without a plausible average."""
        text = self._run(self._command, timeout_s=_TIMEOUT_S) or ""
        reading = parse_macmon(text, self.name)
        return reading if reading is not None and reading.has_thermal_value else None


def find_macmon_sensors(programs: Sequence[Path], run: Run = run_command) -> list[MacmonSensor]:
    """Return a sensor for the first program that exists; an empty list if macmon is not installed."""
    return [MacmonSensor(program, run) for program in programs if program.exists()][:1]


def parse_macmon(text: str, source: str = MacmonSensor.name) -> Reading | None:
    """Parse the averages in the first JSON line of `macmon pipe`; None for any other text."""
    try:
        sample = json.loads(text.partition("\n")[0])
        temperatures = sample["temp"]
        degrees = [_number(temperatures.get(name)) for name in ("cpu_temp_avg", "gpu_temp_avg")]
        power_w = _number(sample.get("all_power"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    averages = [Reading(source, celsius=value).celsius for value in degrees]
    hottest = max((value for value in averages if value is not None and value >= _LOWEST_C), default=None)
    return Reading(source, celsius=hottest, power_w=power_w)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
