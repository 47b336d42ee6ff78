"""What a guard counts over all jobs of a trial."""

from dataclasses import dataclass


@dataclass
class Counters:
    """Seconds slept to hold the duty, paused, blind, hot, and slowed by the hardware itself; energy in Wh."""

    slept_s: float = 0.0
    paused_s: float = 0.0
    pauses: int = 0
    aborts: int = 0
    blind_s: float = 0.0
    warning_s: float = 0.0
    critical_s: float = 0.0
    braked_s: float = 0.0
    energy_wh: float | None = None
    max_temperature_c: float | None = None
    max_temperature_source: str | None = None
