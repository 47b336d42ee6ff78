"""Texts of a timeline: title, subtitle and labels of aborts."""

from datetime import UTC, datetime

from simmer.base.words import count, duration
from simmer.figures.machine.history import History, Point


def title(name: str, history: History) -> str:
    """Return trials, running time, time without a reading and aborts of a study, in one line."""
    return (
        f"{name}: {count(history.trials, 'trial')}, {duration(history.running_s)} running, "
        f"{duration(history.blind_s)} without a reading, {count(len(history.aborts), 'abort')}"
    )


def subtitle(history: History) -> str:
    """Return when the study ran, its number of samples and the hottest sensors."""
    if not history.runs:
        return ""
    samples = count(sum(point.state is not None for point in history.points), "hardware sample")
    sources = sorted({point.source for point in history.points if point.source})
    named = ", ".join(sources[:2]) + (f" and {len(sources) - 2} more" if len(sources) > 2 else "")
    first, last = (
        f"{_utc(at_s):%Y-%m-%d %H:%M}" for at_s in (history.runs[0].start_s, history.runs[-1].end_s)
    )
    return f"{first} to {last} UTC, {samples}" + (f", hottest source: {named}" if named else "")


def abort_label(abort: Point) -> str:
    """Return temperature and time of an abort."""
    degrees = None if abort.temperature_c is None else f"{abort.temperature_c:g} °C"
    return f"abort {degrees or abort.pressure_level or 'no reading'}, {_utc(abort.at_s):%m-%d %H:%M}"


def _utc(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
