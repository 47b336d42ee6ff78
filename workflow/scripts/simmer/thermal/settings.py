"""Config block `thermal`."""

import platform
import sys
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from simmer.base.mistakes import contradiction
from simmer.base.settings import Flag, Number, Whole, settings
from simmer.thermal.duty import MIN_DUTY
from simmer.thermal.governor import GovernorSettings
from simmer.thermal.limits import Limits, Profile
from simmer.thermal.sensors import Sensor, find_sensors
from simmer.thermal.sensors.nvml import NVIDIA_DEVICE

# No processor is meant to run hotter; every limit in Fahrenheit is above it.
HIGHEST_C = 110


def _not_fahrenheit(value: float) -> float:
    if value > HIGHEST_C:
        raise contradiction(
            f"found {value:g}, expected °C, at most {HIGHEST_C}; if Fahrenheit was meant, write "
            f"{(value - 32) / 1.8:.0f}"
        )
    return value


Celsius = Annotated[
    Number, AfterValidator(_not_fahrenheit), WithJsonSchema({"type": "number", "maximum": HIGHEST_C})
]


@settings
class ThermalSettings:
    """The thermal guard. Temperatures in °C."""

    profile: Annotated[
        Literal["auto", *(profile.value for profile in Profile)],
        Field(
            description="Which signal is judged first. `default`: degrees. `apple-silicon`: the pressure "
            "level that macOS acts on, because a healthy die exceeds 95 °C; degrees if no level is reported. "
            "`gpu`: the margin to a GPU's own slowdown (setpoint at 10 K, warning at 8, critical at 2, "
            "resume at 15); degrees if no margin is reported. `auto`: `apple-silicon` on an M-series Mac, "
            "`gpu` with an NVIDIA GPU, else `default`."
        ),
    ]
    acceptable_c: Annotated[
        Celsius,
        Field(description="At or above it the state is `acceptable` instead of `normal`."),
    ]
    setpoint_c: Annotated[
        Celsius,
        Field(
            description="The temperature at which the machine is held, by sleeping between optimizer steps."
        ),
    ]
    warning_c: Annotated[
        Celsius,
        Field(
            description="At or above it training pauses, once it has been at the lowest duty for 15 sample "
            "periods."
        ),
    ]
    critical_c: Annotated[
        Celsius,
        Field(
            description="At or above it, once confirmed, training writes a checkpoint and stops with exit "
            "status 75."
        ),
    ]
    resume_c: Annotated[
        Celsius,
        Field(
            description="A pause ends at or below this temperature; so does the wait before a trial starts."
        ),
    ]
    confirm_readings: Annotated[
        Whole,
        Field(
            ge=1,
            description="Consecutive fresh critical readings before training stops. The first one already "
            "lowers the duty to its minimum, a tenth.",
        ),
    ]
    govern: Annotated[
        Flag,
        Field(
            description="Hold the setpoint. If false, training is never slowed or paused and stops at "
            "critical only; for machines that a power limit keeps cool."
        ),
    ]
    sample_period_s: Annotated[
        Number,
        Field(
            gt=0,
            description="Seconds between two decisions. The sensors are read four times as often and their "
            "peak is used.",
        ),
    ]
    require_sensor: Annotated[
        Flag,
        Field(
            description="Refuse to train if no temperature can be read. If false, only a warning is logged."
        ),
    ]
    duty_when_blind: Annotated[
        Number,
        Field(
            ge=MIN_DUTY,
            le=1,
            description="Duty (share of time training may use) if no temperature can be read; 1 is full "
            "speed.",
        ),
    ]
    blind_hold_s: Annotated[
        Number,
        Field(
            ge=0,
            description="Seconds for which the last duty is kept after the last reading, before it moves to "
            "`duty_when_blind`.",
        ),
    ]
    cooldown_timeout_s: Annotated[
        Number,
        Field(
            ge=0,
            description="Longest wait in seconds for the machine to cool, before a trial starts or in a "
            "pause. Then the run stops; the same command resumes it.",
        ),
    ]
    auto_resume: Annotated[
        Whole,
        Field(
            ge=0,
            description="How many times a job that failed or stopped (usually for heat) is started again "
            "automatically, after a hot machine has cooled.",
        ),
    ]
    allow_sudo_powermetrics: Annotated[
        Flag,
        Field(description="On macOS, also read `powermetrics` through `sudo -n`, which never prompts."),
    ]
    sysfs_root: Annotated[str, Field(description="Folder of the Linux sensors.")]

    def __post_init__(self) -> None:
        self.limits()

    def limits(self) -> Limits:
        """Return the limits, with `auto` resolved for this machine."""
        profile = profile_of_machine() if self.profile == "auto" else Profile(self.profile)
        return Limits(**self._keys_of(Limits) | {"profile": profile})

    def governor(self) -> GovernorSettings:
        """Return the settings of the governor."""
        return GovernorSettings(**self._keys_of(GovernorSettings), period_s=self.sample_period_s)

    def _keys_of(self, kind: type) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(kind) if hasattr(self, field.name)}

    def sensors(self) -> list[Sensor]:
        """Return the readable sensors of this machine."""
        return find_sensors(Path(self.sysfs_root), allow_sudo_powermetrics=self.allow_sudo_powermetrics)


def profile_of_machine(
    system: str = sys.platform, processor: str | None = None, nvidia: Path = NVIDIA_DEVICE
) -> Profile:
    """Resolve `auto`: `apple-silicon` on an M-series Mac, `gpu` with an NVIDIA GPU, else `default`."""
    if (system, processor or platform.machine()) == ("darwin", "arm64"):
        return Profile.APPLE_SILICON
    return Profile.GPU if nvidia.exists() else Profile.DEFAULT
