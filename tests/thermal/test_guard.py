import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from simmer.errors import Interrupted
from simmer.thermal.gate import cool_down_gate
from simmer.thermal.governor import Governor
from simmer.thermal.guard import Guard, GuardProtocol, Verdict
from simmer.thermal.monitor import Monitor
from simmer.thermal.readings import PressureLevel, Reading
from simmer.thermal.sensors.linux import find_linux_sensors
from simmer.thermal.stop import StopRequest

PERIOD_S = 2.0
WALL_S = 1_700_000_000.0


class Rig:
    """A guard on fake time: `script` gives degrees per period, waiting advances the clock."""

    def __init__(self, limits, clock, sensor, *, require_sensor=False, hardware_interval_s=300.0) -> None:
        self.limits, self.clock, self.sensor = limits, clock, sensor
        self.start_s = clock.now_s
        self.script: list[float | None] = []
        self.waits: list[float] = []
        self.events: list[dict] = []
        self.stop = StopRequest()
        self.stop_at_s: float | None = None
        self.monitor = Monitor([sensor], period_s=PERIOD_S, clock=clock)
        self.guard = Guard(
            self.monitor,
            Governor(limits, require_sensor=require_sensor),
            stop=self.stop,
            on_event=self.events.append,
            hardware_interval_s=hardware_interval_s,
            clock=clock,
            wall_clock=lambda: WALL_S + clock.now_s - self.start_s,
            wait=self.wait,
        )

    def sample(self) -> None:
        index = int((self.clock.now_s - self.start_s) / PERIOD_S)
        self.sensor.heat(self.script[min(index, len(self.script) - 1)])
        self.monitor.sample_once()

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.clock.advance(seconds)
        self.sample()
        if self.stop_at_s is not None and self.clock.now_s >= self.stop_at_s:
            self.stop.set("signal SIGTERM")
        return self.stop.is_set()

    def train(self, script: list[float | None], seconds: float | None = None) -> list[Verdict]:
        """Ask once per half second of training, until the script is over or the guard says stop."""
        self.script = script
        verdicts = []
        while self.clock.now_s - self.start_s < (seconds or len(script) * PERIOD_S):
            self.sample()
            verdicts.append(self.guard.between_steps())
            if verdicts[-1].stop:
                break
            self.clock.advance(0.5)
        return verdicts

    def told(self) -> list[str]:
        return [event["action"] for event in self.events if event["event"] == "thermal_event"]


@pytest.fixture
def rig(limits, clock, sensor) -> Rig:
    return Rig(limits, clock, sensor)


def test_a_cool_machine_trains_undisturbed(rig: Rig) -> None:
    verdicts = rig.train([60, 70, 84])
    assert verdicts == [Verdict(stop=False, reason=None)] * 12
    assert rig.waits == []
    assert rig.guard.counters() == {
        "paused_s": 0.0,
        "pauses": 0,
        "aborts": 0,
        "unknown_s": 0.0,
        "max_temperature_c": 84,
        "max_temperature_source": "fake",
    }


def test_heat_pauses_then_aborts(rig: Rig) -> None:
    verdicts = rig.train([70, 84, 88, 96, 96, 96, 96, 96])
    assert verdicts[-1].stop
    assert verdicts[-1].reason.startswith("thermal abort: 96.0 °C (fake), critical from 95 °C")
    assert rig.told() == ["pause", "abort"]
    pause, abort = (event for event in rig.events if event["event"] == "thermal_event")
    assert (pause["temperature_c"], pause["source"], pause["limit_c"]) == (88, "fake", 85)
    assert (abort["temperature_c"], abort["source"], abort["limit_c"]) == (96, "fake", 95)
    counters = rig.guard.counters()
    assert (counters["pauses"], counters["aborts"], counters["max_temperature_c"]) == (1, 1, 96)
    assert counters["paused_s"] == abort["lasted_s"] > 0


def test_a_stop_is_final(rig: Rig) -> None:
    last = rig.train([96] * 10)[-1]
    rig.script = [40]
    rig.clock.advance(100.0)
    rig.sample()
    assert last.stop
    assert rig.guard.between_steps() == last


