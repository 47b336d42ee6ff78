"""Counters of a guard, summed over all jobs of a trial."""

from dataclasses import dataclass


@dataclass
class Counters:
    """Sums so far.

    Seconds (`_s`): slept to hold the duty, paused, blind (without any reading), at the state warning, at
    critical, and slowed down by the hardware itself (`braked_s`). Energy in Wh.
    """

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
