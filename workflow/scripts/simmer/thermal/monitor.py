"""Read the sensors in daemon threads, so that training never waits for one."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from simmer.thermal.readings import Reading, Sample, hottest_of
from simmer.thermal.sensors import Sensor
from simmer.thermal.source import KEPT_PERIODS, Source
from simmer.thermal.stuck import CpuLoad

logger = logging.getLogger(__name__)

FIRST_ANSWER_S, LAST_ANSWER_S = (
    2.0,
    0.5,
)  # longest wait for a first value at the start, for a thread at the end


@dataclass(frozen=True)
class Snapshot:
    """The state of all temperature sources at one moment.

    Attributes:
        samples: the peak of the last period of every source that is not lost.
        hottest: the hottest of their readings, or None if every source is lost.
        age_s: seconds since `hottest` was taken; None without one.
        failures: failed reads per source since the start.
        retired: sources that failed several times in a row and are read only rarely.
        lost: sources without a fresh value: retired, hanging or stuck at one value.
    """

    samples: tuple[Sample, ...]
    hottest: Reading | None
    age_s: float | None
    failures: Mapping[str, int]
    retired: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The readings of all sources that are not lost."""
        return tuple(sample.reading for sample in self.samples)

    @property
    def power_w(self) -> float | None:
        """The sum of all reported powers in W; None if there are none."""
        powers = [reading.power_w for reading in self.readings if reading.power_w is not None]
        return sum(powers) if powers else None

    @property
    def brakes(self) -> frozenset[str]:
        """The active reasons for a reduced clock (`thermal`, `power`), on any device."""
        return frozenset(brake for reading in self.readings for brake in reading.brakes or ())


class Monitor:
    """Sub-sample every sensor and hold the peak of the last period.

    One daemon thread reads all fast sources (microseconds); a source with its own interval (a program that is
    run) has its own thread. If a source hangs, it keeps its thread and the others move to a new one, so only
    the hanging source is lost. The peak is held because a guard pauses training before it decides, so that
    a single sample taken then would always be cool.
    """

    def __init__(
        self,
        sensors: Sequence[Sensor],
        *,
        period_s: float,
        clock: Callable[[], float] = time.monotonic,
        load: Callable[[], float | None] | None = None,
    ) -> None:
        """Prepare the sources; `start` starts the threads.

        Args:
            sensors: read in daemon threads.
            period_s: the guard's decision period; each sensor is read four times per period.
            clock: monotonic seconds.
            load: busy share of all cores, 0 to 1, or None if unknown.
        """
        self.period_s = period_s
        self._clock = clock
        load = load or CpuLoad(clock)
        self._sources = [Source(sensor, period_s, clock, load) for sensor in sensors]
        self._workers: list[_Worker] = []

    def start(self) -> None:
        """Start the threads and wait a limited time for each source's first value."""
        if self._workers:
            return
        quick = [source for source in self._sources if source.sensor.interval_s == 0]
        slow = [[source] for source in self._sources if source.sensor.interval_s > 0]
        for sources in filter(None, (quick, *slow)):
            self._start_worker(sources)
        start_s = time.monotonic()
        for source in self._sources:
            deadline_s = start_s + max(FIRST_ANSWER_S, 2 * source.sensor.interval_s)
            source.asked_once.wait(max(0.0, deadline_s - time.monotonic()))
        # The first snapshot should include the sources queued behind one that hangs.
        self._separate_hung(0.9 * FIRST_ANSWER_S)
        deadline_s = time.monotonic() + LAST_ANSWER_S
        for source in self._sources:
            source.asked_once.wait(max(0.0, deadline_s - time.monotonic()))

    def stop(self) -> None:
        """Stop the threads; one that hangs in a sensor is left behind as a daemon."""
        for worker in self._workers:
            worker.stop()
        deadline_s = time.monotonic() + LAST_ANSWER_S
        for worker in self._workers:
            worker.thread.join(max(0.0, deadline_s - time.monotonic()))
        self._workers = []

    def _start_worker(self, sources: Sequence[Source]) -> None:
        self._workers.append(_Worker(sources, self._clock))
        self._workers[-1].thread.start()

    def _separate_hung(self, patience_s: float = float("inf")) -> None:
        for worker in list(self._workers):
            if others := worker.separate_hung(self._clock(), patience_s):
                self._start_worker(others)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def sample_once(self) -> None:
        """Read every sensor that is due once, in the calling thread."""
        for source in self._sources:
            source.sample_once()

    def latest(self) -> Snapshot:
        """Return the current snapshot; never waits, and drops samples older than a few periods."""
        return self._at(self._clock())

    def since(self, moment_s: float | None) -> list[Snapshot]:
        """Return a snapshot for each whole period since a moment, oldest first; the last one is current."""
        now_s = self._clock()
        missed = 0 if moment_s is None else int((now_s - moment_s) / self.period_s) - 1
        ages = range(min(missed, KEPT_PERIODS - 1), 0, -1)
        return [*(self._at(now_s - age * self.period_s) for age in ages), self._at(now_s)]

    def _at(self, moment_s: float) -> Snapshot:
        self._separate_hung()
        peaks = [peak for source in self._sources if (peak := source.peak(moment_s)) is not None]
        responding = {peak.sensor for peak in peaks if peak.reading.has_thermal_value}
        hottest = hottest_of(sample.reading for sample in peaks)
        return Snapshot(
            samples=tuple(peaks),
            hottest=hottest,
            age_s=next((moment_s - peak.taken_at_s for peak in peaks if peak.reading is hottest), None),
            failures={source.sensor.name: source.failures for source in self._sources},
            retired=tuple(source.sensor.name for source in self._sources if source.retired),
            lost=tuple(
                source.sensor.name for source in self._sources if source.sensor.name not in responding
            ),
        )


class _Worker:
    """A daemon thread that reads a group of sources in turn."""

    def __init__(self, sources: Sequence[Source], clock: Callable[[], float]) -> None:
        # Replaced as a whole, never modified: the thread and `separate_hung` need no lock.
        self._sources = tuple(sources)
        self._clock = clock
        self._at_work: tuple[Source, float] | None = None
        self._stopping: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._run, name="monitor", daemon=True)

    def stop(self) -> None:
        """Signal the thread to end."""
        self._stopping.put(None)

    def separate_hung(self, now_s: float, patience_s: float) -> tuple[Source, ...]:
        """Keep only the source that blocks the thread, if there is one, and return the others."""
        at_work = self._at_work
        if at_work is None or len(self._sources) == 1:
            return ()
        if now_s - at_work[1] <= min(patience_s, at_work[0].patience_s):
            return ()
        others = tuple(source for source in self._sources if source is not at_work[0])
        self._sources = (at_work[0],)
        logger.warning("temperature sensor %s hangs; the others are read without it", at_work[0].sensor.name)
        return others

    def _run(self) -> None:
        # SimpleQueue waits in C: waiting on an Event would cost more than reading the sensors.
        while self._stopping.empty():
            for source in self._sources:
                if source in self._sources:
                    self._at_work = (source, self._clock())
                    source.sample_once()
            self._at_work = None
            with suppress(queue.Empty):
                self._stopping.get(timeout=self._sources[0].pace_s)
                return
