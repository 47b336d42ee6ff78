import random
from dataclasses import replace

import pytest

from support.plant import HOT_ROOM_LAPTOP, LAPTOP, MACHINES, Machine, Plant

HALF_AN_HOUR_S = 1800


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_plant_settles_where_resistances_and_power_say(machine: Machine) -> None:
    plant = Plant(replace(machine, throttle_c=1000))
    assert plant.advance(2 * HALF_AN_HOUR_S, 1.0) == pytest.approx(2 * HALF_AN_HOUR_S)
    assert plant.hot_spot_c == pytest.approx(machine.steady_c(machine.full_w), abs=0.01)
    assert plant.read_c() == round(plant.hot_spot_c)


def test_time_scale_changes_only_time() -> None:
    slow, fast = Plant(LAPTOP, noise=random.Random(3)), Plant(LAPTOP, noise=random.Random(3), time_scale=20)
    for second in range(600):
        busy_share = 0.9 if second % 7 else 0.0
        work_s = slow.advance(1.0, busy_share)
        assert fast.advance(0.05, busy_share) == pytest.approx(work_s / 20)
        assert fast.read_c() == slow.read_c()
    assert fast.hot_spot_c == pytest.approx(slow.hot_spot_c)
    assert fast.energy_j == pytest.approx(slow.energy_j)


def test_short_ticks_end_where_long_ones_do() -> None:
    short, long = Plant(LAPTOP), Plant(LAPTOP)
    for _ in range(12_000):
        short.advance(0.005, 0.8)
    long.advance(60.0, 0.8)
    assert short.hot_spot_c == pytest.approx(long.hot_spot_c, abs=0.1)


def test_hardware_throttling_caps_temperature_and_costs_work() -> None:
    plant = Plant(HOT_ROOM_LAPTOP)
    plant.advance(HALF_AN_HOUR_S, 1.0)
    work_s = plant.advance(HALF_AN_HOUR_S, 1.0)
    assert HOT_ROOM_LAPTOP.steady_c(HOT_ROOM_LAPTOP.full_w) > 106
    assert plant.hot_spot_c == pytest.approx(HOT_ROOM_LAPTOP.throttle_c, abs=1.5)
    assert plant.clock < 1.0
    assert work_s < 0.97 * HALF_AN_HOUR_S


def test_heat_and_energy_rise_with_the_busy_share_and_a_blocked_fan() -> None:
    plants = [Plant(LAPTOP) for _ in range(5)]
    for plant, busy_share in zip(plants, (0.0, 0.25, 0.5, 0.75, 1.0), strict=True):
        plant.advance(HALF_AN_HOUR_S, busy_share)
    for quantity in ("hot_spot_c", "energy_j"):
        values = [getattr(plant, quantity) for plant in plants]
        assert values == sorted(set(values))
    before_c = plants[1].hot_spot_c
    plants[1].sink_air_k_per_w *= 1.8
    plants[1].advance(HALF_AN_HOUR_S, 0.25)
    assert plants[1].hot_spot_c > before_c + 10
