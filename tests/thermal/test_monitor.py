import threading
import time
from itertools import pairwise

import pytest

from simmer.thermal.monitor import Monitor
from simmer.thermal.readings import PressureLevel, Reading
from simmer.thermal.source import FIRST_RETRY_S, LAST_RETRY_S
from simmer.thermal.stuck import STUCK_AFTER_S


def test_the_first_sample_is_there_at_once(sensor, clock) -> None:
    sensor.heat(70.0)
    monitor = Monitor([sensor], period_s=2.0, clock=clock)
    assert monitor.latest().hottest is None
    monitor.sample_once()
    clock.advance(0.5)
    snapshot = monitor.latest()
    assert snapshot.hottest == Reading("fake", celsius=70.0)
    assert snapshot.age_s == 0.5


def test_the_peak_of_the_last_period_is_held_and_then_forgotten(sensor, clock) -> None:
    monitor = Monitor([sensor], period_s=2.0, clock=clock)
    seen = []
    for celsius in (60, 61, 90, 62, 63, 64, 65, 66, 67):
        sensor.heat(celsius)
        monitor.sample_once()
        seen.append(monitor.latest().hottest.celsius)
        clock.advance(0.5)
    assert seen == [60, 61, 90, 90, 90, 90, 65, 66, 67]


def test_a_peak_is_as_fresh_as_the_newest_sample(sensor, clock) -> None:
    monitor = Monitor([sensor], period_s=2.0, clock=clock)
    sensor.heat(90.0)
    monitor.sample_once()
    clock.advance(0.5)
    sensor.heat(60.0)
    monitor.sample_once()
    clock.advance(0.25)
    snapshot = monitor.latest()
    assert (snapshot.hottest.celsius, snapshot.age_s) == (90.0, 0.25)


def test_the_worst_level_of_a_window_is_held(sensor, clock) -> None:
    monitor = Monitor([sensor], period_s=1.0, clock=clock)
    for level in (PressureLevel.NOMINAL, PressureLevel.HEAVY, PressureLevel.NOMINAL):
        sensor.reading = Reading("fake", level=level)
        monitor.sample_once()
        clock.advance(0.5)
    assert monitor.latest().hottest == Reading("fake", level=PressureLevel.HEAVY)


def test_the_hottest_of_several_sources_is_named(make_sensor, clock) -> None:
    cpu, gpu = make_sensor("cpu"), make_sensor("gpu")
    cpu.heat(70.0)
    gpu.heat(80.0)
    monitor = Monitor([cpu, gpu], period_s=2.0, clock=clock)
    monitor.sample_once()
    snapshot = monitor.latest()
    assert snapshot.hottest.source == "gpu"
    assert {reading.source for reading in snapshot.readings} == {"cpu", "gpu"}


FAILURES = [None, OSError("no such device")]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_source_that_fails_is_lost_after_a_few_periods(failure, make_sensor, clock, caplog) -> None:
    good, bad = make_sensor("good"), make_sensor("bad")
    good.heat(50.0)
    bad.heat(90.0)
    monitor = Monitor([good, bad], period_s=2.0, clock=clock)
    monitor.sample_once()
    bad.reading = failure
    clock.advance(6.0)
    monitor.sample_once()
    assert monitor.latest().hottest.source == "bad"
    clock.advance(0.1)
    monitor.sample_once()
    snapshot = monitor.latest()
    assert snapshot.hottest.source == "good"
    assert snapshot.failures == {"good": 0, "bad": 2}
    assert caplog.text.count("sensor bad does not respond") == 1


@pytest.mark.parametrize("failure", FAILURES)
def test_three_failures_in_a_row_retire_a_source_and_are_logged(failure, make_sensor, clock, caplog) -> None:
    good, bad = make_sensor("good"), make_sensor("bad")
    good.heat(50.0)
    monitor = Monitor([good, bad], period_s=2.0, clock=clock)
    bad.reading = failure
    for _ in range(30):
        monitor.sample_once()
        clock.advance(0.25)
    assert bad.reads == 3
    assert good.reads == 30
    assert monitor.latest().retired == ("bad",)
    assert caplog.text.count("sensor bad failed 3 times in a row") == 1


def test_a_retired_source_is_read_at_growing_intervals_and_may_come_back(sensor, clock, caplog) -> None:
    monitor = Monitor([sensor], period_s=2.0, clock=clock)
    asked_at_s, before = [], 0
    while clock.now_s < 1000.0 + 3000.0:
        monitor.sample_once()
        if sensor.reads > before:
            asked_at_s.append(clock.now_s)
            before = sensor.reads
        clock.advance(1.0)
    gaps = [after - earlier for earlier, after in pairwise(asked_at_s[2:])]
    assert gaps[0] == FIRST_RETRY_S
    assert gaps == sorted(gaps)
    assert gaps[-1] == LAST_RETRY_S
    sensor.heat(55.0)
    clock.advance(LAST_RETRY_S)
    monitor.sample_once()
    snapshot = monitor.latest()
    assert (snapshot.hottest.celsius, snapshot.retired) == (55.0, ())
    assert "sensor fake responds again" in caplog.text


def test_two_failures_are_forgiven(sensor, clock) -> None:
    monitor = Monitor([sensor], period_s=2.0, clock=clock)
    for _ in range(5):
        for celsius in (None, None, 60.0):
            sensor.heat(celsius)
            monitor.sample_once()
            clock.advance(0.25)
    snapshot = monitor.latest()
    assert (snapshot.retired, snapshot.failures, sensor.reads) == ((), {"fake": 10}, 15)


