import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from simmer.base.errors import Interrupted
from simmer.thermal.gate import cool_down_gate
from simmer.thermal.governor import Action, Decision, Governor
from simmer.thermal.guard import Guard, GuardProtocol, StepDecision
from simmer.thermal.limits import Profile, ThermalState
from simmer.thermal.monitor import Monitor
from simmer.thermal.readings import PressureLevel, Reading
from simmer.thermal.sensors import find_sensors
from simmer.thermal.stop import StopRequest

PERIOD_S = 2.0
WALL_S = 1_700_000_000.0


class FixedDuty:
    """A governor that always returns the same decision."""

    def __init__(self, duty: float) -> None:
        self.duty = duty

    def decide(self, samples, now_s: float) -> Decision:
        reading = samples[0].reading
        return Decision(Action.THROTTLE, self.duty, ThermalState.ACCEPTABLE, reading, None, ())


class Rig:
    """A guard on a fake clock: `script` has the degrees of each period, waiting advances the clock."""

    def __init__(self, limits, clock, sensor, settings, *, hardware_interval_s=300.0) -> None:
        self.limits, self.clock, self.sensor = limits, clock, sensor
        self.start_s = clock.now_s
        self.script: list[float | None] = []
        self.waits: list[float] = []
        self.synchronised: list[float] = []
        self.events: list[dict] = []
        self.stop = StopRequest()
        self.stop_at_s: float | None = None
        self.worked_s = self.jump_s = 0.0
        self.monitor = Monitor([sensor], period_s=PERIOD_S, clock=clock, load=lambda: 0.5)
        self.hardware_interval_s = hardware_interval_s
        self.guard = self.guarded_by(Governor(limits, settings))

    def guarded_by(self, governor) -> Guard:
        return Guard(
            self.monitor,
            governor,
            stop=self.stop,
            on_event=self.events.append,
            hardware_interval_s=self.hardware_interval_s,
            synchronise=lambda: self.synchronised.append(self.clock.now_s),
            clock=self.clock,
            wall_clock=lambda: WALL_S + self.clock.now_s - self.start_s,
            wait=self.wait,
        )

    def sample(self) -> None:
        index = int((self.clock.now_s - self.start_s) / PERIOD_S)
        self.sensor.heat(self.script[min(index, len(self.script) - 1)])
        self.monitor.sample_once()

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.clock.advance(seconds + self.jump_s)
        self.jump_s = 0.0
        self.sample()
        if self.stop_at_s is not None and self.clock.now_s >= self.stop_at_s:
            self.stop.set("signal SIGTERM")
        return self.stop.is_set()

    def train(
        self, script: list[float | None], seconds: float | None = None, *, step_s: float = 0.5
    ) -> list[StepDecision]:
        """Run training steps until the script ends or the guard stops."""
        self.script = script
        self.worked_s = 0.0
        decisions = []
        while self.clock.now_s - self.start_s < (seconds or len(script) * PERIOD_S):
            self.sample()
            decisions.append(self.guard.between_steps())
            if decisions[-1].stop:
                break
            self.work(step_s)
        return decisions

    def work(self, seconds: float) -> None:
        """Advance the clock by computing time; the sensors are read meanwhile."""
        self.worked_s += seconds
        done_s = 0.0
        while done_s < seconds:
            self.clock.advance(min(0.25, seconds - done_s))
            done_s += 0.25
            self.sample()

    def actions(self) -> list[str]:
        return [event["action"] for event in self.events if event["event"] == "thermal_event"]


@pytest.fixture
def rig(limits, clock, sensor, governor_settings) -> Rig:
    return Rig(limits, clock, sensor, governor_settings)


@pytest.fixture
def make_rig(limits, clock, sensor, governor_settings):
    def make(*, hardware_interval_s: float = 300.0, **changes) -> Rig:
        settings = replace(governor_settings, **changes)
        return Rig(limits, clock, sensor, settings, hardware_interval_s=hardware_interval_s)

    return make


