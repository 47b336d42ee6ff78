"""Spans of time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A span of wall time in seconds since 1970, or of positions on an axis."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Its length in seconds."""
        return self.end_s - self.start_s


def merged(spans: Iterable[Span], *, gap_s: float = 0.0) -> Iterator[Span]:
    """Yield spans in order of time, joining those that overlap or are at most `gap_s` apart."""
    current: Span | None = None
    for span in sorted(spans, key=lambda span: (span.start_s, span.end_s)):
        if current is not None and span.start_s - current.end_s <= gap_s:
            current = Span(current.start_s, max(current.end_s, span.end_s))
            continue
        if current is not None:
            yield current
        current = span
    if current is not None:
        yield current


def common_s(span: Span, others: Iterable[Span]) -> float:
    """Return the seconds that a span shares with others, which must not overlap each other."""
    overlaps = (min(span.end_s, other.end_s) - max(span.start_s, other.start_s) for other in others)
    return sum(overlap for overlap in overlaps if overlap > 0.0)
