import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmer.thermal.governor import Action, Decision, Governor
from simmer.thermal.readings import Limits, PressureLevel, Reading, Sample

LIMITS = Limits(acceptable_c=70, warning_c=85, critical_c=95, resume_c=78, confirm_readings=3)
PERIOD_S = 2.0


def decisions(script: list[float | None], *, require_sensor: bool = False) -> list[Decision]:
    """Feed one fresh sample per period; None is a period in which every source is lost."""
    governor = Governor(LIMITS, require_sensor=require_sensor)
    return [
        governor.decide([] if celsius is None else [sample(celsius, number * PERIOD_S)], number * PERIOD_S)
        for number, celsius in enumerate(script)
    ]


def sample(celsius: float, taken_at_s: float, source: str = "cpu") -> Sample:
    return Sample(Reading(source, celsius=celsius), taken_at_s)


def actions(script: list[float | None], **options: bool) -> list[str]:
    return [decision.action.value for decision in decisions(script, **options)]


def kinds(script: list[float | None], **options: bool) -> list[list[str]]:
    return [[change.kind.value for change in one.changes] for one in decisions(script, **options)]


def test_heat_pauses_and_confirmed_critical_aborts() -> None:
    script = [70, 84, 88, 96, 96, 96, 50]
    assert actions(script) == ["go", "go", "pause", "pause", "pause", "abort", "abort"]
    assert kinds(script) == [[], [], ["pause"], [], [], ["abort"], []]


def test_a_single_spike_pauses_but_does_not_abort() -> None:
    assert actions([70, 97, 97, 70, 97, 97, 84, 97, 70]) == [
        "go", "pause", "pause", "go", "pause", "pause", "pause", "pause", "go",
    ]  # fmt: skip


def test_a_pause_ends_at_the_resume_limit_and_tells_how_long_it_was() -> None:
    found = decisions([85, 84, 78.1, 78])
    assert [one.action.value for one in found] == ["pause", "pause", "pause", "go"]
    (resumed,) = found[-1].changes
    assert (resumed.kind, resumed.limit_c, resumed.lasted_s) == ("resume", 78, 3 * PERIOD_S)


def test_the_limit_crossed_is_named() -> None:
    found = decisions([86, 96, 96, 96])
    assert [change.limit_c for one in found for change in one.changes] == [85, 95]


def test_losing_the_sensor_is_said_once_and_training_goes_on() -> None:
    script = [60, None, None, 60, None]
    assert actions(script) == ["go"] * 5
    assert kinds(script) == [[], ["sensor_unknown"], [], ["sensor_known"], ["sensor_unknown"]]


def test_a_machine_without_sensor_is_unknown_from_the_start() -> None:
    (first, second) = decisions([None, None])
    assert [change.kind for change in first.changes] == ["sensor_unknown"]
    assert (second.state, second.changes) == ("unknown", ())


def test_losing_the_sensor_in_a_pause_ends_the_pause() -> None:
    assert kinds([90, None]) == [["pause"], ["sensor_unknown", "resume"]]


def test_without_a_required_sensor_training_stops() -> None:
    found = decisions([60, None, 60], require_sensor=True)
    assert [one.action.value for one in found] == ["go", "abort", "abort"]
    assert found[1].reading is None


def test_the_same_sample_seen_again_confirms_nothing() -> None:
    governor = Governor(LIMITS, require_sensor=False)
    stale = [sample(99, 10.0)]
    assert {governor.decide(stale, 10.0 + second).action for second in range(10)} == {Action.PAUSE}


def test_two_hot_sources_confirm_once_per_period() -> None:
    governor = Governor(LIMITS, require_sensor=False)
    found = []
    for taken_at_s in (0.0, 2.0, 4.0):
        both = [sample(97, taken_at_s, "cpu"), sample(98, taken_at_s + 0.01, "gpu")]
        found.append(governor.decide(both, taken_at_s + 1).action.value)
    assert found == ["pause", "pause", "abort"]


def test_a_slow_hot_source_does_not_hold_up_the_confirmation_by_a_fast_one() -> None:
    governor = Governor(LIMITS, require_sensor=False)
    slow = sample(99, 0.0, "slow")
    found = [governor.decide([slow, sample(96, at_s, "fast")], at_s).action.value for at_s in (1.0, 3.0, 5.0)]
    assert found == ["pause", "pause", "abort"]


def test_a_cool_source_does_not_hide_a_hot_one_nor_end_its_pause() -> None:
    governor = Governor(LIMITS, require_sensor=False)
    first = governor.decide([sample(40, 0.0, "cpu"), sample(86, 0.0, "gpu")], 0.0)
    second = governor.decide([sample(40, 2.0, "cpu"), sample(80, 2.0, "gpu")], 2.0)
    assert (first.action, first.reading.source) == (Action.PAUSE, "gpu")
    assert second.action is Action.PAUSE


@pytest.mark.parametrize(
    ("level", "action"),
    [
        (PressureLevel.NOMINAL, "go"),
        (PressureLevel.MODERATE, "pause"),
        (PressureLevel.HEAVY, "pause"),
        (PressureLevel.SLEEPING, "abort"),
    ],
)
def test_pressure_levels_alone_drive_the_governor(level: PressureLevel, action: str) -> None:
    governor = Governor(LIMITS, require_sensor=False)
    for second in range(3):
        decision = governor.decide([Sample(Reading("notify", level=level), float(second))], float(second))
    assert decision.action.value == action


SCRIPTS = st.lists(st.one_of(st.none(), st.floats(min_value=20, max_value=120)), max_size=60)


@given(SCRIPTS)
def test_it_never_goes_on_at_or_above_warning(script: list[float | None]) -> None:
    for celsius, action in zip(script, actions(script), strict=True):
        assert not (action == "go" and celsius is not None and celsius >= LIMITS.warning_c)


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
def test_a_pause_ends_only_cool_blind_or_aborted(script: list[float | None]) -> None:
    found = actions(script)
    for index in range(1, len(script)):
        if found[index - 1] == "pause" and found[index] == "go":
            celsius = script[index]
            assert celsius is None or celsius <= LIMITS.resume_c


@given(SCRIPTS)
def test_changes_alternate_and_add_up_to_the_action(script: list[float | None]) -> None:
    action, blind = "go", False
    for decision in decisions(script):
        for change in decision.changes:
            if change.kind in ("sensor_unknown", "sensor_known"):
                assert blind != (change.kind == "sensor_unknown")
                blind = not blind
            else:
                told = {"pause": "pause", "resume": "go", "abort": "abort"}[change.kind]
                assert told != action
                action = told
        assert action == decision.action
        assert blind == (decision.state == "unknown")


@given(SCRIPTS)
def test_without_required_sensor_unknown_never_stops_training(script: list[float | None]) -> None:
    calm = [None if celsius is None or celsius >= LIMITS.critical_c else celsius for celsius in script]
    for celsius, action in zip(calm, actions(calm), strict=True):
        assert action != "abort"
        assert celsius is not None or action == "go"