def watch_still(sensor, clock, loads, *, celsius=lambda second: 40.0, seconds=int(STUCK_AFTER_S) + 60):
    """Sample once a second; return the seconds that had a reading."""
    load = iter(loads)
    monitor = Monitor([sensor], period_s=2.0, clock=clock, load=lambda: next(load))
    known = []
    for second in range(seconds):
        sensor.heat(celsius(second))
        monitor.sample_once()
        if monitor.latest().hottest is not None:
            known.append(second)
        clock.advance(1.0)
    return known


def alternating():
    while True:
        yield from (0.1, 0.9)


def constant():
    while True:
        yield 0.9


def test_a_thermometer_that_is_stuck_under_changing_load_is_lost(sensor, clock, caplog) -> None:
    known = watch_still(sensor, clock, alternating())
    assert STUCK_AFTER_S <= known[-1] <= STUCK_AFTER_S + 10
    assert "it has reported 40.0 °C for 600 s while the load changed" in caplog.text


def test_a_steady_machine_is_not_a_stuck_thermometer(sensor, clock) -> None:
    assert len(watch_still(sensor, clock, constant())) == int(STUCK_AFTER_S) + 60


def test_a_thermometer_that_moves_at_all_is_not_stuck(sensor, clock) -> None:
    known = watch_still(
        sensor, clock, alternating(), celsius=lambda second: 41.0 if second % 500 == 499 else 40.0
    )
    assert len(known) == int(STUCK_AFTER_S) + 60


def test_a_board_is_still_when_its_own_power_changes_not_the_cpu(sensor, clock) -> None:
    monitor = Monitor([sensor], period_s=2.0, clock=clock, load=lambda: 0.5)
    for second in range(int(STUCK_AFTER_S) + 60):
        sensor.reading = Reading("gpu", celsius=40.0, power_w=100.0 if second < 300 else 350.0)
        monitor.sample_once()
        clock.advance(1.0)
    assert monitor.latest().hottest is None


class HangingSensor:
    """Return one reading, then hang until released."""

    interval_s = 0.0
    name = "hanging"

    def __init__(self) -> None:
        self.release = threading.Event()
        self.hanging = threading.Event()
        self.answered = False

    def read(self) -> Reading | None:
        if not self.answered:
            self.answered = True
            return Reading("hanging", celsius=90.0)
        self.hanging.set()
        self.release.wait()
        return None


def test_a_hung_sensor_blocks_no_thread_and_no_other_sensor(sensor) -> None:
    hung = HangingSensor()
    sensor.heat(50.0)
    before = set(threading.enumerate())
    with Monitor([hung, sensor], period_s=0.2) as monitor:
        assert monitor.latest().hottest.source == "hanging"
        assert hung.hanging.wait(5.0)
        deadline = time.monotonic() + 5.0
        while monitor.latest().hottest.source == "hanging" and time.monotonic() < deadline:
            time.sleep(0.01)
        started = time.perf_counter()
        snapshot = monitor.latest()
        assert time.perf_counter() - started < 0.05
        assert [reading.source for reading in snapshot.readings] == ["fake"]
        reads = sensor.reads
        deadline = time.monotonic() + 5.0
        while sensor.reads == reads and time.monotonic() < deadline:
            time.sleep(0.01)
        assert sensor.reads > reads, "the others are read on, in another thread"
        assert len(set(threading.enumerate()) - before) <= 2
        hung.release.set()


def test_one_thread_reads_all_quick_sources_and_a_slow_one_has_its_own(make_sensor) -> None:
    before = set(threading.enumerate())
    sensors = [make_sensor(str(number)) for number in range(4)]
    sensors[3].interval_s = 5.0
    for sensor in sensors:
        sensor.heat(50.0)
    with Monitor(sensors, period_s=0.1) as monitor:
        assert len(set(threading.enumerate()) - before) == 2
        assert len(monitor.latest().readings) == 4


def test_the_first_snapshot_includes_the_sources_behind_a_hung_one(sensor) -> None:
    hung = HangingSensor()
    hung.answered = True
    sensor.heat(90.0)
    with Monitor([hung, sensor], period_s=30.0) as monitor:
        snapshot = monitor.latest()
    assert (snapshot.hottest.celsius, snapshot.lost) == (90.0, ("hanging",))
    hung.release.set()


def test_stopping_does_not_wait_for_a_hung_sensor() -> None:
    hung = HangingSensor()
    monitor = Monitor([hung], period_s=0.05)
    monitor.start()
    assert hung.hanging.wait(5.0)
    started = time.monotonic()
    monitor.stop()
    assert time.monotonic() - started < 2.0
    hung.release.set()


def test_threads_read_on_their_own_until_stopped(sensor) -> None:
    sensor.heat(50.0)
    monitor = Monitor([sensor], period_s=0.04)
    with monitor:
        monitor.start()
        deadline = time.monotonic() + 5.0
        while sensor.reads < 5 and time.monotonic() < deadline:
            time.sleep(0.005)
    reads = sensor.reads
    assert reads >= 5
    time.sleep(0.05)
    assert sensor.reads == reads


def test_power_and_brakes_of_all_parts_are_gathered(make_sensor, clock) -> None:
    cpu, gpu = make_sensor("cpu"), make_sensor("gpu")
    cpu.reading = Reading("cpu", celsius=60.0, power_w=40.0)
    gpu.reading = Reading("gpu", celsius=80.0, power_w=300.0, brakes=("thermal",))
    monitor = Monitor([cpu, gpu], period_s=2.0, clock=clock)
    monitor.sample_once()
    snapshot = monitor.latest()
    assert (snapshot.power_w, snapshot.brakes) == (340.0, {"thermal"})


def test_a_monitor_without_sensors_has_no_readings() -> None:
    with Monitor([], period_s=1.0) as monitor:
        snapshot = monitor.latest()
    assert (snapshot.hottest, snapshot.age_s, snapshot.readings, snapshot.power_w) == (None, None, (), None)
