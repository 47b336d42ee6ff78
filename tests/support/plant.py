"""Thermal model of a machine: hot spot, die and heat sink, hardware throttling, and a temperature sensor.

For simulations, and for closed-loop tests with a real trainer: `advance` takes the busy share of the
machine, and `read_c` returns the reading of its sensor.
"""

import math
import random
from dataclasses import dataclass

HOT_SPOT_S = 0.3  # time constant of the hot spot
SENSOR_LAG_S = 0.3
SENSOR_NOISE_K = 0.5
SENSOR_STEP_K = 1.0
POWER_EXPONENT = 2.4  # power above the gap's, as a power of the clock
CLOCK_FALL, CLOCK_RISE, LOWEST_CLOCK = 0.02, 0.05, 0.35  # per kelvin too hot and second; per second; floor
_LONGEST_SUBSTEP_S = 0.25


@dataclass(frozen=True)
class Machine:
    """Thermal constants of a machine.

    Attributes:
        name: for tables.
        full_w: power under full load at full clock.
        gap_w: power between two training steps.
        die_sink_k_per_w: thermal resistance from die to heat sink or chassis.
        die_j_per_k: heat capacity of the die.
        sink_air_k_per_w: thermal resistance from heat sink to air, with the fan.
        sink_j_per_k: heat capacity of the heat sink.
        hot_spot_k_per_w: thermal resistance from hot spot to die.
        throttle_c: temperature above which the hardware lowers its clock.
        ambient_c: temperature of the air.
    """

    name: str
    full_w: float
    gap_w: float
    die_sink_k_per_w: float
    die_j_per_k: float
    sink_air_k_per_w: float
    sink_j_per_k: float
    hot_spot_k_per_w: float
    throttle_c: float
    ambient_c: float

    def steady_c(self, power_w: float) -> float:
        """Return the steady temperature of the hot spot at a constant power."""
        resistance = self.die_sink_k_per_w + self.sink_air_k_per_w + self.hot_spot_k_per_w
        return self.ambient_c + resistance * power_w


LAPTOP = Machine("laptop, 70 W", 70, 6, 0.25, 28, 0.70, 350, 0.10, 100, 25)
HOT_ROOM_LAPTOP = Machine("laptop, 70 W, room at 30 °C", 70, 6, 0.25, 28, 0.75, 350, 0.10, 100, 30)
DESKTOP = Machine("desktop CPU, 142 W", 142, 30, 0.14, 60, 0.23, 800, 0.08, 95, 25)
AIR_GPU = Machine("air-cooled GPU, 350 W", 350, 90, 0.045, 200, 0.125, 900, 0.015, 87, 25)
COOL_DESKTOP = Machine("well-cooled desktop, 142 W", 142, 30, 0.14, 60, 0.13, 800, 0.08, 95, 25)
MACHINES = (LAPTOP, HOT_ROOM_LAPTOP, DESKTOP, AIR_GPU, COOL_DESKTOP)


class Plant:
    """The state of a machine over time; it starts at ambient temperature.

    Attributes:
        ambient_c: temperature of the air; may be changed at any time.
        sink_air_k_per_w: resistance to the air; raise it to block the fan.
        hot_spot_c: temperature of the hottest place, by which the hardware throttles.
        clock: share of the full clock that the hardware allows.
        power_w: power during the last `advance`.
        energy_j: energy since the start, in the plant's own time.
    """

    def __init__(
        self, machine: Machine, *, noise: random.Random | None = None, time_scale: float = 1.0
    ) -> None:
        """Start a machine at ambient temperature.

        Args:
            machine: what to simulate.
            noise: source of the sensor's noise; None for no noise.
            time_scale: seconds of the plant per second of the caller.
        """
        self.machine = machine
        self.ambient_c = machine.ambient_c
        self.sink_air_k_per_w = machine.sink_air_k_per_w
        self.hot_spot_c = machine.ambient_c
        self.clock = 1.0
        self.power_w = 0.0
        self.energy_j = 0.0
        self._noise = noise
        self._time_scale = time_scale
        self._sink_c = self._die_c = self._lagged_c = machine.ambient_c
        self._rise_k = 0.0

    def advance(self, dt_s: float, busy_share: float, *, clock_cap: float = 1.0, load: float = 1.0) -> float:
        """Advance the time; return the work done, in the caller's seconds at full clock.

        Args:
            dt_s: seconds of the caller's time.
            busy_share: share of them in which the machine worked.
            clock_cap: highest clock allowed from outside.
            load: power of the work, as a share of the full one above the gap's.
        """
        left_s = dt_s * self._time_scale
        substeps = max(1, math.ceil(left_s / _LONGEST_SUBSTEP_S - 1e-9))
        step_s = left_s / substeps
        work_s = energy_j = 0.0
        for _ in range(substeps):
            clock = min(self.clock, clock_cap)
            work_s += busy_share * clock * step_s
            energy_j += self._substep(step_s, busy_share * load * clock**POWER_EXPONENT)
        if left_s > 0.0:
            self.power_w = energy_j / left_s
            self.energy_j += energy_j
        return work_s / self._time_scale

    def read_c(self) -> float:
        """Return the reading of the sensor, with lag, noise and whole steps."""
        noise_k = 0.0 if self._noise is None else self._noise.gauss(0.0, SENSOR_NOISE_K)
        return SENSOR_STEP_K * round((self._lagged_c + noise_k) / SENSOR_STEP_K)

    def _substep(self, dt_s: float, power_share: float) -> float:
        machine = self.machine
        power_w = machine.gap_w + power_share * (machine.full_w - machine.gap_w)
        to_sink_w = (self._die_c - self._sink_c) / machine.die_sink_k_per_w
        to_air_w = (self._sink_c - self.ambient_c) / self.sink_air_k_per_w
        self._die_c += dt_s * (power_w - to_sink_w) / machine.die_j_per_k
        self._sink_c += dt_s * (to_sink_w - to_air_w) / machine.sink_j_per_k
        # The fast nodes relax exactly, so that they stay stable at steps as long as their time constants.
        self._rise_k += (machine.hot_spot_k_per_w * power_w - self._rise_k) * -math.expm1(-dt_s / HOT_SPOT_S)
        self.hot_spot_c = self._die_c + self._rise_k
        self._lagged_c += (self.hot_spot_c - self._lagged_c) * -math.expm1(-dt_s / SENSOR_LAG_S)
        too_hot_k = self.hot_spot_c - machine.throttle_c
        change = -CLOCK_FALL * too_hot_k if too_hot_k > 0.0 else CLOCK_RISE
        self.clock = min(1.0, max(LOWEST_CLOCK, self.clock + change * dt_s))
        return power_w * dt_s