def test_a_cool_machine_trains_undisturbed(rig: Rig) -> None:
    decisions = rig.train([60, 70, 82])
    assert decisions == [StepDecision(stop=False, reason=None)] * 12
    assert rig.waits == rig.synchronised == []
    assert rig.guard.counters() == {
        "slept_s": 0.0,
        "paused_s": 0.0,
        "pauses": 0,
        "aborts": 0,
        "blind_s": 0.0,
        "warning_s": 0.0,
        "critical_s": 0.0,
        "braked_s": 0.0,
        "energy_wh": None,
        "max_temperature_c": 82,
        "max_temperature_source": "fake",
    }


@pytest.mark.parametrize("step_s", [0.003, 0.07, 0.5, 3.0])
def test_the_duty_is_kept_for_any_length_of_a_step(make_rig, step_s: float) -> None:
    rig = make_rig()
    rig.guard = rig.guarded_by(FixedDuty(0.6))
    rig.train([83], seconds=120.0, step_s=step_s)
    share = rig.worked_s / (rig.clock.now_s - rig.start_s)
    assert share == pytest.approx(0.6, abs=0.02)
    assert rig.guard.counters()["slept_s"] == pytest.approx(sum(rig.waits))
    assert max(rig.waits) <= 0.25
    assert min(rig.waits) >= 0.0
    assert rig.synchronised, "an accelerator's queue must be empty before a sleep"


def test_work_already_slept_for_does_not_count_again_at_a_later_duty(make_rig) -> None:
    rig = make_rig()
    governor = FixedDuty(0.7)
    rig.guard = rig.guarded_by(governor)
    rig.train([83], seconds=3600.0)
    governor.duty = 0.6
    slept_s = rig.guard.counters()["slept_s"]
    rig.work(PERIOD_S)
    rig.guard.between_steps()
    rig.work(0.5)
    rig.guard.between_steps()
    assert rig.guard.counters()["slept_s"] - slept_s < 3.0


def test_a_duty_that_rises_in_a_sleep_ends_it(rig: Rig) -> None:
    rig.train([96, 60, 60, 60, 60, 60, 60, 60, 60], step_s=8.0)
    # 8 s at the lowest duty would be a sleep of 72 s; a few cool decisions later nothing is left to sleep.
    assert sum(rig.waits) < 20.0
    assert rig.actions()[0] == "throttle"


def test_a_stopped_process_owes_no_sleep_for_the_time_it_did_not_work(rig: Rig) -> None:
    rig.train([86, 86, 86, 86])
    slept_s = rig.guard.counters()["slept_s"]
    rig.script = [60]
    rig.clock.advance(7200.0)
    rig.sample()
    rig.guard.between_steps()
    assert rig.guard.counters()["slept_s"] - slept_s < 30.0


def test_a_process_that_is_stopped_in_a_sleep_gets_no_credit_for_it(rig: Rig) -> None:
    rig.train([86] * 10)
    counted_s = rig.guard.counters()["slept_s"]
    rig.jump_s = 3600.0
    rig.work(2.0)
    rig.guard.between_steps()
    assert rig.guard.counters()["slept_s"] - counted_s < 5.0
    waits = len(rig.waits)
    rig.work(2.0)
    rig.guard.between_steps()
    assert len(rig.waits) > waits, "the next work is paid for as before"


def test_critical_is_confirmed_although_a_long_step_allowed_no_decision(rig: Rig) -> None:
    rig.script = [96.0] * 1000
    rig.sample()
    rig.guard.between_steps()
    rig.script = [96.0] * 6 + [60.0] * 1000
    rig.work(12.0)
    rig.work(2.0)
    assert rig.guard.between_steps().stop
    counters = rig.guard.counters()
    assert counters["critical_s"] >= 8.0


def test_inside_step_does_nothing_outside_the_main_thread(rig: Rig) -> None:
    rig.train([86] * 10)
    rig.work(2.0)
    waits = len(rig.waits)
    thread = threading.Thread(target=rig.guard.inside_step)
    thread.start()
    thread.join()
    assert len(rig.waits) == waits
    rig.guard.inside_step()
    assert len(rig.waits) > waits


