"""The limits a reading is held against, and the state that follows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from simmer.base.errors import ConfigError
from simmer.thermal.readings import PressureLevel, Reading


class ThermalState(StrEnum):
    """How hot the machine is; `unknown` is a state of its own and never means cool."""

    NORMAL = "normal"
    ACCEPTABLE = "acceptable"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"

    @property
    def severity(self) -> int:
        """Rank for choosing the worse of two states; `unknown` is outranked by every known one."""
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

    `default` judges degrees. `apple-silicon` judges the pressure level wherever one is told: the die of a
    healthy M-series machine passes 95 °C under load, and the level is what macOS itself acts on. `gpu`
    judges the margin to the hardware's own slowdown where a source tells it: boards slow down between
    83 and 105 °C, and the margin means the same on each. What a source does not tell falls back to degrees.
    """

    DEFAULT = "default"
    APPLE_SILICON = "apple-silicon"
    GPU = "gpu"


@dataclass(frozen=True)
class Bands:
    """Rising values of one signal at which the state changes; °C, or kelvins below zero for a margin."""

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

# What the controller is fed where there are no degrees. A level is not turned into a temperature: these only
# say how fast the duty may rise or has to fall. Untested on hardware.
_ROOM_OF_LEVEL_K = {
    PressureLevel.NOMINAL: 3.0,
    PressureLevel.MODERATE: -6.0,
    PressureLevel.HEAVY: -20.0,
    PressureLevel.TRAPPING: -20.0,
    PressureLevel.SLEEPING: -20.0,
}


@dataclass(frozen=True)
class Limits:
    """The temperatures, in °C, at which the machine's state changes, and what is judged by them.

    Attributes:
        acceptable_c: below it the machine is `normal`.
        setpoint_c: where the governor holds the machine.
        warning_c: at or above it, with nothing left to slow down, training pauses.
        critical_c: at or above it, once confirmed, training stops after a checkpoint.
        resume_c: a pause ends at or below it.
        confirm_readings: fresh critical readings in a row before training stops.
        profile: which signal of a source is judged first.

    Raises:
        ConfigError: when the values contradict each other.
    """

    acceptable_c: float
    setpoint_c: float
    warning_c: float
    critical_c: float
    resume_c: float
    confirm_readings: int
    profile: Profile = Profile.DEFAULT

    def __post_init__(self) -> None:
        # `not a < b` instead of `a >= b`, so that NaN is refused too.
        if not self.acceptable_c < self.setpoint_c < self.warning_c < self.critical_c:
            raise ConfigError(
                f"thermal: found acceptable_c {self.acceptable_c:g}, setpoint_c {self.setpoint_c:g}, "
                f"warning_c {self.warning_c:g} and critical_c {self.critical_c:g}, expected them to rise in "
                "this order; mend the block `thermal` of the config"
            )
        if not self.resume_c < self.setpoint_c:
            raise ConfigError(
                f"thermal: found resume_c {self.resume_c:g}, expected less than setpoint_c "
                f"{self.setpoint_c:g}, or a pause would end where it began; mend the block `thermal` of the "
                "config"
            )
        if self.confirm_readings < 1:
            raise ConfigError(
                f"thermal: confirm_readings is {self.confirm_readings}, at least 1 is expected; "
                "mend the block `thermal` of the config"
            )

    def signal(self, reading: Reading) -> tuple[float, Bands] | None:
        """Return the number that is judged and its bands; None where a level alone is, or nothing can be."""
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
        """Return one of the `Bands` in °C as it applies to a reading; None where no degrees were judged."""
        signal = None if reading is None else self.signal(reading)
        if signal is None or reading is None or reading.celsius is None:
            return None
        value, bands = signal
        return reading.celsius - value + getattr(bands, band)


def judged(readings: Iterable[Reading], limits: Limits) -> Sequence[Reading]:
    """Return the readings that count; where the profile puts levels first, those with a level if any has."""
    known = [reading for reading in readings if reading.tells_heat]
    levels = [reading for reading in known if reading.level is not None]
    return levels if levels and limits.profile is Profile.APPLE_SILICON else known


def state_of(reading: Reading | None, limits: Limits) -> ThermalState:
    """Return the worse of what the degrees (or the margin) and the pressure level of a reading mean."""
    if reading is None:
        return ThermalState.UNKNOWN
    by_level = ThermalState.UNKNOWN if reading.level is None else _STATE_OF_LEVEL[reading.level]
    return max(_state_of_signal(reading, limits), by_level, key=lambda state: state.severity)


def room_k(reading: Reading, limits: Limits) -> float:
    """Return the kelvins left below the setpoint, negative above it; what the governor steers by.

    Raises:
        ValueError: for a reading that tells no heat.
    """
    rooms = [] if reading.level is None else [_ROOM_OF_LEVEL_K[reading.level]]
    if (signal := limits.signal(reading)) is not None:
        value, bands = signal
        rooms.append(bands.setpoint - value)
    return min(rooms)


def waits_for(readings: Iterable[Reading], limits: Limits) -> tuple[Reading, str] | None:
    """Return the worst reading that has not cooled, and what it has to come to; None when all are cool."""
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
