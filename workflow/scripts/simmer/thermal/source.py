"""One sensor and what it said in the last periods: fresh, failing, retired, lost or not believed."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

from simmer.thermal.readings import Reading, Sample, hottest_of
from simmer.thermal.sensors import Sensor
from simmer.thermal.stillness import FROZEN_AFTER_S, Stillness

logger = logging.getLogger(__name__)

SUBSAMPLES_PER_PERIOD = 4  # eight held the simulated machines no better, for twice the cost
KEPT_PERIODS = 30  # a guard that could not look for a while finds out what it missed
LOST_AFTER_PERIODS = 3
RETIRED_AFTER_FAILURES = 3
# A laptop that wakes up, or a driver that is reloaded, brings a source back; so a retired one is asked again,
# ever more rarely.
FIRST_RETRY_S, LAST_RETRY_S = 10.0, 600.0


class Source:
    """One sensor and its samples of the last periods; written by one thread, read by any.

    Attributes:
        sensor: the one.
        failures: failed reads since the start.
        asked_once: set after the first read.
        pace_s: seconds between two reads.
        patience_s: how long a read may take before it holds others up.
    """

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
        """Ask the sensor once, unless it is retired and not due."""
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