def test_a_mac_logs_degrees_of_one_source_and_the_level_of_another(
    limits, clock, make_sensor, governor_settings
) -> None:
    die, level = make_sensor("smc"), make_sensor("notify")
    die.heat(98.0)
    level.reading = Reading("notify", level=PressureLevel.MODERATE)
    events: list[dict] = []
    monitor = Monitor([die, level], period_s=PERIOD_S, clock=clock)
    monitor.sample_once()
    guard = Guard(
        monitor,
        Governor(replace(limits, profile=Profile.APPLE_SILICON), governor_settings),
        stop=StopRequest(),
        on_event=events.append,
        hardware_interval_s=300.0,
        clock=clock,
        wait=lambda seconds: clock.advance(seconds) or False,
    )
    guard.between_steps()
    (sample,) = (event for event in events if event["event"] == "hardware_sample")
    assert (sample["temperature_c"], sample["source"], sample["pressure_level"]) == (98.0, "smc", "moderate")
    assert sample["state"] == "warning"


def test_a_guard_that_has_counted_keeps_its_counts_when_a_trial_starts_again(rig: Rig) -> None:
    rig.train([86] * 10)
    counted = rig.guard.counters()
    rig.guard.restore({"slept_s": 0.0})
    assert rig.guard.counters()["slept_s"] == counted["slept_s"] > 0


def test_a_long_step_rests_in_its_middle_and_stops_at_its_end(rig: Rig) -> None:
    rig.script = [86.0] * 1000
    rig.sample()
    assert not rig.guard.between_steps().stop
    for _ in range(20):
        rig.work(0.5)
        rig.guard.inside_step()
    assert rig.guard.counters()["slept_s"] > 1.0
    rig.stop.set("signal SIGTERM")
    before = len(rig.waits)
    rig.work(0.5)
    rig.guard.inside_step()
    assert len(rig.waits) == before, "the rest of the step runs at full speed after a stop request"
    assert rig.guard.between_steps() == StepDecision(stop=True, reason="signal SIGTERM")


def test_the_rest_of_a_step_after_critical_is_worked_at_the_lowest_duty(rig: Rig) -> None:
    rig.script = [96.0] * 1000
    rig.sample()
    rig.guard.between_steps()
    while "abort" not in rig.actions():
        rig.work(0.1)
        rig.guard.inside_step()
    slept_s = rig.guard.counters()["slept_s"]
    rig.work(0.1)
    rig.guard.inside_step()
    assert rig.guard.counters()["slept_s"] - slept_s == pytest.approx(0.9, abs=0.26)
    waits = len(rig.waits)
    assert rig.guard.between_steps().stop
    assert len(rig.waits) == waits


def test_heat_throttles_then_aborts_and_the_log_lists_the_readings_before(rig: Rig) -> None:
    decisions = rig.train([80, 80, 88, 96, 96, 96, 96, 96])
    assert decisions[-1].stop
    assert decisions[-1].reason == (
        "thermal abort: 96.0 °C (fake), critical from 95 °C, confirmed by 3 readings in a row"
    )
    assert rig.actions() == ["throttle", "abort"]
    throttle, abort = (event for event in rig.events if event["event"] == "thermal_event")
    assert (throttle["temperature_c"], throttle["limit_c"]) == (88, 82)
    assert (abort["temperature_c"], abort["source"], abort["limit_c"], abort["duty"]) == (96, "fake", 95, 0.1)
    before = abort["before"]
    assert [entry["temperature_c"] for entry in before][:3] == [80, 80, 88]
    assert [entry["seconds_before"] for entry in before] == sorted(
        (entry["seconds_before"] for entry in before), reverse=True
    )
    counters = rig.guard.counters()
    assert (counters["aborts"], counters["max_temperature_c"]) == (1, 96)
    assert counters["critical_s"] > 0
    rig.sensor.heat(71.0)
    rig.clock.advance(3.0)
    rig.monitor.sample_once()
    rig.guard.after_stop()
    after = rig.events[-1]
    assert (after["action"], after["temperature_c"]) == ("stopped", 71.0)
    assert json.loads(json.dumps(abort, allow_nan=False)) == abort


