"""Control the duty, the share of time training may use, so that a temperature stays at its setpoint.

A proportional-integral controller (Åström and Hägglund, "Advanced PID Control", 2006) with conditional
integration against wind-up and a limit on the rate of change. With these gains and limits every machine
model of `benchmarks/heat.py` stayed below 85 °C for at least 99.8 % of the time. With half the gain the
laptop exceeded it for longer; twice the gain was no worse; the integral had little effect.
"""

GAIN_PER_K = 0.045
INTEGRAL_DECISIONS = 15  # 30 s at a decision each 2 s
MIN_DUTY = 0.10
_LARGEST_RISE, _LARGEST_FALL = 0.10, 0.25  # of the duty, per decision
_DEAD_BAND_K = 0.5
_SMOOTHING = 0.5


class DutyController:
    """Map the room below the setpoint to a duty from `MIN_DUTY` to 1, starting at 1."""

    def __init__(self) -> None:
        self.duty = 1.0
        self._integral = 1.0
        self._room_k: float | None = None

    def steer(self, room_k: float) -> float:
        """Return the duty until the next decision.

        Args:
            room_k: kelvins below the setpoint (negative above it) at the peak since the last decision.
        """
        before = room_k if self._room_k is None else self._room_k
        self._room_k = before + _SMOOTHING * (room_k - before)
        error = 0.0 if abs(self._room_k) <= _DEAD_BAND_K else self._room_k
        wanted = self._integral + GAIN_PER_K * error
        # Conditional integration: integrating while the duty is saturated would overshoot later.
        if not (wanted >= 1.0 and error > 0.0) and not (wanted <= MIN_DUTY and error < 0.0):
            self._integral = _within(self._integral + GAIN_PER_K * error / INTEGRAL_DECISIONS)
        return self._move(wanted)

    def drift(self, towards: float) -> float:
        """Move towards a given duty, rate-limited, without a reading."""
        self._integral = towards
        self._room_k = None
        return self._move(towards)

    def stay_below(self, ceiling: float) -> float:
        """Limit the duty to a ceiling."""
        self.duty = min(self.duty, max(ceiling, MIN_DUTY))
        self._integral = min(self._integral, max(ceiling, MIN_DUTY))
        return self.duty

    def brake(self) -> float:
        """Drop to `MIN_DUTY` at once and continue from there."""
        self.duty = self._integral = MIN_DUTY
        self._room_k = None
        return self.duty

    def forget(self) -> None:
        """Reset the smoothing: after a long gap the old value is out of date."""
        self._room_k = None

    def _move(self, wanted: float) -> float:
        self.duty = drifted(self.duty, towards=wanted)
        return self.duty


def drifted(duty: float, *, towards: float) -> float:
    """Return the duty one decision later, moved towards a target by at most the rate limit."""
    return _within(min(max(towards, duty - _LARGEST_FALL), duty + _LARGEST_RISE))


def _within(duty: float) -> float:
    return min(1.0, max(MIN_DUTY, duty))
