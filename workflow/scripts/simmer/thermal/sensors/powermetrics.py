"""Pressure level (Apple Silicon) or degrees (Intel) from powermetrics, only if the user allows it.

`powermetrics` needs root. It is run with arguments that exactly match one sudoers line:

    alice ALL=(root) NOPASSWD: /usr/bin/powermetrics --samplers thermal -n 1 -i 200

(`smc` instead of `thermal` on Intel). Never allow the program without arguments: with `-o` it writes any file
as root. Untested on hardware.
"""

import platform
import re

from simmer.thermal.readings import PressureLevel, Reading, plausible_celsius
from simmer.thermal.sensors.command import Run, run_command
from simmer.thermal.sensors.tools import Tools

_INTERVAL_MS = 200
# powermetrics prints after its interval, by default 5000 ms (man page).
_TIMEOUT_S = 5.0

_LEVEL_LINE = re.compile(r"^\s*Current pressure level:\s*(\w+)\s*$", re.MULTILINE)
_DIE_LINE = re.compile(r"^\s*(?:CPU|GPU) die temperature:\s*(-?\d+(?:\.\d+)?)\s*C\b", re.MULTILINE)
# A sensor of a sleeping or failed part prints less (see the limit in smc.py).
_LOWEST_C = 15.0


class PowermetricsSensor:
    """`powermetrics` through `sudo -n`, which never asks for a password."""

    interval_s = 10.0

    def __init__(
        self, tools: Tools | None = None, sampler: str | None = None, run: Run = run_command
    ) -> None:
        """Choose the command.

        Args:
            tools: paths of sudo and powermetrics; by default the usual ones.
            sampler: `thermal` or `smc`; by default the one for this machine's chip.
            run: runs a command and returns its output.
        """
        sampler = sampler or _sampler()
        self.name = f"powermetrics:{sampler}"
        self._command = powermetrics_command(tools or Tools(), sampler)
        self._run = run

    def read(self) -> Reading | None:
        """Return the reading of one sample, or None if sudo refuses or the output is unknown."""
        text = self._run(self._command, timeout_s=_TIMEOUT_S) or ""
        level, celsius = parse_pressure_level(text), parse_die_temperature(text)
        return None if level is None and celsius is None else Reading(self.name, celsius=celsius, level=level)


def powermetrics_command(tools: Tools, sampler: str) -> tuple[str, ...]:
    """Return the command line exactly as it must be in the sudoers line."""
    return (
        str(tools.sudo), "-n", str(tools.powermetrics),
        "--samplers", sampler, "-n", "1", "-i", str(_INTERVAL_MS),
    )  # fmt: skip


def parse_pressure_level(text: str) -> PressureLevel | None:
    """Parse the level in the output of `powermetrics --samplers thermal`; None for unknown words."""
    found = _LEVEL_LINE.search(text)
    return PressureLevel.from_word(found.group(1)) if found else None


def parse_die_temperature(text: str) -> float | None:
    """Parse the highest die temperature in °C in the output of `powermetrics --samplers smc` (Intel only)."""
    degrees = [plausible_celsius(float(value)) for value in _DIE_LINE.findall(text)]
    return max((value for value in degrees if value is not None and value >= _LOWEST_C), default=None)


def _sampler() -> str:
    # Apple Silicon has no smc sampler, and the thermal sampler prints no degrees on Intel.
    return "thermal" if platform.machine() == "arm64" else "smc"