def test_a_stop_is_final(rig: Rig) -> None:
    last = rig.train([96] * 10)[-1]
    rig.script = [40]
    rig.clock.advance(100.0)
    rig.sample()
    assert last.stop
    assert rig.guard.between_steps() == last


def test_a_pause_sleeps_in_short_slices_and_is_counted(rig: Rig) -> None:
    rig.train([88] * 70 + [77] * 10)
    assert rig.actions()[:3] == ["throttle", "pause", "resume"]
    assert max(rig.waits) <= 0.25
    counters = rig.guard.counters()
    assert counters["pauses"] == 1
    assert counters["paused_s"] > 10.0
    assert counters["paused_s"] + counters["slept_s"] == pytest.approx(sum(rig.waits), abs=2.1)
    assert counters["warning_s"] > 100.0


def test_without_governing_nothing_is_slowed(make_rig) -> None:
    rig = make_rig(govern=False)
    rig.train([90] * 30)
    assert rig.waits == []
    assert rig.train([96] * 40)[-1].stop


def test_after_a_sensor_file_vanishes_the_state_is_unknown_and_training_continues(
    limits, clock, write_files, tmp_path: Path, governor_settings
) -> None:
    folder = write_files("class/hwmon/hwmon0", name="coretemp", temp1_label="Package id 0", temp1_input=70000)
    sensors = find_sensors(tmp_path, platform="linux", environment={})
    monitor = Monitor(sensors, period_s=PERIOD_S, clock=clock)
    events: list[dict] = []
    guard = Guard(
        monitor,
        Governor(limits, governor_settings),
        stop=StopRequest(),
        on_event=events.append,
        hardware_interval_s=10.0,
        clock=clock,
    )
    for second in range(40):
        if second == 5:
            (folder / "temp1_input").unlink()
        monitor.sample_once()
        assert not guard.between_steps().stop
        clock.advance(1.0)
    assert [event["action"] for event in events if event["event"] == "thermal_event"] == ["sensor_unknown"]
    samples = [event for event in events if event["event"] == "hardware_sample"]
    assert (samples[0]["temperature_c"], samples[0]["source"]) == (70.0, "hwmon:coretemp:Package id 0")
    assert (samples[-1]["temperature_c"], samples[-1]["source"], samples[-1]["state"]) == (
        None,
        None,
        "unknown",
    )
    assert samples[-1]["retired"] == [sensors[0].name]
    assert samples[-1]["blind_s"] > 15
    assert guard.counters()["blind_s"] > 20


def test_a_required_sensor_that_is_lost_stops_training(make_rig) -> None:
    rig = make_rig(require_sensor=True)
    decision = rig.train([60] + [None] * 40)[-1]
    assert decision.stop
    assert decision.reason.startswith("thermal abort: no temperature sensor responds")
    assert "thermal.require_sensor" in decision.reason


def test_a_stop_request_is_served_at_the_next_step(rig: Rig) -> None:
    rig.train([60], seconds=0.5)
    rig.stop.set("signal SIGTERM")
    assert rig.guard.between_steps() == StepDecision(stop=True, reason="signal SIGTERM")


def test_a_stop_request_ends_a_sleep_within_a_slice(rig: Rig) -> None:
    rig.stop_at_s = rig.start_s + 150.0
    decision = rig.train([88] * 100)[-1]
    assert decision == StepDecision(stop=True, reason="signal SIGTERM")
    assert rig.clock.now_s - rig.stop_at_s <= 0.5
    assert rig.guard.counters()["paused_s"] > 10.0


def test_hardware_samples_come_at_once_and_then_at_their_interval(rig: Rig) -> None:
    rig.train([60], seconds=1000.0)
    samples = [event for event in rig.events if event["event"] == "hardware_sample"]
    assert [event["time"] for event in samples] == [
        "2023-11-14T22:13:20.000+00:00",
        "2023-11-14T22:18:20.000+00:00",
        "2023-11-14T22:23:20.000+00:00",
        "2023-11-14T22:28:20.000+00:00",
    ]
    first = samples[0]
    assert json.loads(json.dumps(first, allow_nan=False)) == first
    assert 0 <= first["cpu_percent"] <= 100
    assert 0 < first["memory_percent"] <= 100
    assert (first["temperature_c"], first["source"], first["state"], first["duty"]) == (
        60,
        "fake",
        "normal",
        1.0,
    )


