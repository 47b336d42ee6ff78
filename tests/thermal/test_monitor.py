import threading
import time

import pytest

from simmer.thermal.monitor import LOST_AFTER_PERIODS, Monitor
from simmer.thermal.readings import PressureLevel, Reading


def test_the_first_sample_is_there_at_once(sensor, clock) -> None:
    sensor.heat(70.0)
    monitor = Monitor([sensor], period_s=2.0, clock=clock)
    assert monitor.latest().hottest is None
    monitor.sample_once()
    clock.advance(0.5)
    snapshot = monitor.latest()
    assert snapshot.hottest == Reading("fake", celsius=70.0)
    assert snapshot.age_s == 0.5


def test_the_peak_of_a_window_is_held_and_then_forgotten(sensor, clock) -> None:
    monitor = Monitor([sensor], period_s=2.0, clock=clock)
    seen = []
    for celsius in (60, 61, 90, 62, 63, 64, 65, 66, 67):
        sensor.heat(celsius)
        monitor.sample_once()
        hottest = monitor.latest().hottest
        seen.append(hottest.celsius)
        clock.advance(0.5)
    assert seen == [60, 60, 60, 60, 90, 90, 90, 90, 67]


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


@pytest.mark.parametrize("failure", [None, OSError("no such device")])
def test_a_source_that_fails_is_counted_and_lost_after_a_few_periods(
    failure, make_sensor, clock, caplog
) -> None:
    good, bad = make_sensor("good"), make_sensor("bad")
    good.heat(50.0)
    bad.heat(90.0)
    monitor = Monitor([good, bad], period_s=2.0, clock=clock)
    monitor.sample_once()
    bad.reading = failure
    for _ in range(LOST_AFTER_PERIODS):
        clock.advance(2.0)
        monitor.sample_once()
    assert monitor.latest().hottest.source == "bad"
    clock.advance(0.1)
    monitor.sample_once()
    snapshot = monitor.latest()
    assert snapshot.hottest.source == "good"
    assert snapshot.failures == {"good": 0, "bad": LOST_AFTER_PERIODS + 1}
    assert caplog.text.count("source bad does not answer") == 1


def test_a_source_that_comes_back_is_heard(sensor, clock) -> None:
    monitor = Monitor([sensor], period_s=1.0, clock=clock)
    monitor.sample_once()
    assert monitor.latest().hottest is None
    sensor.heat(55.0)
    clock.advance(10.0)
    monitor.sample_once()
    assert monitor.latest().hottest.celsius == 55.0


class HangingSensor:
    """Answers once, then hangs until released."""

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


def test_a_hung_sensor_blocks_nobody_and_blinds_no_other(sensor) -> None:
    hung = HangingSensor()
    sensor.heat(50.0)
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


def test_a_monitor_without_sensors_knows_nothing() -> None:
    with Monitor([], period_s=1.0) as monitor:
        snapshot = monitor.latest()
    assert (snapshot.hottest, snapshot.age_s, snapshot.readings) == (None, None, ())
