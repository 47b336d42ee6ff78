"""Config block `thermal`."""

import platform
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from simmer.thermal.governor import GovernorSettings
from simmer.thermal.limits import Limits, Profile
from simmer.thermal.sensors import Sensor, find_sensors
from simmer.thermal.sensors.nvml import NVIDIA_DEVICE


@dataclass(frozen=True, kw_only=True)
class ThermalSettings:
    """What the guard of a trial is told; the keys are those of the config block.

    Raises:
        ConfigError: when the temperatures contradict each other.
    """

    profile: str
    acceptable_c: float
    setpoint_c: float
    warning_c: float
    critical_c: float
    resume_c: float
    confirm_readings: int
    govern: bool
    sample_period_s: float
    require_sensor: bool
    duty_when_blind: float
    blind_hold_s: float
    cooldown_timeout_s: float
    auto_resume: int
    allow_sudo_powermetrics: bool
    sysfs_root: str

    def __post_init__(self) -> None:
        self.limits()

    def limits(self) -> Limits:
        """Return the temperatures at which the machine's state changes, and what is judged by them."""
        profile = profile_of_machine() if self.profile == "auto" else Profile(self.profile)
        return Limits(**self._keys_of(Limits) | {"profile": profile})

    def governor(self) -> GovernorSettings:
        """Return how the governor acts."""
        return GovernorSettings(**self._keys_of(GovernorSettings), period_s=self.sample_period_s)

    def _keys_of(self, kind: type) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(kind) if hasattr(self, field.name)}

    def sensors(self) -> list[Sensor]:
        """Return the sensors of this machine; none where none is readable."""
        return find_sensors(Path(self.sysfs_root), allow_sudo_powermetrics=self.allow_sudo_powermetrics)


def profile_of_machine(
    system: str = sys.platform, processor: str | None = None, nvidia: Path = NVIDIA_DEVICE
) -> Profile:
    """Return what `auto` means: a Mac's profile by its chip, `gpu` beside an NVIDIA board, else `default`."""
    if (system, processor or platform.machine()) == ("darwin", "arm64"):
        return Profile.APPLE_SILICON
    return Profile.GPU if nvidia.exists() else Profile.DEFAULT