def test_hardware_samples_continue_during_a_pause(make_rig) -> None:
    rig = make_rig(hardware_interval_s=10.0)
    rig.stop_at_s = rig.start_s + 195.0
    rig.train([88] * 100)
    samples = [event for event in rig.events if event["event"] == "hardware_sample"]
    assert len(samples) in (19, 20)
    paused = [event["paused_s"] for event in samples]
    assert paused == sorted(paused)
    assert paused[-1] > paused[-2] > 0


def test_a_sample_carries_level_power_margin_and_brakes(rig: Rig) -> None:
    rig.sensor.reading = Reading(
        "gpu", level=PressureLevel.NOMINAL, power_w=12.5, margin_c=20.0, memory_c=90.0, brakes=("power",)
    )
    rig.monitor.sample_once()
    rig.guard.between_steps()
    (line,) = rig.events
    assert (line["temperature_c"], line["pressure_level"], line["power_w"]) == (None, "nominal", 12.5)
    assert (line["margin_c"], line["memory_temperature_c"], line["brakes"]) == (20.0, 90.0, ["power"])


def test_energy_and_braking_are_summed(rig: Rig) -> None:
    rig.sensor.reading = Reading("gpu", celsius=60.0, power_w=360.0, brakes=("thermal",))
    for _ in range(11):
        rig.monitor.sample_once()
        rig.guard.between_steps()
        rig.clock.advance(PERIOD_S)
    counters = rig.guard.counters()
    assert counters["energy_wh"] == pytest.approx(360.0 * 22.0 / 3600.0)
    assert counters["braked_s"] == 22.0, "the time since the last decision counts, too"


def test_counters_live_on_in_a_checkpoint(limits, clock, sensor, make_sensor, governor_settings) -> None:
    first = Rig(limits, clock, sensor, governor_settings)
    first.train([60, 90, 90, 70, 70, None, None, None, None, None, None, None])
    saved = json.loads(json.dumps(first.guard.counters()))
    second = Rig(limits, clock, make_sensor("other"), governor_settings)
    second.guard.restore({**saved, "of_a_later_version": 1})
    assert second.guard.counters() == saved
    second.train([60, 87, 87, 70])
    counters = second.guard.counters()
    assert counters["slept_s"] > saved["slept_s"] > 0
    assert (counters["max_temperature_c"], counters["max_temperature_source"]) == (90, "fake")
    assert counters["blind_s"] == saved["blind_s"] > 0


def test_the_guard_draws_no_random_number(rig: Rig) -> None:
    random.seed(1)
    before = random.getstate()
    rig.train([60, 90, 70, None, 60])
    assert random.getstate() == before


def test_the_guard_has_the_interface_of_the_training_loop(rig: Rig) -> None:
    guard: GuardProtocol = rig.guard
    assert not guard.between_steps().stop


def test_between_two_decisions_a_step_costs_next_to_nothing(limits, sensor, governor_settings) -> None:
    sensor.heat(50.0)
    with Monitor([sensor], period_s=60.0) as monitor:
        guard = Guard(
            monitor,
            Governor(limits, governor_settings),
            stop=StopRequest(),
            on_event=lambda line: None,
            hardware_interval_s=300.0,
        )
        guard.between_steps()
        started = time.perf_counter()
        for _ in range(10_000):
            guard.between_steps()
        # Loose, for loaded machines; it is about 2 µs on an idle one.
        assert (time.perf_counter() - started) / 10_000 < 50e-6


def gate(rig: Rig, script: list[float | None], timeout_s: float = 600.0) -> float:
    rig.script = script
    rig.sample()
    return cool_down_gate(
        rig.monitor,
        rig.limits,
        timeout_s=timeout_s,
        stop=rig.stop,
        on_event=rig.events.append,
        clock=rig.clock,
        wait=rig.wait,
    )


