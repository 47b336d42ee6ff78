"""Config block `thermal`."""

from dataclasses import dataclass
from pathlib import Path

from simmer.thermal.readings import Limits
from simmer.thermal.sensors import Sensor, find_sensors


@dataclass(frozen=True, kw_only=True)
class ThermalSettings:
    """What the guard of a trial is told; the keys are those of the config block.

    Raises:
        ConfigError: when the temperatures contradict each other.
    """

    acceptable_c: float
    warning_c: float
    critical_c: float
    resume_c: float
    confirm_readings: int
    sample_period_s: float
    require_sensor: bool
    cooldown_timeout_s: float
    auto_resume: int
    allow_sudo_powermetrics: bool
    sysfs_root: str

    def __post_init__(self) -> None:
        self.limits()

    def limits(self) -> Limits:
        """Return the temperatures at which the machine's state changes."""
        return Limits(
            acceptable_c=self.acceptable_c,
            warning_c=self.warning_c,
            critical_c=self.critical_c,
            resume_c=self.resume_c,
            confirm_readings=self.confirm_readings,
        )

    def sensors(self) -> list[Sensor]:
        """Return the sensors of this machine; none where none is readable."""
        return find_sensors(Path(self.sysfs_root), allow_sudo_powermetrics=self.allow_sudo_powermetrics)