def test_a_single_spike_pauses_and_goes_on(rig: Rig) -> None:
    verdicts = rig.train([70, 97, 70, 70])
    assert not any(verdict.stop for verdict in verdicts)
    assert rig.told() == ["pause", "resume"]


def test_a_pause_sleeps_in_short_slices_and_is_counted(rig: Rig) -> None:
    rig.train([90, 84, 79, 78, 70, 70])
    assert rig.told() == ["pause", "resume"]
    assert max(rig.waits) <= 0.25
    assert rig.guard.counters()["paused_s"] == pytest.approx(sum(rig.waits))
    assert 4.0 <= sum(rig.waits) <= 12.0


def test_a_sensor_file_that_vanishes_turns_unknown_and_training_goes_on(
    limits, clock, write_files, tmp_path: Path
) -> None:
    folder = write_files("class/hwmon/hwmon0", name="coretemp", temp1_label="Package id 0", temp1_input=70000)
    monitor = Monitor(find_linux_sensors(tmp_path), period_s=PERIOD_S, clock=clock)
    events: list[dict] = []
    guard = Guard(
        monitor,
        Governor(limits, require_sensor=False),
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
    assert guard.counters()["unknown_s"] > 20


def test_a_required_sensor_that_is_lost_stops_training(limits, clock, sensor) -> None:
    rig = Rig(limits, clock, sensor, require_sensor=True)
    verdict = rig.train([60, None, None, None, None, None])[-1]
    assert verdict.stop
    assert "thermal.require_sensor" in verdict.reason


def test_a_stop_request_is_served_at_the_next_step(rig: Rig) -> None:
    rig.train([60], seconds=0.5)
    rig.stop.set("signal SIGTERM")
    assert rig.guard.between_steps() == Verdict(stop=True, reason="signal SIGTERM")


def test_a_stop_request_ends_a_pause_within_a_slice(rig: Rig) -> None:
    rig.stop_at_s = rig.start_s + 30.0
    verdict = rig.train([90] * 100)[-1]
    assert verdict == Verdict(stop=True, reason="signal SIGTERM")
    assert rig.clock.now_s - rig.stop_at_s <= 0.25
    assert rig.guard.counters()["paused_s"] == pytest.approx(30.0, abs=0.5)


def test_hardware_samples_come_at_once_and_then_at_their_interval(limits, clock, sensor) -> None:
    rig = Rig(limits, clock, sensor, hardware_interval_s=300.0)
    rig.train([60], seconds=1000.0)
    samples = [event for event in rig.events if event["event"] == "hardware_sample"]
    assert [event["time"] for event in samples] == [
        "2023-11-14T22:13:20.000+00:00",
        "2023-11-14T22:18:20.000+00:00",
        "2023-11-14T22:23:20.000+00:00",
        "2023-11-14T22:28:20.000+00:00",
    ]
    assert json.loads(json.dumps(samples[0], allow_nan=False)) == samples[0]
    assert 0 <= samples[0]["cpu_percent"] <= 100
    assert 0 < samples[0]["memory_percent"] <= 100
    assert (samples[0]["temperature_c"], samples[0]["source"], samples[0]["state"]) == (60, "fake", "normal")


def test_hardware_samples_go_on_during_a_pause(limits, clock, sensor) -> None:
    rig = Rig(limits, clock, sensor, hardware_interval_s=10.0)
    rig.stop_at_s = rig.start_s + 35.0
    rig.train([90] * 100)
    assert [event["paused_s"] for event in rig.events if event["event"] == "hardware_sample"] == [
        0,
        10,
        20,
        30,
    ]


def test_a_sample_carries_level_and_power(rig: Rig) -> None:
    rig.sensor.reading = Reading("notify", level=PressureLevel.NOMINAL, power_w=12.5)
    rig.monitor.sample_once()
    rig.guard.between_steps()
    (line,) = rig.events
    assert (line["temperature_c"], line["pressure_level"], line["power_w"]) == (None, "nominal", 12.5)


def test_counters_live_on_in_a_checkpoint(limits, clock, sensor, make_sensor) -> None:
    first = Rig(limits, clock, sensor)
    first.train([60, 90, 70, 70, None, None, None, None, None, None])
    saved = json.loads(json.dumps(first.guard.counters()))
    second = Rig(limits, clock, make_sensor("other"))
    second.guard.restore({**saved, "of_a_later_version": 1})
    assert second.guard.counters() == saved
    second.train([60, 87, 70, 70])
    counters = second.guard.counters()
    assert counters["pauses"] == 2
    assert counters["paused_s"] > saved["paused_s"]
    assert (counters["max_temperature_c"], counters["max_temperature_source"]) == (90, "fake")
    assert counters["unknown_s"] == saved["unknown_s"] > 0


def test_the_guard_draws_no_random_number(rig: Rig) -> None:
    random.seed(1)
    before = random.getstate()
    rig.train([60, 90, 70, None, 60])
    assert random.getstate() == before


def test_the_guard_is_what_a_loop_asks_for(rig: Rig) -> None:
    guard: GuardProtocol = rig.guard
    assert not guard.between_steps().stop


def test_between_two_decisions_a_step_costs_next_to_nothing(limits, sensor) -> None:
    sensor.heat(50.0)
    with Monitor([sensor], period_s=60.0) as monitor:
        guard = Guard(
            monitor,
            Governor(limits, require_sensor=False),
            stop=StopRequest(),
            on_event=lambda line: None,
            hardware_interval_s=300.0,
        )
        guard.between_steps()
        started = time.perf_counter()
        for _ in range(10_000):
            guard.between_steps()
        # Loose, for loaded machines; it is about 0.3 µs on an idle one.
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
def test_the_gate_is_open_below_warning_and_to_the_blind(rig: Rig, celsius: float | None) -> None:
    assert gate(rig, [celsius]) == 0.0
    assert rig.events == []


def test_the_gate_waits_until_the_machine_has_cooled(rig: Rig) -> None:
    waited_s = gate(rig, [92, 88, 84, 80, 77])
    assert 8.0 <= waited_s <= 10.0
    assert rig.told() == ["cooldown", "cooldown_over"]
    assert (rig.events[0]["temperature_c"], rig.events[0]["limit_c"]) == (92, 78)
    assert "waiting for 78 °C" in rig.events[0]["message"]


def test_the_gate_gives_up_with_advice_after_its_timeout(rig: Rig) -> None:
    with pytest.raises(Interrupted, match=r"still 90\.0 °C \(fake\).*cooldown_timeout_s.*same command"):
        gate(rig, [90], timeout_s=60.0)
    assert rig.clock.now_s - rig.start_s == pytest.approx(60.0, abs=0.5)


def test_the_gate_opens_when_the_sensor_is_lost(rig: Rig) -> None:
    assert 0 < gate(rig, [90, None]) <= 10.0


def test_the_gate_serves_a_stop_request(rig: Rig) -> None:
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
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
        from simmer.thermal.governor import Governor
        from simmer.thermal.guard import Guard
        from simmer.thermal.stop import StopRequest
        from simmer.thermal.monitor import Monitor
        from simmer.thermal.readings import Limits, Reading

        class Hot:
            name, interval_s = "hot", 0.0
            def read(self):
                return Reading("hot", celsius=90.0)

        limits = Limits(acceptable_c=70, warning_c=85, critical_c=95, resume_c=78, confirm_readings=3)
        sent = []
        def send():
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGTERM)

        with StopRequest().on_signals() as stop, Monitor([Hot()], period_s=60.0) as monitor:
            guard = Guard(monitor, Governor(limits, require_sensor=False), stop=stop,
                          on_event=lambda line: None, hardware_interval_s=300.0)
            threading.Timer(0.4, send).start()
            verdict = guard.between_steps()
            print(verdict.reason, time.monotonic() - sent[0] < 2.0, guard.counters()["paused_s"] > 0.3)
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
    assert done.stdout.strip() == "signal SIGTERM True True"
