import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmer.errors import ConfigError
from simmer.thermal.readings import (
    Limits,
    PressureLevel,
    Reading,
    ThermalState,
    has_cooled,
    hottest_of,
    state_of,
)

LIMITS = Limits(acceptable_c=70, warning_c=85, critical_c=95, resume_c=78, confirm_readings=3)


@pytest.mark.parametrize(
    ("celsius", "state"),
    [
        (20.0, "normal"),
        (69.99, "normal"),
        (70.0, "acceptable"),
        (84.99, "acceptable"),
        (85.0, "warning"),
        (94.99, "warning"),
        (95.0, "critical"),
        (120.0, "critical"),
    ],
)
def test_state_changes_exactly_at_each_limit(celsius: float, state: str) -> None:
    assert state_of(Reading("x", celsius=celsius), LIMITS) == state


@pytest.mark.parametrize(
    ("level", "state"),
    [
        (PressureLevel.NOMINAL, "normal"),
        (PressureLevel.MODERATE, "warning"),
        (PressureLevel.HEAVY, "warning"),
        (PressureLevel.TRAPPING, "critical"),
        (PressureLevel.SLEEPING, "critical"),
    ],
)
def test_pressure_level_means_a_state_without_degrees(level: PressureLevel, state: str) -> None:
    assert state_of(Reading("x", level=level), LIMITS) == state


def test_the_worse_of_degrees_and_level_counts() -> None:
    assert state_of(Reading("x", celsius=60.0, level=PressureLevel.HEAVY), LIMITS) == "warning"
    assert state_of(Reading("x", celsius=96.0, level=PressureLevel.NOMINAL), LIMITS) == "critical"


@pytest.mark.parametrize(
    "reading", [None, Reading("x"), Reading("x", power_w=30.0), Reading("x", celsius=math.nan)]
)
def test_no_reading_is_unknown_and_never_normal(reading: Reading | None) -> None:
    assert state_of(reading, LIMITS) is ThermalState.UNKNOWN


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_absent(value: float) -> None:
    reading = Reading("x", celsius=value, critical_c=value, power_w=value)
    assert (reading.celsius, reading.critical_c, reading.power_w) == (None, None, None)


@given(st.floats(min_value=-50, max_value=200), st.floats(min_value=0, max_value=100))
def test_more_degrees_never_mean_a_milder_state(celsius: float, more: float) -> None:
    cooler = state_of(Reading("x", celsius=celsius), LIMITS)
    hotter = state_of(Reading("x", celsius=celsius + more), LIMITS)
    assert hotter.severity >= cooler.severity


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


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"acceptable_c": 85}, "acceptable_c"),
        ({"warning_c": 95}, "warning_c"),
        ({"critical_c": 80}, "critical_c"),
        ({"resume_c": 85}, "resume_c"),
        ({"resume_c": math.nan}, "resume_c"),
        ({"critical_c": math.nan}, "critical_c"),
        ({"confirm_readings": 0}, "confirm_readings"),
    ],
)
def test_limits_that_contradict_each_other_are_refused_by_name(change: dict[str, float], named: str) -> None:
    good = {"acceptable_c": 70, "warning_c": 85, "critical_c": 95, "resume_c": 78, "confirm_readings": 3}
    with pytest.raises(ConfigError, match=rf"^thermal: .*{named}"):
        Limits(**{**good, **change})


def test_cooled_asks_every_reading() -> None:
    cool, warm = Reading("a", celsius=78.0), Reading("b", celsius=78.1)
    assert has_cooled([cool], LIMITS)
    assert not has_cooled([cool, warm], LIMITS)
    assert not has_cooled([cool, Reading("c", level=PressureLevel.MODERATE)], LIMITS)
    assert has_cooled([cool, Reading("c", level=PressureLevel.NOMINAL)], LIMITS)


def test_hottest_prefers_degrees_and_falls_back_to_the_level() -> None:
    degrees, level = Reading("a", celsius=40.0), Reading("b", level=PressureLevel.HEAVY)
    assert hottest_of([level, degrees, Reading("c", power_w=9.0)]) is degrees
    assert hottest_of([Reading("n", level=PressureLevel.NOMINAL), level]) is level
    assert hottest_of([Reading("c", power_w=9.0)]) is None
