"""Reconstruct the hours of a study from its logs: running, blind (without a reading), paused, aborted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simmer.figures.machine.spans import Span, common_s, merged
from simmer.ledger.trial_log import Event, TrialLog, time_s

# A study counts as not running if its logs have no line for longer than this many sampling intervals, and for
# longer than a minute, which the start of a job may take.
_SILENT_INTERVALS = 3
_SHORTEST_SILENCE_S = 60.0

_PAUSE_BEGINS = ("pause", "cooldown")
_PAUSE_ENDS = ("resume", "cooldown_over", "abort", "stopped")
_HEAT_FIELDS = ("temperature_c", "pressure_level", "margin_c")


@dataclass(frozen=True)
class Point:
    """One hardware sample or thermal event from a log.

    Attributes:
        at_s: seconds since 1970.
        temperature_c, pressure_level, margin_c: values of the hottest sensor, or None.
        duty: share of time in which training runs, or None.
        cpu_percent, state: of hardware samples only.
    """

    at_s: float
    temperature_c: float | None
    pressure_level: str | None
    margin_c: float | None
    duty: float | None
    cpu_percent: float | None
    state: str | None
    source: str | None

    @property
    def blind(self) -> bool:
        """True if no sensor reported a value."""
        return self.temperature_c is None and self.pressure_level is None and self.margin_c is None


@dataclass(frozen=True)
class History:
    """The hours of one study, over all its trials; everything is ordered by time.

    Attributes:
        trials: number of trials with a log.
        points: hardware samples and thermal events.
        runs: spans in which the study ran, including short gaps between trials.
        worked: spans in which a trial ran.
        blind: spans of running time without a reading.
        paused: thermal pauses, and waits for the machine to cool before a job.
        aborts: thermal aborts.
        resumes_s: times at which training resumed after a pause or a stop, seconds since 1970.
    """

    trials: int
    points: tuple[Point, ...]
    runs: tuple[Span, ...]
    worked: tuple[Span, ...]
    blind: tuple[Span, ...]
    paused: tuple[Span, ...]
    aborts: tuple[Point, ...]
    resumes_s: tuple[float, ...]

    @property
    def running_s(self) -> float:
        """Seconds in which trials ran."""
        return sum(span.length_s for span in self.worked)

    @property
    def blind_s(self) -> float:
        """Seconds in which trials ran without a reading."""
        return sum(common_s(span, self.worked) for span in self.blind)


def history_of(logs: Sequence[TrialLog], *, interval_s: float) -> History:
    """Return the history of a study.

    Args:
        logs: of all its trials, which may have run in sequence or in parallel.
        interval_s: seconds between two hardware samples.
    """
    # Nothing runs when an earlier result is published again, perhaps weeks later.
    lives = [[event for event in log.events if event["event"] != "republish"] for log in logs]
    events = sorted((event for life in lives for event in life), key=time_s)
    points = [_point(event) for event in events if _has_heat(event)]
    silence_s = max(_SILENT_INTERVALS * interval_s, _SHORTEST_SILENCE_S)
    runs = tuple(_spans(events, silence_s))
    return History(
        trials=len(logs),
        points=tuple(points),
        runs=runs,
        worked=tuple(merged(span for life in lives for span in _spans(life, silence_s))),
        blind=tuple(_blind(points, runs)),
        paused=tuple(merged(span for life in lives for span in _paused(life))),
        aborts=tuple(_point(event) for event in events if _is_abort(event)),
        resumes_s=tuple(sorted(at_s for life in lives for at_s in _resumes(life))),
    )


def held_until_s(points: Sequence[Point], runs: Sequence[Span]) -> Iterator[float]:
    """Yield for each point the time until which it is valid: the next point, or the end of its run."""
    remaining = iter(runs)
    run = next(remaining, None)
    for index, point in enumerate(points):
        while run is not None and point.at_s > run.end_s:
            run = next(remaining, None)
        end_s = point.at_s if run is None else run.end_s
        following_s = points[index + 1].at_s if index + 1 < len(points) else end_s
        yield min(end_s, following_s)


def _spans(events: Sequence[Event], silence_s: float) -> Iterator[Span]:
    return merged((Span(time_s(event), time_s(event)) for event in events), gap_s=silence_s)


def _has_heat(event: Event) -> bool:
    # A lost sensor counts as a point without a value.
    return event["event"] == "hardware_sample" or (
        event["event"] == "thermal_event"
        and (event["action"] == "sensor_unknown" or any(event.get(name) is not None for name in _HEAT_FIELDS))
    )


def _is_abort(event: Event) -> bool:
    return event["event"] == "thermal_event" and event["action"] == "abort"


def _point(event: Event) -> Point:
    return Point(
        at_s=time_s(event),
        **{name: event.get(name) for name in ("temperature_c", "pressure_level", "margin_c", "source")},
        **{name: event.get(name) for name in ("duty", "cpu_percent", "state")},
    )


def _blind(points: Sequence[Point], runs: Sequence[Span]) -> Iterator[Span]:
    ends_s = held_until_s(points, runs)
    spans = (Span(point.at_s, end_s) for point, end_s in zip(points, ends_s, strict=True) if point.blind)
    return merged(span for span in spans if span.length_s > 0.0)


def _paused(life: Sequence[Event]) -> Iterator[Span]:
    since_s: float | None = None
    last_s = 0.0
    for event in life:
        at_s = time_s(event)
        action = event["action"] if event["event"] == "thermal_event" else event["event"]
        if since_s is not None and action in _PAUSE_ENDS:
            yield Span(since_s, at_s)
            since_s = None
        elif since_s is not None and action in (*_PAUSE_BEGINS, "start"):
            yield Span(since_s, last_s)  # killed during the pause, which ended with the last line
            since_s = None
        if action in _PAUSE_BEGINS:
            since_s = at_s
        last_s = at_s
    if since_s is not None:
        yield Span(since_s, last_s)


def _resumes(life: Sequence[Event]) -> Iterator[float]:
    started = False
    for event in life:
        if event["event"] == "start":
            if started:
                yield time_s(event)
            started = True
        elif event["event"] == "thermal_event" and event["action"] == "resume":
            yield time_s(event)
