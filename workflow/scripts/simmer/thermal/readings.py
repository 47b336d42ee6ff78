"""Readings of sensors: each field in its unit, or None."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class PressureLevel(IntEnum):
    """Thermal pressure as macOS names it; a level, never converted to degrees.

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
        """Return the level for a word, or None for an undocumented word."""
        return _LEVEL_WORDS.get(word.strip().lower())

    @classmethod
    def from_number(cls, number: int) -> "PressureLevel | None":
        """Return the level for a number, or None outside 0 to 4."""
        return cls(number) if cls.NOMINAL <= number <= cls.SLEEPING else None


# macOS prints the first five; the others come from NSProcessInfo.thermalState and iOS.
_LEVEL_WORDS = {level.word: level for level in PressureLevel} | {
    "light": PressureLevel.MODERATE,
    "fair": PressureLevel.MODERATE,
    "elevated": PressureLevel.MODERATE,
    "serious": PressureLevel.HEAVY,
    "critical": PressureLevel.TRAPPING,
}

# Drivers without a value print 0, -273, 127 (an unconnected converter) or 65261. Values in a wrong unit
# (degrees or tenths instead of thousandths, kelvin instead of degrees) fall outside this range as well.
_LOWEST_C, _HIGHEST_C = 5.0, 126.0


def plausible_celsius(value: float | None) -> float | None:
    """Return a temperature that a working chip can have, otherwise None."""
    if value is None or not _LOWEST_C < value < _HIGHEST_C:
        return None
    return float(value)


@dataclass(frozen=True)
class Reading:
    """One value of one hardware sensor; missing, NaN and implausible fields are None.

    Attributes:
        source: origin of the value, e.g. `hwmon:coretemp:Package id 0`.
        celsius: temperature in °C.
        level: thermal pressure level (macOS).
        critical_c: the sensor's own critical temperature in °C.
        margin_c: kelvins left until the hardware slows itself down.
        memory_c: temperature of the GPU memory in °C; logged, never judged.
        power_w: power of the device in W.
        power_limit_w: power limit in force, in W.
        brakes: active reasons for a reduced clock (`thermal`, `power`); empty if there are none.
    """

    source: str
    celsius: float | None = None
    level: PressureLevel | None = None
    critical_c: float | None = None
    margin_c: float | None = None
    memory_c: float | None = None
    power_w: float | None = None
    power_limit_w: float | None = None
    brakes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("celsius", "memory_c"):
            object.__setattr__(self, name, plausible_celsius(getattr(self, name)))
        for name in ("critical_c", "margin_c", "power_w", "power_limit_w"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                object.__setattr__(self, name, None)

    @property
    def has_thermal_value(self) -> bool:
        """True if the reading has degrees, a margin or a level."""
        return any(value is not None for value in (self.celsius, self.margin_c, self.level))


@dataclass(frozen=True)
class Sample:
    """A reading, the time it was taken (seconds of the monitor's monotonic clock), and the sensor's name.

    The `source` of a sensor with several inputs changes with its hottest input; the sensor's name does not.
    """

    reading: Reading
    taken_at_s: float
    sensor: str = ""


def hottest_of(readings: Iterable[Reading]) -> Reading | None:
    """Return the reading with the highest temperature; without any temperature, the worst level."""
    return max((reading for reading in readings if reading.has_thermal_value), key=_heat, default=None)


def _heat(reading: Reading) -> tuple[float, int, float]:
    return (
        -math.inf if reading.celsius is None else reading.celsius,
        -1 if reading.level is None else reading.level,
        -math.inf if reading.margin_c is None else -reading.margin_c,
    )
