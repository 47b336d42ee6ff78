"""Watching the sensors from a daemon thread, so that nothing in training ever waits for one."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from simmer.thermal.readings import Reading, Sample, hottest_of
from simmer.thermal.sensors import Sensor
from simmer.thermal.stillness import FROZEN_AFTER_S, CpuLoad, Stillness

logger = logging.getLogger(__name__)

SUBSAMPLES_PER_PERIOD = 8
KEPT_PERIODS = 30  # a guard that could not look for a while finds out what it missed
LOST_AFTER_PERIODS = 3
RETIRED_AFTER_FAILURES = 3
# A laptop that wakes up, or a driver that is reloaded, brings a source back; so a retired one is asked again,
# ever more rarely.
FIRST_RETRY_S, LAST_RETRY_S = 10.0, 600.0
FIRST_ANSWER_S, LAST_ANSWER_S = 2.0, 0.5  # how long starting waits for an answer, and stopping for a thread


@dataclass(frozen=True)
class Snapshot:
    """What is known about heat at one moment.

    Attributes:
        samples: the peak of the last period of every source that is not lost.
        hottest: the hottest of their readings, or None when every source is lost.
        age_s: seconds since `hottest` was taken; None when there is none.
        failures: failed reads per source since the start.
        retired: the sources that failed too often in a row and are asked only now and then.
        lost: the sources without a fresh value, retired or hanging or not believed.
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
        """The power of all parts that tell theirs, in W; None where none does."""
        powers = [reading.power_w for reading in self.readings if reading.power_w is not None]
        return sum(powers) if powers else None

    @property
    def brakes(self) -> frozenset[str]:
        """What slows a clock at the moment, on any part."""
        return frozenset(brake for reading in self.readings for brake in reading.brakes or ())


class Monitor:
    """Sub-samples every sensor and holds the peak of the last period.

    One daemon thread reads all sources that cost microseconds; a source with an interval of its own (a
    program that is run) has its own thread. A source that hangs is left to the thread it holds up, and the
    others go on in a new one: it turns lost and blinds no other. Peak-hold matters because a guard that
    pauses training cools the very moment at which a single sample would be taken.
    """

    def __init__(
        self,
        sensors: Sequence[Sensor],
        *,
        period_s: float,
        clock: Callable[[], float] = time.monotonic,
        load: Callable[[], float | None] | None = None,
    ) -> None:
        """Take the sensors to watch.

        Args:
            sensors: asked from daemon threads.
            period_s: the guard's period of decisions; each sensor is asked eight times in it.
            clock: monotonic seconds.
            load: busy share of all cores, 0 to 1, or None when it is not known.
        """
        self.period_s = period_s
        self._clock = clock
        load = load or CpuLoad(clock)
        self._sources = [_Source(sensor, period_s, clock, load) for sensor in sensors]
        self._workers: list[_Worker] = []

    def start(self) -> None:
        """Start the threads and give each source some time for its first answer."""
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

    def stop(self) -> None:
        """Ask the threads to end; one that hangs in a sensor is left behind, as a daemon."""
        for worker in self._workers:
            worker.stop()
        deadline_s = time.monotonic() + LAST_ANSWER_S
        for worker in self._workers:
            worker.thread.join(max(0.0, deadline_s - time.monotonic()))
        self._workers = []

    def _start_worker(self, sources: Sequence["_Source"]) -> None:
        self._workers.append(_Worker(sources, self._clock))
        self._workers[-1].thread.start()

    def _part_from_hung(self) -> None:
        for worker in list(self._workers):
            if others := worker.part_from_hung(self._clock()):
                self._start_worker(others)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def sample_once(self) -> None:
        """Read every sensor that is due once in the calling thread; what the threads do, without them."""
        for source in self._sources:
            source.sample_once()

    def latest(self) -> Snapshot:
        """Return what is known now; never waits, and drops what is older than a few periods."""
        return self._at(self._clock())

    def since(self, looked_at_s: float | None) -> list[Snapshot]:
        """Return a snapshot for each whole period since the last look, oldest first; the last is of now."""
        now_s = self._clock()
        missed = 0 if looked_at_s is None else int((now_s - looked_at_s) / self.period_s) - 1
        ages = range(min(missed, KEPT_PERIODS - 1), 0, -1)
        return [*(self._at(now_s - age * self.period_s) for age in ages), self._at(now_s)]

    def _at(self, moment_s: float) -> Snapshot:
        self._part_from_hung()
        peaks = [peak for source in self._sources if (peak := source.peak(moment_s)) is not None]
        heard = {peak.sensor for peak in peaks}
        hottest = hottest_of(sample.reading for sample in peaks)
        return Snapshot(
            samples=tuple(peaks),
            hottest=hottest,
            age_s=next((moment_s - peak.taken_at_s for peak in peaks if peak.reading is hottest), None),
            failures={source.sensor.name: source.failures for source in self._sources},
            retired=tuple(source.sensor.name for source in self._sources if source.retired),
            lost=tuple(source.sensor.name for source in self._sources if source.sensor.name not in heard),
        )


