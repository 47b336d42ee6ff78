"""The share of time that training may take, steered so that a temperature stays at its setpoint.

A proportional-integral controller (Åström and Hägglund, "Advanced PID Control", 2006) with conditional
integration against wind-up and a limit on how fast the duty moves. Gains and limits kept every machine
model of `benchmarks/heat.py` below 85 °C for at least 99.8 % of the time; half the gain let the laptop exceed
it longer, twice the gain was no worse, and the integral hardly mattered.
"""

GAIN_PER_K = 0.045
INTEGRAL_DECISIONS = 15  # 30 s at a decision each 2 s
MIN_DUTY = 0.10
_LARGEST_RISE, _LARGEST_FALL = 0.10, 0.25  # of the duty, per decision
_DEAD_BAND_K = 0.5
_SMOOTHING = 0.5


class DutyController:
    """Turns the room below the setpoint into a duty from `MIN_DUTY` to 1; it starts at 1.

    Attributes:
        duty: the last answer.
    """

    def __init__(self) -> None:
        self.duty = 1.0
        self._integral = 1.0
        self._room_k: float | None = None

    def steer(self, room_k: float) -> float:
        """Return the duty until the next decision.

        Args:
            room_k: kelvins below the setpoint, negative above it, at the hottest since the last decision.
        """
        before = room_k if self._room_k is None else self._room_k
        self._room_k = before + _SMOOTHING * (room_k - before)
        error = 0.0 if abs(self._room_k) <= _DEAD_BAND_K else self._room_k
        wanted = self._integral + GAIN_PER_K * error
        # Conditional integration: an integral that grows while the duty cannot follow would overshoot later.
        if not (wanted >= 1.0 and error > 0.0) and not (wanted <= MIN_DUTY and error < 0.0):
            self._integral = _within(self._integral + GAIN_PER_K * error / INTEGRAL_DECISIONS)
        return self._move(wanted)

    def drift(self, towards: float) -> float:
        """Move to a given duty at the usual speed, without a reading."""
        self._integral = towards
        self._room_k = None
        return self._move(towards)

    def stay_below(self, ceiling: float) -> float:
        """Take back what rose above a ceiling."""
        self.duty = min(self.duty, max(ceiling, MIN_DUTY))
        self._integral = min(self._integral, max(ceiling, MIN_DUTY))
        return self.duty

    def brake(self) -> float:
        """Fall to `MIN_DUTY` at once and start from there."""
        self.duty = self._integral = MIN_DUTY
        self._room_k = None
        return self.duty

    def forget(self) -> None:
        """Drop the smoothed past: after a gap it describes another machine."""
        self._room_k = None

    def _move(self, wanted: float) -> float:
        self.duty = drifted(self.duty, towards=wanted)
        return self.duty


def drifted(duty: float, *, towards: float) -> float:
    """Return a duty one decision later: as far towards another as it may move."""
    return _within(min(max(towards, duty - _LARGEST_FALL), duty + _LARGEST_RISE))


def _within(duty: float) -> float:
    return min(1.0, max(MIN_DUTY, duty))
