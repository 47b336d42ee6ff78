"""Compare readings with limits and return the thermal state."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from simmer.base.errors import ConfigError
from simmer.thermal.readings import PressureLevel, Reading


class ThermalState(StrEnum):
    """How hot the machine is; `unknown` (no reading) is a separate state and never means cool."""

    NORMAL = "normal"
    ACCEPTABLE = "acceptable"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"

    @property
    def severity(self) -> int:
        """Rank for choosing the worse of two states; every known state ranks above `unknown`."""
        return _SEVERITY[self]


_SEVERITY = {
    ThermalState.UNKNOWN: -1,
    ThermalState.NORMAL: 0,
    ThermalState.ACCEPTABLE: 1,
    ThermalState.WARNING: 2,
    ThermalState.CRITICAL: 3,
}


class Profile(StrEnum):
    """Which signal of a source is judged first.

    `default` judges degrees. `apple-silicon` judges the pressure level if any source reports one: the die of
    a healthy M-series machine exceeds 95 °C under load, and macOS itself acts on the level. `gpu` judges
    the margin to the hardware's own slowdown if a source reports it: boards slow down between 83 and 105 °C,
    and the margin means the same on each. Without the preferred signal, degrees are judged.
    """

    DEFAULT = "default"
    APPLE_SILICON = "apple-silicon"
    GPU = "gpu"


@dataclass(frozen=True)
class Bands:
    """Ascending values of one signal at which the state changes; °C, or negative kelvins for a margin."""

    acceptable: float
    resume: float
    setpoint: float
    warning: float
    critical: float


# The margin is counted as a negative temperature: 2 K before the slowdown is -2.
MARGIN_BANDS = Bands(acceptable=-23.0, resume=-15.0, setpoint=-10.0, warning=-8.0, critical=-2.0)

_STATE_OF_LEVEL = {
    PressureLevel.NOMINAL: ThermalState.NORMAL,
    PressureLevel.MODERATE: ThermalState.WARNING,
    PressureLevel.HEAVY: ThermalState.WARNING,
    PressureLevel.TRAPPING: ThermalState.CRITICAL,
    PressureLevel.SLEEPING: ThermalState.CRITICAL,
}

# Input of the controller without degrees. These are not temperatures: they only set how fast the duty may
# rise or has to fall. Untested on hardware.
_ROOM_OF_LEVEL_K = {
    PressureLevel.NOMINAL: 3.0,
    PressureLevel.MODERATE: -6.0,
    PressureLevel.HEAVY: -20.0,
    PressureLevel.TRAPPING: -20.0,
    PressureLevel.SLEEPING: -20.0,
}


@dataclass(frozen=True)
class Limits:
    """The temperatures, in °C, at which the machine's state changes.

    Attributes:
        acceptable_c: below it the machine is `normal`.
        setpoint_c: the temperature the governor holds.
        warning_c: at or above it training pauses, once the duty is at its lowest.
        critical_c: at or above it training stops after a checkpoint, once confirmed.
        resume_c: a pause ends at or below it.
        confirm_readings: fresh critical readings in a row before training stops.

    Raises:
        ConfigError: if the values contradict each other.
    """

    acceptable_c: float
    setpoint_c: float
    warning_c: float
    critical_c: float
    resume_c: float
    confirm_readings: int
    profile: Profile = Profile.DEFAULT

    def __post_init__(self) -> None:
        # `not a < b` instead of `a >= b` also refuses NaN.
        if not self.acceptable_c < self.setpoint_c < self.warning_c < self.critical_c:
            raise ConfigError(
                f"thermal: found acceptable_c {self.acceptable_c:g}, setpoint_c {self.setpoint_c:g}, "
                f"warning_c {self.warning_c:g} and critical_c {self.critical_c:g}, expected ascending values "
                "in this order; fix the block `thermal` of the config"
            )
        if not self.resume_c < self.setpoint_c:
            raise ConfigError(
                f"thermal: found resume_c {self.resume_c:g}, expected less than setpoint_c "
                f"{self.setpoint_c:g}, so that a pause cools the machine; fix the block `thermal` of the "
                "config"
            )
        if self.confirm_readings < 1:
            raise ConfigError(
                f"thermal: found confirm_readings {self.confirm_readings}, expected at least 1; "
                "fix the block `thermal` of the config"
            )

    def signal(self, reading: Reading) -> tuple[float, Bands] | None:
        """Return the number that is judged and its bands; None if only a level or nothing can be judged."""
        if self.profile is Profile.APPLE_SILICON and reading.level is not None:
            return None
        if reading.margin_c is not None and (self.profile is Profile.GPU or reading.celsius is None):
            return -reading.margin_c, MARGIN_BANDS
        if reading.celsius is None:
            return None
        return reading.celsius, Bands(
            self.acceptable_c, self.resume_c, self.setpoint_c, self.warning_c, self.critical_c
        )

    def in_celsius(self, band: str, reading: Reading | None) -> float | None:
        """Return one of the `Bands` in °C for a reading; None if no degrees or margin were judged."""
        signal = None if reading is None else self.signal(reading)
        if signal is None or reading is None or reading.celsius is None:
            return None
        value, bands = signal
        return reading.celsius - value + getattr(bands, band)


def judged(readings: Iterable[Reading], limits: Limits) -> Sequence[Reading]:
    """Return the readings that are judged; with `apple-silicon`, only those with a level if there are any."""
    known = [reading for reading in readings if reading.has_thermal_value]
    levels = [reading for reading in known if reading.level is not None]
    return levels if levels and limits.profile is Profile.APPLE_SILICON else known


def state_of(reading: Reading | None, limits: Limits) -> ThermalState:
    """Return the worse of the states given by a reading's degrees (or margin) and its pressure level."""
    if reading is None:
        return ThermalState.UNKNOWN
    by_level = ThermalState.UNKNOWN if reading.level is None else _STATE_OF_LEVEL[reading.level]
    return max(_state_of_signal(reading, limits), by_level, key=lambda state: state.severity)


