from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmer.thermal.duty import MIN_DUTY, DutyController


def steered(rooms: list[float]) -> list[float]:
    controller = DutyController()
    return [controller.steer(room_k) for room_k in rooms]


def test_a_cool_machine_keeps_full_duty() -> None:
    assert steered([40.0, 10.0, 1.0, 0.4, -0.4]) == [1.0] * 5


def test_heat_lowers_the_duty_and_coolness_raises_it() -> None:
    hot = steered([-5.0] * 10)
    assert hot == sorted(hot, reverse=True)
    assert hot[-1] < 0.85
    back = steered([-5.0] * 10 + [5.0] * 200)
    assert back[-1] == 1.0


def test_a_long_wait_in_the_cold_does_not_wind_up() -> None:
    fresh, waited = steered([-8.0] * 10), steered([30.0] * 1000 + [-8.0] * 14)
    assert waited[-1] <= fresh[-1] < 0.75


def test_a_long_time_at_the_lowest_duty_does_not_wind_up() -> None:
    controller = DutyController()
    for _ in range(1000):
        controller.steer(-30.0)
    climbed = [controller.steer(10.0) for _ in range(10)]
    assert climbed[-1] > 0.4


def test_it_settles_on_a_first_order_machine() -> None:
    controller, celsius, trace = DutyController(), 40.0, []
    for _ in range(1500):
        duty = controller.steer(82.0 - celsius)
        celsius += 2.0 / 245.0 * (25.0 + 85.0 * duty - celsius)  # 245 s, 110 °C at full duty
        trace.append(celsius)
    assert trace[-1] == pytest.approx(82.0, abs=0.6)
    assert max(trace) < 86.0


def test_braking_is_immediate_and_restarts_from_the_lowest_duty() -> None:
    controller = DutyController()
    assert controller.brake() == MIN_DUTY
    assert controller.steer(1.0) < 0.25


def test_drifting_moves_at_the_usual_speed() -> None:
    controller = DutyController()
    assert [controller.drift(0.4) for _ in range(4)] == pytest.approx([0.75, 0.5, 0.4, 0.4])
    assert [controller.drift(1.0) for _ in range(3)] == pytest.approx([0.5, 0.6, 0.7])


@given(st.lists(st.floats(min_value=-60, max_value=60), min_size=1, max_size=80))
def test_the_duty_stays_in_bounds_and_never_jumps(rooms: list[float]) -> None:
    duties = [1.0, *steered(rooms)]
    assert all(MIN_DUTY <= duty <= 1.0 for duty in duties)
    for before, after in pairwise(duties):
        assert -0.25 - 1e-9 <= after - before <= 0.10 + 1e-9
