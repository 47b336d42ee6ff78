import math

import pytest

from simmer.thermal.readings import PressureLevel, Reading, hottest_of


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_absent(value: float) -> None:
    reading = Reading("x", celsius=value, critical_c=value, power_w=value)
    assert (reading.celsius, reading.critical_c, reading.power_w) == (None, None, None)


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("Nominal", PressureLevel.NOMINAL),
        ("moderate", PressureLevel.MODERATE),
        (" HEAVY ", PressureLevel.HEAVY),
        ("Trapping", PressureLevel.TRAPPING),
        ("Sleeping", PressureLevel.SLEEPING),
        ("Fair", PressureLevel.MODERATE),
        ("Critical", PressureLevel.TRAPPING),
        ("Chilly", None),
        ("", None),
    ],
)
def test_level_from_word(word: str, level: PressureLevel | None) -> None:
    assert PressureLevel.from_word(word) is level


def test_level_from_number() -> None:
    assert [PressureLevel.from_number(number) for number in (-1, 0, 2, 4, 5)] == [
        None,
        PressureLevel.NOMINAL,
        PressureLevel.HEAVY,
        PressureLevel.SLEEPING,
        None,
    ]


def test_hottest_prefers_degrees_and_falls_back_to_the_level() -> None:
    degrees, level = Reading("a", celsius=40.0), Reading("b", level=PressureLevel.HEAVY)
    assert hottest_of([level, degrees, Reading("c", power_w=9.0)]) is degrees
    assert hottest_of([Reading("n", level=PressureLevel.NOMINAL), level]) is level
    assert hottest_of([Reading("c", power_w=9.0)]) is None


@pytest.mark.parametrize("implausible", [-273.0, -21.5, 0.0, 0.061, 3.34, 127.0, 334.0, 61000.0, 65261.85])
def test_a_temperature_no_chip_at_work_has_is_no_reading(implausible: float) -> None:
    reading = Reading("x", celsius=implausible, memory_c=implausible)
    assert (reading.celsius, reading.memory_c, reading.has_thermal_value) == (None, None, False)


def test_a_margin_alone_is_a_thermal_value() -> None:
    tight, wide = Reading("a", margin_c=2.0), Reading("b", margin_c=20.0)
    assert hottest_of([wide, tight]) is tight