class _Worker:
    """A daemon thread that reads some sources in turn."""

    def __init__(self, sources: Sequence["_Source"], clock: Callable[[], float]) -> None:
        # Replaced as a whole, never changed: the thread and `part_from_hung` need no lock.
        self._sources = tuple(sources)
        self._clock = clock
        self._at_work: tuple[_Source, float] | None = None
        self._stopping: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._run, name="monitor", daemon=True)

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stopping.put(None)

    def part_from_hung(self, now_s: float) -> tuple["_Source", ...]:
        """Keep only the source that holds the thread up, if one does, and return the others."""
        at_work = self._at_work
        if at_work is None or now_s - at_work[1] <= at_work[0].patience_s or len(self._sources) == 1:
            return ()
        others = tuple(source for source in self._sources if source is not at_work[0])
        self._sources = (at_work[0],)
        logger.warning("temperature source %s hangs; the others are read without it", at_work[0].sensor.name)
        return others

    def _run(self) -> None:
        # SimpleQueue waits in C: an Event would cost more than reading the sensors does.
        while self._stopping.empty():
            for source in self._sources:
                if source in self._sources:
                    self._at_work = (source, self._clock())
                    source.sample_once()
            self._at_work = None
            with suppress(queue.Empty):
                self._stopping.get(timeout=self._sources[0].pace_s)
                return


class _Source:
    """One sensor and its samples of the last periods; written by one thread, read by any."""

    def __init__(
        self, sensor: Sensor, period_s: float, clock: Callable[[], float], load: Callable[[], float | None]
    ) -> None:
        self.sensor = sensor
        self.failures = 0
        self.asked_once = threading.Event()
        self.pace_s = max(period_s / SUBSAMPLES_PER_PERIOD, sensor.interval_s)
        self.patience_s = max(period_s, sensor.interval_s)
        self._lost_after_s = LOST_AFTER_PERIODS * self.patience_s
        self._clock = clock
        # One reference, replaced as a whole: readers need no lock, so no reader can be blocked.
        self._recent: tuple[Sample, ...] = ()
        self._failed_in_a_row = 0
        self._next_try_s = float("-inf")
        self._stillness = Stillness(load)
        self._believed = True

    @property
    def retired(self) -> bool:
        """Whether it failed so often in a row that it is asked only now and then."""
        return self._failed_in_a_row >= RETIRED_AFTER_FAILURES

    def sample_once(self) -> None:
        asked_at_s = self._clock()
        if asked_at_s < self._next_try_s:
            return
        reading = self._read(asked_at_s)
        if reading is not None and self._believe(reading, asked_at_s):
            # Dated before the read, so that a slow sensor never looks fresher than it is.
            kept = self._recent[1 - KEPT_PERIODS * SUBSAMPLES_PER_PERIOD :]
            self._recent = (*kept, Sample(reading, asked_at_s, self.sensor.name))
        self.asked_once.set()

    def peak(self, moment_s: float) -> Sample | None:
        """Return the hottest sample of the period before a moment; None for a source that was lost then.

        It is dated as the newest of them, and power is their mean: the hottest moment is one of work.
        """
        recent = [sample for sample in self._recent if sample.taken_at_s <= moment_s]
        if not recent or moment_s - recent[-1].taken_at_s > self._lost_after_s:
            return None
        newest_s = recent[-1].taken_at_s
        window = [sample.reading for sample in recent if sample.taken_at_s > newest_s - self.patience_s]
        hottest = hottest_of(window) or window[-1]
        levels = [reading.level for reading in window if reading.level is not None]
        powers = [reading.power_w for reading in window if reading.power_w is not None]
        brakes = [reading.brakes for reading in window if reading.brakes is not None]
        peak = replace(
            hottest,
            level=max(levels, default=None),
            power_w=sum(powers) / len(powers) if powers else None,
            brakes=tuple(sorted({brake for each in brakes for brake in each})) if brakes else None,
        )
        return Sample(peak, newest_s, self.sensor.name)

    def _read(self, asked_at_s: float) -> Reading | None:
        problem = "no value"
        try:
            reading = self.sensor.read()
        except (OSError, ValueError, RuntimeError) as error:
            reading, problem = None, str(error)
        except Exception:
            # A fault in one source must not end the thread that reads them all.
            logger.exception("temperature source %s is faulty", self.sensor.name)
            reading, problem = None, "a fault in the program, see the log"
        if reading is None:
            self._note_failure(problem, asked_at_s)
        elif self._failed_in_a_row:
            logger.warning("temperature source %s answers again", self.sensor.name)
            self._failed_in_a_row = 0
        return reading

    def _believe(self, reading: Reading, asked_at_s: float) -> bool:
        believed = not self._stillness.frozen(reading, asked_at_s)
        if believed != self._believed:
            logger.warning(
                "temperature source %s moves again"
                if believed
                else "temperature source %s is not believed: "
                f"it has said {reading.celsius} °C for {FROZEN_AFTER_S:g} s of changing load",
                self.sensor.name,
            )
        self._believed = believed
        return believed

    def _note_failure(self, problem: str, asked_at_s: float) -> None:
        self.failures += 1
        self._failed_in_a_row += 1
        if not self.retired:
            if self._failed_in_a_row == 1:
                logger.warning("temperature source %s does not answer: %s", self.sensor.name, problem)
            return
        retries = self._failed_in_a_row - RETIRED_AFTER_FAILURES
        self._next_try_s = asked_at_s + min(LAST_RETRY_S, FIRST_RETRY_S * 2**retries)
        if retries == 0:
            logger.warning(
                "temperature source %s is retired after %d failures in a row (%s); it is asked again later",
                self.sensor.name,
                self._failed_in_a_row,
                problem,
            )
