"""Config block `thermal`."""

import platform
import sys
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from simmer.base.settings import Flag, Number, Whole, settings
from simmer.thermal.duty import MIN_DUTY
from simmer.thermal.governor import GovernorSettings
from simmer.thermal.limits import Limits, Profile
from simmer.thermal.sensors import Sensor, find_sensors
from simmer.thermal.sensors.nvml import NVIDIA_DEVICE


@settings
class ThermalSettings:
    """The thermal guard. Temperatures in °C."""

    profile: Annotated[
        Literal["auto", *(profile.value for profile in Profile)],
        Field(
            description="Which signal is judged first. `default`: degrees. `apple-silicon`: the pressure "
            "level that macOS acts on, since a healthy die passes 95 °C; degrees only where no level is "
            "told. `gpu`: a board's margin to its own slowdown where it tells one (setpoint 10 K before it, "
            "warning 8, critical 2, resumed at 15), degrees elsewhere. `auto`: `apple-silicon` on an "
            "M-series Mac, `gpu` beside an NVIDIA board, else `default`."
        ),
    ]
    acceptable_c: Annotated[
        Number,
        Field(description="From here on the state is `acceptable` instead of `normal`."),
    ]
    setpoint_c: Annotated[
        Number,
        Field(
            description="Where the machine is held, by sleeping between optimizer steps for as long as it "
            "takes."
        ),
    ]
    warning_c: Annotated[
        Number,
        Field(
            description="From here on training pauses, if sleeping most of the time (for 15 sample periods) "
            "did not help."
        ),
    ]
    critical_c: Annotated[
        Number,
        Field(
            description="From here on, once confirmed, training checkpoints and stops with exit status 75."
        ),
    ]
    resume_c: Annotated[
        Number,
        Field(
            description="A pause ends at or below this temperature; so does the wait before a trial starts."
        ),
    ]
    confirm_readings: Annotated[
        Whole,
        Field(
            ge=1,
            description="Consecutive fresh critical readings before training stops. A single one already "
            "slows training to its lowest duty, a tenth.",
        ),
    ]
    govern: Annotated[
        Flag,
        Field(
            description="Hold the setpoint. With false nothing is slowed or paused, and critical alone "
            "stops training; for machines that a power cap already keeps cool."
        ),
    ]
    sample_period_s: Annotated[
        Number,
        Field(
            gt=0,
            description="Seconds between two decisions; the sensors are read four times as often and their "
            "peak counts.",
        ),
    ]
    require_sensor: Annotated[
        Flag,
        Field(
            description="Refuse to train when no temperature can be read. Without it, that is a loud warning."
        ),
    ]
    duty_when_blind: Annotated[
        Number,
        Field(
            ge=MIN_DUTY,
            le=1,
            description="Share of the time that training may take when no temperature can be read; 1 never "
            "holds back.",
        ),
    ]
    blind_hold_s: Annotated[
        Number,
        Field(
            ge=0,
            description="How long the last duty is kept after the last reading, before it drifts to "
            "`duty_when_blind`.",
        ),
    ]
    cooldown_timeout_s: Annotated[
        Number,
        Field(
            ge=0,
            description="Longest wait for the machine to cool, before a trial starts or in a pause; then "
            "the run stops, resumable.",
        ),
    ]
    auto_resume: Annotated[
        Whole,
        Field(
            ge=0,
            description="How often a job that failed or stopped, for heat above all, is started again "
            "without anybody typing the command; a hot machine is waited for first.",
        ),
    ]
    allow_sudo_powermetrics: Annotated[
        Flag,
        Field(description="On macOS, ask `powermetrics` through `sudo -n` as well. Never prompts."),
    ]
    sysfs_root: Annotated[str, Field(description="Where Linux shows its sensors.")]

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
