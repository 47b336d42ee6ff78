from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmer.thermal.duty import MIN_DUTY
from simmer.thermal.governor import Action, Decision, Governor, GovernorSettings
from simmer.thermal.limits import Limits, Profile
from simmer.thermal.readings import PressureLevel, Reading, Sample

LIMITS = Limits(acceptable_c=70, setpoint_c=82, warning_c=85, critical_c=95, resume_c=78, confirm_readings=3)
PERIOD_S = 2.0
SETTINGS = GovernorSettings(
    govern=True,
    require_sensor=False,
    duty_when_blind=1.0,
    blind_hold_s=60.0,
    cooldown_timeout_s=3600.0,
    period_s=PERIOD_S,
)


def governor(**changes) -> Governor:
    return Governor(LIMITS, replace(SETTINGS, **changes))


def decisions(script: list[float | None], **changes) -> list[Decision]:
    """Feed one fresh sample per period; None is a period in which every source is lost."""
    watched = governor(**changes)
    return [
        watched.decide([] if celsius is None else [sample(celsius, number * PERIOD_S)], number * PERIOD_S)
        for number, celsius in enumerate(script)
    ]


def sample(celsius: float, taken_at_s: float, source: str = "cpu") -> Sample:
    return Sample(Reading(source, celsius=celsius), taken_at_s)


def actions(script: list[float | None], **changes) -> list[str]:
    return [decision.action.value for decision in decisions(script, **changes)]


def kinds(script: list[float | None], **changes) -> list[str]:
    return [change.kind.value for one in decisions(script, **changes) for change in one.changes]


def test_below_the_setpoint_training_runs_at_full_duty() -> None:
    found = decisions([40, 75, 81, 82, 82.4])
    assert [(one.action, one.duty) for one in found] == [(Action.GO, 1.0)] * 5
    assert [one.state.value for one in found] == ["normal", *["acceptable"] * 4]


def test_above_the_setpoint_training_is_slowed_and_then_let_go() -> None:
    found = decisions([80, 86, 86, 86, 86] + [76] * 80)
    assert [one.action.value for one in found[:5]] == ["go", *["throttle"] * 4]
    duties = [one.duty for one in found[1:5]]
    assert duties == sorted(duties, reverse=True)
    assert found[-1].duty == 1.0
    assert [change.kind for one in found for change in one.changes] == ["throttle", "full_speed"]


def test_heat_that_the_lowest_duty_does_not_stop_pauses_training() -> None:
    script = [88.0] * 80 + [84, 79, 78, 78]
    found = decisions(script)
    first = next(number for number, one in enumerate(found) if one.duty <= MIN_DUTY)
    paused = [number for number, one in enumerate(found) if one.action is Action.PAUSE]
    assert paused[0] == first + 15
    assert paused[-1] == len(script) - 3, "80 °C is below the warning but not cool yet"
    assert {found[number].duty for number in paused} == {0.0}
    assert (found[-1].action, found[-1].duty > 0.0) == (Action.THROTTLE, True)
    changes = [change for one in found for change in one.changes]
    assert [(change.kind.value, change.limit_c) for change in changes] == [
        ("throttle", 82),
        ("pause", 85),
        ("resume", 78),
    ]
    assert changes[-1].lasted_s == len(paused) * PERIOD_S


def test_a_pause_has_an_end() -> None:
    found = decisions([90.0] * 200, cooldown_timeout_s=100.0)
    assert found[-1].action is Action.ABORT
    assert "not cooled to 78 °C or less after a pause of 100 s" in found[-1].reason
    paused = [one for one in found if one.action is Action.PAUSE]
    assert len(paused) == 50


def test_confirmed_critical_aborts_for_good() -> None:
    script = [80, 88, 88, 96, 96, 96, 50]
    assert actions(script) == ["go", "throttle", "throttle", "throttle", "throttle", "abort", "abort"]
    assert kinds(script) == ["throttle", "abort"]
    last = decisions(script)[-2]
    assert (last.changes[0].limit_c, last.reason) == (
        95,
        "critical from 95 °C, confirmed by 3 readings in a row",
    )


