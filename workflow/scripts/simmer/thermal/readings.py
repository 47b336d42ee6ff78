"""What a sensor says, the limits it is held against, and the state that follows."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from simmer.errors import ConfigError


class PressureLevel(IntEnum):
    """Thermal pressure as macOS names it: a level, never degrees.

    Source: the macOS branch of OSThermalNotification.h (Libc), values 0 to 4.
    """

    NOMINAL = 0
    MODERATE = 1
    HEAVY = 2
    TRAPPING = 3
    SLEEPING = 4

    @property
    def word(self) -> str:
        """The level as a lower-case word, for logs."""
        return self.name.lower()

    @classmethod
    def from_word(cls, word: str) -> "PressureLevel | None":
        """Return the level a word names, or None for a word nobody documented."""
        return _LEVEL_WORDS.get(word.strip().lower())

    @classmethod
    def from_number(cls, number: int) -> "PressureLevel | None":
        """Return the level a number names, or None outside 0 to 4."""
        return cls(number) if cls.NOMINAL <= number <= cls.SLEEPING else None


# macOS prints the first five; the others are the words of NSProcessInfo.thermalState and of iOS.
_LEVEL_WORDS = {level.word: level for level in PressureLevel} | {
    "light": PressureLevel.MODERATE,
    "fair": PressureLevel.MODERATE,
    "elevated": PressureLevel.MODERATE,
    "serious": PressureLevel.HEAVY,
    "critical": PressureLevel.TRAPPING,
}


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

_STATE_OF_LEVEL = {
    PressureLevel.NOMINAL: ThermalState.NORMAL,
    PressureLevel.MODERATE: ThermalState.WARNING,
    PressureLevel.HEAVY: ThermalState.WARNING,
    PressureLevel.TRAPPING: ThermalState.CRITICAL,
    PressureLevel.SLEEPING: ThermalState.CRITICAL,
}


@dataclass(frozen=True)
class Reading:
    """One answer of one source; what the source does not tell is None, NaN included.

    Attributes:
        source: where the number comes from, e.g. `hwmon:coretemp:Package id 0`.
        celsius: temperature in °C.
        level: thermal pressure level, on machines that tell a level.
        critical_c: the sensor's own critical temperature in °C.
        power_w: power drawn by the part the sensor sits on, in W.
    """

    source: str
    celsius: float | None = None
    level: PressureLevel | None = None
    critical_c: float | None = None
    power_w: float | None = None

    def __post_init__(self) -> None:
        for name in ("celsius", "critical_c", "power_w"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                object.__setattr__(self, name, None)


@dataclass(frozen=True)
class Sample:
    """A reading and when it was taken, in seconds of the monitor's monotonic clock."""

    reading: Reading
    taken_at_s: float


@dataclass(frozen=True)
class Limits:
    """The temperatures, in °C, at which the machine's state changes.

    Attributes:
        acceptable_c: below it the machine is `normal`.
        warning_c: at or above it training pauses.
        critical_c: at or above it, once confirmed, training stops after a checkpoint.
        resume_c: a pause ends at or below it.
        confirm_readings: fresh critical readings in a row before training stops.

    Raises:
        ConfigError: when the values contradict each other.
    """

    acceptable_c: float
    warning_c: float
    critical_c: float
    resume_c: float
    confirm_readings: int

    def __post_init__(self) -> None:
        # `not a < b` instead of `a >= b`, so that NaN is refused too.
        if not self.acceptable_c < self.warning_c < self.critical_c:
            raise ConfigError(
                f"thermal: acceptable_c {self.acceptable_c:g}, warning_c {self.warning_c:g} and critical_c "
                f"{self.critical_c:g} must rise in this order; mend the block `thermal` of the config"
            )
        if not self.resume_c < self.warning_c:
            raise ConfigError(
                f"thermal: resume_c {self.resume_c:g} must be below warning_c {self.warning_c:g}, or a pause "
                "would end where it began; mend the block `thermal` of the config"
            )
        if self.confirm_readings < 1:
            raise ConfigError(
                f"thermal: confirm_readings is {self.confirm_readings}, at least 1 is expected; "
                "mend the block `thermal` of the config"
            )


def state_of(reading: Reading | None, limits: Limits) -> ThermalState:
    """Return the worse of what the degrees and the pressure level of a reading mean."""
    if reading is None:
        return ThermalState.UNKNOWN
    by_level = ThermalState.UNKNOWN if reading.level is None else _STATE_OF_LEVEL[reading.level]
    return max(_state_of_degrees(reading.celsius, limits), by_level, key=lambda state: state.severity)


def has_cooled(readings: Iterable[Reading], limits: Limits) -> bool:
    """Tell whether every reading allows work to go on: at or below `resume_c`, and pressure nominal."""
    return all(
        (reading.celsius is None or reading.celsius <= limits.resume_c)
        and reading.level in (None, PressureLevel.NOMINAL)
        for reading in readings
    )


def hottest_of(readings: Iterable[Reading]) -> Reading | None:
    """Return the reading with the most degrees; without degrees anywhere, the one with the worst level."""
    known = [reading for reading in readings if reading.celsius is not None or reading.level is not None]
    return max(known, key=_heat, default=None)


def _heat(reading: Reading) -> tuple[float, int]:
    degrees = -math.inf if reading.celsius is None else reading.celsius
    return degrees, -1 if reading.level is None else reading.level


def _state_of_degrees(celsius: float | None, limits: Limits) -> ThermalState:
    if celsius is None:
        return ThermalState.UNKNOWN
    if celsius >= limits.critical_c:
        return ThermalState.CRITICAL
    if celsius >= limits.warning_c:
        return ThermalState.WARNING
    return ThermalState.ACCEPTABLE if celsius >= limits.acceptable_c else ThermalState.NORMAL
