"""What the logs of one study say about its hours: when it ran, was blind, paused, was stopped and went on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simmer.figures.machine.spans import Span, common_s, merged
from simmer.ledger.trial_log import Event, TrialLog, time_s

# A study counts as not running where its logs are silent for longer than so many sampling intervals; but a
# job needs some seconds to start, so between two trials a minute is always allowed.
_SILENT_INTERVALS = 3
_SHORTEST_SILENCE_S = 60.0

_PAUSE_BEGINS = ("pause", "cooldown")
_PAUSE_ENDS = ("resume", "cooldown_over", "abort", "stopped")
_TELLS_HEAT = ("temperature_c", "pressure_level", "margin_c")


@dataclass(frozen=True)
class Point:
    """One logged look at the machine.

    Attributes:
        at_s: when, in seconds since 1970.
        temperature_c, pressure_level, margin_c: what the hottest source told, or None.
        duty: share of the time training may take, where the line tells it.
        cpu_percent, state: told by samples only.
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
        """Whether no source told any heat."""
        return self.temperature_c is None and self.pressure_level is None and self.margin_c is None


@dataclass(frozen=True)
class History:
    """The hours of one study, over all its trials.

    Attributes:
        trials: how many trials have a log.
        points: every look at the machine, hardware samples and thermal events, oldest first.
        runs: the stretches in which the study ran, oldest first; short times between two of its trials
            count in.
        worked: the stretches in which a trial of it ran, oldest first.
        blind: stretches of running time without any reading.
        paused: pauses, and waits for the machine to cool before a job.
        aborts: the thermal aborts, oldest first.
        resumes_s: when training went on after a pause, or a trial after a stop; seconds since 1970.
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
        """Seconds in which trials of the study ran."""
        return sum(span.length_s for span in self.worked)

    @property
    def blind_s(self) -> float:
        """Seconds in which they ran without any reading."""
        return sum(common_s(span, self.worked) for span in self.blind)


def history_of(logs: Sequence[TrialLog], *, interval_s: float) -> History:
    """Return the history of the study these logs belong to.

    Args:
        logs: of all its trials; they may have run one after another or side by side.
        interval_s: seconds between two hardware samples.
    """
    # A republication is a copy of what was computed before, perhaps weeks later: nothing ran.
    lives = [[event for event in log.events if event["event"] != "republish"] for log in logs]
    events = sorted((event for life in lives for event in life), key=time_s)
    points = [_point(event) for event in events if _is_look(event)]
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
    """Yield for each point until when it speaks: the next one, or the end of its run."""
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


def _is_look(event: Event) -> bool:
    # A source that is said to be lost is a look that saw nothing.
    return event["event"] == "hardware_sample" or (
        event["event"] == "thermal_event"
        and (event["action"] == "sensor_unknown" or any(event.get(name) is not None for name in _TELLS_HEAT))
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
            yield Span(since_s, last_s)  # killed in its pause: nobody waited any longer
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