def test_a_single_spike_brakes_at_once_and_does_not_abort() -> None:
    found = decisions([70, 97, 97, 70, 97, 97, 84, 97, 70] + [70] * 40)
    assert [one.duty for one in found[:3]] == [1.0, MIN_DUTY, MIN_DUTY]
    assert Action.ABORT not in {one.action for one in found}
    assert found[-1].duty == 1.0


def test_without_governing_only_critical_acts() -> None:
    assert actions([84, 90, 94.9, 96, 96, 90, 96, 96, 96], govern=False) == [*["go"] * 8, "abort"]
    assert {one.duty for one in decisions([84, 90, 94.9, 96], govern=False)} == {1.0}


def test_losing_the_sensor_is_logged_once_and_training_continues() -> None:
    script = [60, None, None, 60, None]
    assert actions(script) == ["go"] * 5
    assert kinds(script) == ["sensor_unknown", "sensor_known", "sensor_unknown"]


def test_a_machine_without_sensor_is_unknown_from_the_start() -> None:
    (first, second) = decisions([None, None])
    assert [change.kind for change in first.changes] == ["sensor_unknown"]
    assert (second.state, second.changes, second.duty) == ("unknown", (), 1.0)


def test_the_duty_is_held_for_a_minute_without_readings_and_then_drifts() -> None:
    found = decisions([86.0] * 5 + [None] * 60, duty_when_blind=1.0)
    held, blind = found[4].duty, [one.duty for one in found[5:]]
    assert held < 1.0
    assert blind[:30] == [held] * 30
    assert blind[30] == pytest.approx(held + 0.1)
    assert blind[-1] == 1.0


def test_duty_when_blind_sets_the_duty_without_readings() -> None:
    assert decisions([60] + [None] * 60, duty_when_blind=0.5)[-1].duty == 0.5
    assert decisions([None] * 10, duty_when_blind=0.5)[-1].duty == 0.5, "there is nothing to hold"


def test_a_pause_survives_the_hold_and_ends_after_it() -> None:
    found = decisions([88.0] * 80 + [None] * 40)
    assert found[79].action is Action.PAUSE
    assert found[109].action is Action.PAUSE
    assert found[-1].action is Action.THROTTLE or found[-1].duty == 1.0


def test_training_stops_without_a_required_sensor() -> None:
    found = decisions([60] + [None] * 40, require_sensor=True)
    assert [one.action.value for one in found] == [*["go"] * 31, *["abort"] * 10]
    assert found[-1].reading is None
    assert "thermal.require_sensor" in found[-1].reason
    assert decisions([None], require_sensor=True)[0].action is Action.ABORT, "nothing to hold"


def test_the_same_sample_seen_again_confirms_nothing() -> None:
    watched = governor()
    stale = [sample(99, 10.0)]
    assert Action.ABORT not in {watched.decide(stale, 10.0 + second).action for second in range(10)}


def test_two_hot_sources_confirm_once_per_period() -> None:
    watched = governor()
    found = []
    for taken_at_s in (0.0, 2.0, 4.0):
        both = [sample(97, taken_at_s, "cpu"), sample(98, taken_at_s + 0.01, "gpu")]
        found.append(watched.decide(both, taken_at_s + 1).action.value)
    assert found == ["throttle", "throttle", "abort"]


def test_a_slow_hot_source_does_not_hold_up_the_confirmation_by_a_fast_one() -> None:
    watched = governor()
    slow = sample(99, 0.0, "slow")
    found = [watched.decide([slow, sample(96, at_s, "fast")], at_s).action.value for at_s in (1.0, 3.0, 5.0)]
    assert found == ["throttle", "throttle", "abort"]


def two(cpu_c: float | None, gpu_c: float | None, at_s: float) -> list[Sample]:
    return [
        Sample(Reading(name, celsius=celsius), at_s, name)
        for name, celsius in (("cpu", cpu_c), ("gpu", gpu_c))
        if celsius is not None
    ]


