"""One sensor and its recent samples; detects failing, retired, lost and stuck sensors."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

from simmer.thermal.readings import Reading, Sample, hottest_of
from simmer.thermal.sensors import Sensor
from simmer.thermal.stuck import STUCK_AFTER_S, StuckDetector

logger = logging.getLogger(__name__)

SUBSAMPLES_PER_PERIOD = 4  # eight held the simulated machines no better, at twice the cost
KEPT_PERIODS = 30  # history for a guard that could not decide for a while
LOST_AFTER_PERIODS = 3
RETIRED_AFTER_FAILURES = 3
# A source can come back after a laptop wakes up or a driver is reloaded, so a retired one is still read, at
# growing intervals.
FIRST_RETRY_S, LAST_RETRY_S = 10.0, 600.0


class Source:
    """One sensor and its samples of the last periods; written by one thread, read by any.

    Attributes:
        failures: failed reads since the start.
        asked_once: set after the first read.
        pace_s: seconds between two reads.
        patience_s: seconds after which a read counts as hanging.
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
        # One reference, replaced as a whole: no locks, so no thread can block another.
        self._recent: tuple[Sample, ...] = ()
        self._failed_in_a_row = 0
        self._next_try_s = float("-inf")
        self._stuck = StuckDetector(load)
        self._accepted = True

    @property
    def retired(self) -> bool:
        """True if it failed several times in a row and is now read only rarely."""
        return self._failed_in_a_row >= RETIRED_AFTER_FAILURES

    def sample_once(self) -> None:
        """Read the sensor once, unless it is retired and not due."""
        asked_at_s = self._clock()
        if asked_at_s < self._next_try_s:
            return
        reading = self._read(asked_at_s)
        if reading is not None and self._accept(reading, asked_at_s):
            # The time before the read, so that a slow sensor never seems fresher than it is.
            kept = self._recent[1 - KEPT_PERIODS * SUBSAMPLES_PER_PERIOD :]
            self._recent = (*kept, Sample(reading, asked_at_s, self.sensor.name))
        self.asked_once.set()

    def peak(self, moment_s: float) -> Sample | None:
        """Return the hottest sample of the period before a moment; None if the source was lost then.

        Its time is that of the newest sample. Its power is the mean, because the hottest moment is one of
        full load.
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
            # An error in one source must not end the thread that reads them all.
            logger.exception("temperature sensor %s raised an unexpected error", self.sensor.name)
            reading, problem = None, "an error in the program, see the log"
        if reading is None:
            self._note_failure(problem, asked_at_s)
        elif self._failed_in_a_row:
            logger.warning("temperature sensor %s responds again", self.sensor.name)
            self._failed_in_a_row = 0
        return reading

    def _accept(self, reading: Reading, asked_at_s: float) -> bool:
        accepted = not self._stuck.is_stuck(reading, asked_at_s)
        if accepted != self._accepted:
            logger.warning(
                "temperature sensor %s changes again and is used"
                if accepted
                else "temperature sensor %s is ignored: it has reported "
                f"{reading.celsius} °C for {STUCK_AFTER_S:g} s while the load changed",
                self.sensor.name,
            )
        self._accepted = accepted
        return accepted

    def _note_failure(self, problem: str, asked_at_s: float) -> None:
        self.failures += 1
        self._failed_in_a_row += 1
        if not self.retired:
            if self._failed_in_a_row == 1:
                logger.warning("temperature sensor %s does not respond: %s", self.sensor.name, problem)
            return
        retries = self._failed_in_a_row - RETIRED_AFTER_FAILURES
        self._next_try_s = asked_at_s + min(LAST_RETRY_S, FIRST_RETRY_S * 2**retries)
        if retries == 0:
            logger.warning(
                "temperature sensor %s failed %d times in a row (%s); it is tried again later",
                self.sensor.name,
                self._failed_in_a_row,
                problem,
            )
