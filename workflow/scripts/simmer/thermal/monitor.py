"""Watching the sensors from daemon threads, so that nothing in training ever waits for one."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from simmer.thermal.readings import Reading, Sample, hottest_of
from simmer.thermal.sensors import Sensor

logger = logging.getLogger(__name__)

SUBSAMPLES_PER_PERIOD = 8
LOST_AFTER_PERIODS = 3


@dataclass(frozen=True)
class Snapshot:
    """What is known about heat at one moment.

    Attributes:
        samples: the peak of the last full window of every source that is not lost.
        hottest: the hottest of their readings, or None when every source is lost.
        age_s: seconds since `hottest` was taken; None when there is none.
        failures: failed reads per source since the start.
    """

    samples: tuple[Sample, ...]
    hottest: Reading | None
    age_s: float | None
    failures: Mapping[str, int]

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The readings of all sources that are not lost."""
        return tuple(sample.reading for sample in self.samples)


class Monitor:
    """Sub-samples every sensor and holds the peak of each period.

    One daemon thread per source: a source that hangs turns lost and blinds no other. Peak-hold matters
    because a guard that pauses training cools the very moment at which a single sample would be taken.
    """

    def __init__(
        self, sensors: Sequence[Sensor], *, period_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.period_s = period_s
        self._clock = clock
        self._sources = [_Source(sensor, period_s, clock) for sensor in sensors]
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads and give each source up to one period for its first answer."""
        if self._threads:
            return
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(
                target=source.run, args=(self._stopping,), name=f"monitor {source.sensor.name}", daemon=True
            )
            for source in self._sources
        ]
        for thread in self._threads:
            thread.start()
        deadline_s = time.monotonic() + self.period_s
        for source in self._sources:
            source.asked_once.wait(max(0.0, deadline_s - time.monotonic()))

    def stop(self) -> None:
        """Ask the threads to end; one that hangs in a sensor is left behind, as a daemon."""
        self._stopping.set()
        deadline_s = time.monotonic() + self.period_s
        for thread in self._threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        self._threads = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def sample_once(self) -> None:
        """Read every sensor once in the calling thread; what the threads do, without the threads."""
        for source in self._sources:
            source.sample_once()

    def latest(self) -> Snapshot:
        """Return what is known now; never waits, and drops what is older than a few periods."""
        now_s = self._clock()
        samples = tuple(
            sample
            for source in self._sources
            if (sample := source.published) is not None and now_s - sample.taken_at_s <= source.lost_after_s
        )
        hottest = hottest_of(sample.reading for sample in samples)
        age_s = next((now_s - sample.taken_at_s for sample in samples if sample.reading is hottest), None)
        failures = {source.sensor.name: source.failures for source in self._sources}
        return Snapshot(samples, hottest, age_s, failures)


class _Source:
    """One sensor and the peak of its running window; written by one thread, read by any."""

    def __init__(self, sensor: Sensor, period_s: float, clock: Callable[[], float]) -> None:
        self.sensor = sensor
        self.failures = 0
        # One reference, replaced as a whole: readers need no lock, so no reader can be blocked.
        self.published: Sample | None = None
        self.asked_once = threading.Event()
        self.lost_after_s = LOST_AFTER_PERIODS * max(period_s, sensor.interval_s)
        self._period_s = period_s
        self._clock = clock
        self._peak: Sample | None = None
        # The first sample is published at once: a job's start should not wait for a full window.
        self._window_ends_s = float("-inf")
        self._failing = False

    def run(self, stopping: threading.Event) -> None:
        pace_s = max(self._period_s / SUBSAMPLES_PER_PERIOD, self.sensor.interval_s)
        while not stopping.is_set():
            self.sample_once()
            stopping.wait(pace_s)

    def sample_once(self) -> None:
        asked_at_s = self._clock()
        reading = self._read()
        if reading is not None:
            # Dated before the read, so that a slow sensor never looks fresher than it is.
            self._peak = _peak(self._peak, Sample(reading, asked_at_s))
        if self._peak is not None and asked_at_s >= self._window_ends_s:
            self.published, self._peak = self._peak, None
            self._window_ends_s = asked_at_s + self._period_s
        self.asked_once.set()

    def _read(self) -> Reading | None:
        problem = "no value"
        try:
            reading = self.sensor.read()
        except (OSError, ValueError, RuntimeError) as error:
            reading, problem = None, str(error)
        if reading is None:
            self.failures += 1
            if not self._failing:
                logger.warning("temperature source %s does not answer: %s", self.sensor.name, problem)
        elif self._failing:
            logger.warning("temperature source %s answers again", self.sensor.name)
        self._failing = reading is None
        return reading


def _peak(held: Sample | None, new: Sample) -> Sample:
    if held is None:
        return new
    hotter = hottest_of((held.reading, new.reading)) or new.reading
    levels = [sample.reading.level for sample in (held, new) if sample.reading.level is not None]
    return Sample(replace(hotter, level=max(levels, default=None)), new.taken_at_s)