def test_losing_the_hotter_of_two_sources_does_not_raise_the_duty() -> None:
    watched = governor(duty_when_blind=0.5)
    script = [(50, 88)] * 10 + [(50, None)] * 60
    found = [watched.decide(two(*pair, n * PERIOD_S), n * PERIOD_S) for n, pair in enumerate(script)]
    held = found[9].duty
    assert held < 0.9
    assert {one.duty for one in found[10:38]} == {held}
    assert found[-1].duty == 0.5
    (lost,) = [change for change in found[10].changes if change.kind == "source_lost"]
    assert lost.sensor == "gpu"
    again = watched.decide(two(50, 60, 200.0), 200.0)
    assert again.duty == pytest.approx(0.6)


def test_a_pause_does_not_end_because_the_hot_source_is_lost() -> None:
    watched = governor()
    script = [(50, 89)] * 90 + [(50, None)] * 40
    found = [watched.decide(two(*pair, n * PERIOD_S), n * PERIOD_S) for n, pair in enumerate(script)]
    assert found[89].action is Action.PAUSE
    assert found[110].action is Action.PAUSE
    assert found[-1].action is not Action.PAUSE


def test_losing_a_cool_source_changes_nothing() -> None:
    watched = governor()
    script = [(50, 60)] * 5 + [(50, None)] * 5
    found = [watched.decide(two(*pair, n * PERIOD_S), n * PERIOD_S) for n, pair in enumerate(script)]
    assert {one.duty for one in found} == {1.0}
    assert [change for one in found for change in one.changes] == []


def test_fresh_degrees_that_are_not_judged_confirm_no_stale_level() -> None:
    watched = Governor(replace(LIMITS, profile=Profile.APPLE_SILICON), SETTINGS)
    level = Sample(Reading("powermetrics", level=PressureLevel.TRAPPING), 0.0, "powermetrics")
    for at_s in (0.0, 2.0, 4.0, 6.0, 8.0):
        decision = watched.decide([level, Sample(Reading("smc", celsius=100.0), at_s, "smc")], at_s)
    assert decision.action is Action.THROTTLE


def test_a_gpu_that_reports_only_its_power_is_lost() -> None:
    watched = governor()
    for n in range(10):
        watched.decide(two(50, 88, n * PERIOD_S), n * PERIOD_S)
    power = Sample(Reading("gpu", power_w=300.0), 20.0, "gpu")
    decision = watched.decide([*two(50, None, 20.0), power], 20.0)
    assert [change.kind.value for change in decision.changes] == ["source_lost"]
    assert decision.duty < 0.9


def test_losing_a_source_that_is_not_judged_changes_nothing() -> None:
    watched = Governor(replace(LIMITS, profile=Profile.APPLE_SILICON), SETTINGS)
    level, die = Reading("notify", level=PressureLevel.NOMINAL), Reading("smc", celsius=101.0)
    watched.decide([Sample(level, 0.0, "notify"), Sample(die, 0.0, "smc")], 0.0)
    decision = watched.decide([Sample(level, 2.0, "notify")], 2.0)
    assert (decision.action, decision.changes) == (Action.GO, ())


def test_a_margin_without_degrees_is_judged_under_every_profile() -> None:
    reading = Reading("gpu", margin_c=1.0)
    for profile in Profile:
        watched = Governor(replace(LIMITS, profile=profile), SETTINGS)
        for at_s in (0.0, 2.0, 4.0):
            decision = watched.decide([Sample(reading, at_s)], at_s)
        assert decision.reason.startswith("critical from 2 K below slowdown")


def test_a_pause_without_readings_has_an_end_too() -> None:
    found = decisions([90.0] * 80 + [None] * 100, blind_hold_s=1e6, cooldown_timeout_s=100.0)
    assert found[-1].action is Action.ABORT
    (change,) = found[-1].changes or [one.changes for one in found if one.changes][-1]
    assert change.limit_c != 95


def test_the_source_with_the_least_room_is_the_one_that_counts() -> None:
    limits = replace(LIMITS, profile=Profile.GPU)
    watched = Governor(limits, SETTINGS)
    cpu, gpu = Reading("cpu", celsius=81.0), Reading("gpu", celsius=79.0, margin_c=4.0)
    for at_s in (0.0, 2.0, 4.0):
        decision = watched.decide([Sample(cpu, at_s), Sample(gpu, at_s)], at_s)
    assert (decision.action, decision.reading) == (Action.THROTTLE, gpu)