def room_k(reading: Reading, limits: Limits) -> float:
    """Return the kelvins left below the setpoint (negative above it), the input of the controller.

    Raises:
        ValueError: if the reading has no degrees, margin or level.
    """
    rooms = [] if reading.level is None else [_ROOM_OF_LEVEL_K[reading.level]]
    if (signal := limits.signal(reading)) is not None:
        value, bands = signal
        rooms.append(bands.setpoint - value)
    return min(rooms)


def waits_for(readings: Iterable[Reading], limits: Limits) -> tuple[Reading, str] | None:
    """Return the worst reading that has not cooled and the value it must reach; None if all have cooled."""
    hot = [reading for reading in judged(readings, limits) if not _is_cool(reading, limits)]
    if not hot:
        return None
    worst = min(hot, key=lambda reading: room_k(reading, limits))
    return worst, _resume_text(worst, limits)


def _resume_text(reading: Reading, limits: Limits) -> str:
    signal = limits.signal(reading)
    if signal is None or (reading.level is not None and signal[0] <= signal[1].resume):
        return "pressure nominal"
    if signal[1] is MARGIN_BANDS:
        return f"{-MARGIN_BANDS.resume:g} K below slowdown or more"
    return f"{limits.resume_c:g} °C or less"


def _is_cool(reading: Reading, limits: Limits) -> bool:
    signal = limits.signal(reading)
    return (signal is None or signal[0] <= signal[1].resume) and reading.level in (
        None,
        PressureLevel.NOMINAL,
    )


def _state_of_signal(reading: Reading, limits: Limits) -> ThermalState:
    if (signal := limits.signal(reading)) is None:
        return ThermalState.UNKNOWN
    value, bands = signal
    if value >= bands.critical:
        return ThermalState.CRITICAL
    if value >= bands.warning:
        return ThermalState.WARNING
    return ThermalState.ACCEPTABLE if value >= bands.acceptable else ThermalState.NORMAL
