"""A pressure level (Apple Silicon) or degrees (Intel) from powermetrics, by consent only.

`powermetrics` needs root, so it is asked only when the user allows it, with arguments that match one sudoers
line to the letter:

    alice ALL=(root) NOPASSWD: /usr/bin/powermetrics --samplers thermal -n 1 -i 200

(`smc` instead of `thermal` on Intel). Never grant the bare program: its `-o` writes any file as root.
Untested on hardware.
"""

import platform
import re

from simmer.thermal.readings import PressureLevel, Reading, plausible_celsius
from simmer.thermal.sensors.command import Run, run_command
from simmer.thermal.sensors.tools import Tools

_INTERVAL_MS = 200
# powermetrics needs its interval before it prints; the default interval would be 5000 ms (man page).
_TIMEOUT_S = 5.0

_LEVEL_LINE = re.compile(r"^\s*Current pressure level:\s*(\w+)\s*$", re.MULTILINE)
_DIE_LINE = re.compile(r"^\s*(?:CPU|GPU) die temperature:\s*(-?\d+(?:\.\d+)?)\s*C\b", re.MULTILINE)
# A part that sleeps or has failed prints less (see the SMC's own limit).
_LOWEST_C = 15.0


class PowermetricsSensor:
    """`powermetrics` through `sudo -n`, which never asks for a password."""

    interval_s = 10.0

    def __init__(
        self, tools: Tools | None = None, sampler: str | None = None, run: Run = run_command
    ) -> None:
        """Take what to run.

        Args:
            tools: paths of sudo and powermetrics; the usual ones when not given.
            sampler: `thermal` or `smc`; the one that this machine's chip has when not given.
            run: runs a command and returns its output.
        """
        sampler = sampler or _sampler()
        self.name = f"powermetrics:{sampler}"
        self._command = powermetrics_command(tools or Tools(), sampler)
        self._run = run

    def read(self) -> Reading | None:
        """Return what one sample says, or None when sudo refuses or the text holds nothing known."""
        text = self._run(self._command, timeout_s=_TIMEOUT_S) or ""
        level, celsius = parse_pressure_level(text), parse_die_temperature(text)
        return None if level is None and celsius is None else Reading(self.name, celsius=celsius, level=level)


def powermetrics_command(tools: Tools, sampler: str) -> tuple[str, ...]:
    """Return the command line, spelled exactly as the sudoers line has to spell it."""
    return (
        str(tools.sudo), "-n", str(tools.powermetrics),
        "--samplers", sampler, "-n", "1", "-i", str(_INTERVAL_MS),
    )  # fmt: skip


def parse_pressure_level(text: str) -> PressureLevel | None:
    """Return the level in the output of `powermetrics --samplers thermal`; unknown words give None."""
    found = _LEVEL_LINE.search(text)
    return PressureLevel.from_word(found.group(1)) if found else None


def parse_die_temperature(text: str) -> float | None:
    """Return the hottest die temperature in °C that `powermetrics --samplers smc` printed (Intel only)."""
    degrees = [plausible_celsius(float(value)) for value in _DIE_LINE.findall(text)]
    return max((value for value in degrees if value is not None and value >= _LOWEST_C), default=None)


def _sampler() -> str:
    # Apple Silicon has no smc sampler, and the thermal sampler prints no degrees on Intel.
    return "thermal" if platform.machine() == "arm64" else "smc"