def test_after_a_long_gap_the_smoothed_past_is_dropped() -> None:
    hot = [(number * PERIOD_S, 90.0) for number in range(10)]
    after_sleep = [(1e5, 60.0), (1e5 + 2.0, 60.0)]
    watched = governor()
    duties = [watched.decide([sample(celsius, at_s)], at_s).duty for at_s, celsius in hot + after_sleep]
    assert duties[9] < 0.7
    assert duties[10] == pytest.approx(duties[9] + 0.1), "as fast up as is allowed, not down once more"


@pytest.mark.parametrize("profile", [Profile.DEFAULT, Profile.APPLE_SILICON])
def test_pressure_levels_alone_drive_the_governor(profile: Profile) -> None:
    def duties(level: PressureLevel, count: int = 20) -> list[Decision]:
        watched = Governor(replace(LIMITS, profile=profile), SETTINGS)
        samples = [(Sample(Reading("notify", level=level), n * PERIOD_S), n * PERIOD_S) for n in range(count)]
        return [watched.decide([one], at_s) for one, at_s in samples]

    assert {one.duty for one in duties(PressureLevel.NOMINAL)} == {1.0}
    moderate = [one.duty for one in duties(PressureLevel.MODERATE)]
    assert 1.0 > moderate[0] > moderate[5] > moderate[-1]
    assert duties(PressureLevel.HEAVY)[0].duty == MIN_DUTY
    assert duties(PressureLevel.HEAVY)[-1].action is Action.PAUSE
    assert duties(PressureLevel.SLEEPING)[2].action is Action.ABORT
    assert duties(PressureLevel.TRAPPING)[2].reason.startswith("critical from this pressure level")


def test_duty_rises_when_the_level_is_nominal_again() -> None:
    watched = Governor(replace(LIMITS, profile=Profile.APPLE_SILICON), SETTINGS)
    levels = [PressureLevel.MODERATE] * 10 + [PressureLevel.NOMINAL] * 400
    for number, level in enumerate(levels):
        at_s = number * PERIOD_S
        decision = watched.decide([Sample(Reading("notify", level=level), at_s)], at_s)
    assert decision.duty == 1.0


SCRIPTS = st.lists(st.one_of(st.none(), st.floats(min_value=20, max_value=120)), max_size=80)


@given(SCRIPTS)
def test_it_aborts_exactly_when_critical_is_confirmed_and_for_good(script: list[float | None]) -> None:
    found = actions(script)
    needed = LIMITS.confirm_readings
    for index, action in enumerate(found):
        window = script[max(0, index - needed + 1) : index + 1]
        confirmed = len(window) == needed and all(c is not None and c >= LIMITS.critical_c for c in window)
        before = index > 0 and found[index - 1] == "abort"
        assert (action == "abort") == (confirmed or before)


@given(SCRIPTS)
def test_a_critical_reading_never_meets_more_than_the_lowest_duty(script: list[float | None]) -> None:
    for celsius, decision in zip(script, decisions(script), strict=True):
        if celsius is not None and celsius >= LIMITS.critical_c:
            assert decision.duty <= MIN_DUTY


@given(SCRIPTS)
def test_a_pause_ends_only_cool_blind_or_aborted(script: list[float | None]) -> None:
    found = actions(script)
    for index in range(1, len(script)):
        if found[index - 1] == "pause" and found[index] not in ("pause", "abort"):
            celsius = script[index]
            assert celsius is None or celsius <= LIMITS.resume_c


@given(SCRIPTS)
def test_duty_and_action_agree(script: list[float | None]) -> None:
    for decision in decisions(script):
        expected = {"go": decision.duty == 1.0, "pause": decision.duty == 0.0, "abort": True}
        assert expected.get(decision.action.value, MIN_DUTY <= decision.duty < 1.0)
        assert (decision.reason is not None) == (decision.action is Action.ABORT)


@given(SCRIPTS)
def test_without_required_sensor_unknown_never_stops_training(script: list[float | None]) -> None:
    calm = [None if celsius is None or celsius >= LIMITS.critical_c else celsius for celsius in script]
    assert "abort" not in actions(calm)