@pytest.mark.parametrize("celsius", [60, 84, None])
def test_the_gate_is_open_below_warning_and_without_readings(rig: Rig, celsius: float | None) -> None:
    assert gate(rig, [celsius]) == 0.0
    assert rig.events == []


def test_the_gate_waits_until_the_machine_has_cooled(rig: Rig) -> None:
    waited_s = gate(rig, [92, 88, 84, 80, 77])
    assert 8.0 <= waited_s <= 10.0
    assert rig.actions() == ["cooldown", "cooldown_over"]
    assert (rig.events[0]["temperature_c"], rig.events[0]["limit_c"]) == (92, 78)
    assert "waiting for 78 °C" in rig.events[0]["message"]


def test_the_gate_gives_up_with_advice_after_its_timeout(rig: Rig) -> None:
    with pytest.raises(Interrupted, match=r"found 90\.0 °C \(fake\).*cooldown_timeout_s.*same command"):
        gate(rig, [90], timeout_s=60.0)
    assert rig.clock.now_s - rig.start_s == pytest.approx(60.0, abs=0.5)


def test_the_gate_opens_when_the_sensor_is_lost(rig: Rig) -> None:
    assert 0 < gate(rig, [90, None]) <= 10.0


def test_the_gate_obeys_a_stop_request(rig: Rig) -> None:
    rig.stop_at_s = rig.start_s + 5.0
    with pytest.raises(Interrupted, match="signal SIGTERM"):
        gate(rig, [90])


def test_a_stop_request_wakes_a_waiting_thread() -> None:
    stop = StopRequest()
    threading.Timer(0.05, stop.set, ["first"]).start()
    started = time.monotonic()
    assert stop.wait(10.0)
    assert time.monotonic() - started < 5.0
    stop.set("second")
    assert stop.reason == "first"
    assert not StopRequest().wait(0.0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_signals_set_the_request_and_the_old_handlers_come_back(number: signal.Signals) -> None:
    seen = []
    before = signal.signal(number, lambda *_: seen.append("old"))
    try:
        with StopRequest().on_signals() as stop:
            os.kill(os.getpid(), number)
            assert stop.wait(5.0)
        assert stop.reason == f"signal {number.name}"
        assert seen == []
        os.kill(os.getpid(), number)
        time.sleep(0.01)
        assert seen == ["old"]
    finally:
        signal.signal(number, before)


def test_sigterm_in_a_real_pause_returns_at_once() -> None:
    program = textwrap.dedent("""
        import os, signal, threading, time
        from simmer.thermal.governor import Governor, GovernorSettings
        from simmer.thermal.guard import Guard
        from simmer.thermal.stop import StopRequest
        from simmer.thermal.monitor import Monitor
        from simmer.thermal.limits import Limits
        from simmer.thermal.readings import Reading

        class Hot:
            name, interval_s = "hot", 0.0
            def read(self):
                return Reading("hot", celsius=90.0)

        limits = Limits(acceptable_c=70, setpoint_c=82, warning_c=85, critical_c=95, resume_c=78,
                        confirm_readings=3)
        settings = GovernorSettings(govern=True, require_sensor=False, duty_when_blind=1.0,
                                    blind_hold_s=60.0, cooldown_timeout_s=3600.0, period_s=0.05)
        sent = []
        def send():
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGTERM)

        with StopRequest().on_signals() as stop, Monitor([Hot()], period_s=0.05) as monitor:
            guard = Guard(monitor, Governor(limits, settings), stop=stop,
                          on_event=lambda line: None, hardware_interval_s=300.0)
            threading.Timer(5.0, send).start()
            while not (decision := guard.between_steps()).stop:
                time.sleep(0.001)
            print(decision.reason, time.monotonic() - sent[0] < 2.0, guard.counters()["pauses"])
    """)
    library = Path(__file__).parents[2] / "workflow/scripts"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(library)},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.strip() == "signal SIGTERM True 1"
