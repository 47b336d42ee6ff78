import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmer.base.errors import ConfigError
from simmer.thermal.limits import Limits, Profile, ThermalState, judged, room_k, state_of, waits_for
from simmer.thermal.readings import PressureLevel, Reading

LIMITS = Limits(acceptable_c=70, setpoint_c=82, warning_c=85, critical_c=95, resume_c=78, confirm_readings=3)
GPU = replace(LIMITS, profile=Profile.GPU)
APPLE = replace(LIMITS, profile=Profile.APPLE_SILICON)


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
@pytest.mark.parametrize("limits", [LIMITS, APPLE])
def test_pressure_level_means_a_state_without_degrees(
    level: PressureLevel, state: str, limits: Limits
) -> None:
    assert state_of(Reading("x", level=level), limits) == state


def test_by_default_the_worse_of_degrees_and_level_counts() -> None:
    assert state_of(Reading("x", celsius=60.0, level=PressureLevel.HEAVY), LIMITS) == "warning"
    assert state_of(Reading("x", celsius=96.0, level=PressureLevel.NOMINAL), LIMITS) == "critical"


def test_on_apple_silicon_the_level_outranks_degrees_of_any_source() -> None:
    die, level = Reading("smc", celsius=103.0), Reading("notify", level=PressureLevel.NOMINAL)
    assert judged([die, level], APPLE) == [level]
    assert judged([die, level], LIMITS) == [die, level]
    assert judged([die], APPLE) == [die]
    both = Reading("x", celsius=103.0, level=PressureLevel.NOMINAL)
    assert state_of(both, APPLE) == "normal"
    assert room_k(both, APPLE) > 0
    assert waits_for([die, level], APPLE) is None


@pytest.mark.parametrize(
    ("margin_c", "state"),
    [
        (30.0, "normal"),
        (23.0, "acceptable"),
        (8.0, "warning"),
        (2.5, "warning"),
        (2.0, "critical"),
        (0.0, "critical"),
    ],
)
def test_the_gpu_profile_judges_the_margin_instead_of_degrees(margin_c: float, state: str) -> None:
    for celsius in (None, 60.0, 99.0):
        assert state_of(Reading("gpu", celsius=celsius, margin_c=margin_c), GPU) == state
    assert state_of(Reading("gpu", celsius=96.0, margin_c=margin_c), LIMITS) == "critical"


def test_the_gpu_profile_judges_degrees_where_there_is_no_margin() -> None:
    assert state_of(Reading("cpu", celsius=86.0), GPU) == "warning"


@pytest.mark.parametrize("limits", [LIMITS, GPU, APPLE])
@pytest.mark.parametrize(
    "reading", [None, Reading("x"), Reading("x", power_w=30.0), Reading("x", celsius=math.nan)]
)
def test_no_reading_is_unknown_and_never_normal(reading: Reading | None, limits: Limits) -> None:
    assert state_of(reading, limits) is ThermalState.UNKNOWN


@given(st.floats(min_value=6, max_value=100), st.floats(min_value=0, max_value=25))
def test_more_degrees_never_mean_a_milder_state_or_more_room(celsius: float, more: float) -> None:
    cooler, hotter = Reading("x", celsius=celsius), Reading("x", celsius=celsius + more)
    assert state_of(hotter, LIMITS).severity >= state_of(cooler, LIMITS).severity
    assert room_k(hotter, LIMITS) <= room_k(cooler, LIMITS)


def test_room_is_counted_from_the_setpoint() -> None:
    assert room_k(Reading("x", celsius=80.0), LIMITS) == 2.0
    assert room_k(Reading("x", celsius=80.0, margin_c=7.0), GPU) == -3.0
    assert room_k(Reading("x", level=PressureLevel.MODERATE), APPLE) < 0


def test_a_limit_is_converted_to_degrees_of_the_source() -> None:
    assert LIMITS.in_celsius("critical", Reading("x", celsius=80.0)) == 95
    assert GPU.in_celsius("critical", Reading("x", celsius=80.0, margin_c=7.0)) == 85
    assert APPLE.in_celsius("critical", Reading("x", celsius=80.0, level=PressureLevel.HEAVY)) is None
    assert LIMITS.in_celsius("critical", None) is None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"acceptable_c": 82}, "acceptable_c"),
        ({"setpoint_c": 85}, "setpoint_c"),
        ({"warning_c": 95}, "warning_c"),
        ({"critical_c": 80}, "critical_c"),
        ({"resume_c": 82}, "resume_c"),
        ({"resume_c": math.nan}, "resume_c"),
        ({"critical_c": math.nan}, "critical_c"),
        ({"confirm_readings": 0}, "confirm_readings"),
    ],
)
def test_limits_that_contradict_each_other_are_refused_by_name(change: dict[str, float], named: str) -> None:
    with pytest.raises(ConfigError, match=rf"^thermal: .*{named}"):
        replace(LIMITS, **change)


def test_every_reading_must_have_cooled() -> None:
    cool, warm = Reading("a", celsius=78.0), Reading("b", celsius=78.1)
    assert waits_for([cool], LIMITS) is None
    assert waits_for([cool, warm], LIMITS) is not None
    assert waits_for([cool, Reading("c", level=PressureLevel.MODERATE)], LIMITS) is not None
    assert waits_for([cool, Reading("c", level=PressureLevel.NOMINAL)], LIMITS) is None
    assert waits_for([Reading("gpu", celsius=60.0, margin_c=14.0)], GPU) is not None
