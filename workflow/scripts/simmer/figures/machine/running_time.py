"""The axis of a timeline: running time, with breaks narrowed to strips."""

from collections.abc import Iterable, Sequence

import numpy as np

from simmer.figures.machine.spans import Span, merged

# Largest width of one break and of all breaks together, as shares of the running time.
_BREAK_SHARE, _BREAKS_SHARE = 0.02, 0.15

# Smallest visible width of a span, and of a gap between two; shares of the axis.
_LEAST_SHARE, _JOIN_SHARE = 0.002, 0.0006


class RunningTime:
    """Maps wall time, in seconds since 1970, to positions: seconds of running time and of narrowed breaks.

    Attributes:
        runs: spans in which the study ran, oldest first; never empty.
        total_s: seconds of running time, at least 1.
        end: the last position.
    """

    def __init__(self, runs: Sequence[Span]) -> None:
        self.runs = runs or (Span(0.0, 1.0),)
        lengths_s = np.array([run.length_s for run in self.runs])
        self.total_s = max(1.0, float(lengths_s.sum()))
        breaks = len(self.runs) - 1
        strip = min(_BREAK_SHARE, _BREAKS_SHARE / max(1, breaks)) * self.total_s
        ran_s = np.concatenate([[0.0], np.cumsum(lengths_s)])
        # Start and end of each run as wall time, as running time, and as position.
        self._walls_s = [edge for run in self.runs for edge in (run.start_s, run.end_s)]
        self._ran_s = np.column_stack([ran_s[:-1], ran_s[1:]]).ravel()
        self._positions = self._ran_s + strip * np.repeat(np.arange(breaks + 1), 2)
        self.end = max(float(self._positions[-1]), self.total_s)

    def at(self, wall_s: float | np.ndarray) -> np.ndarray:
        """Return positions of wall times."""
        return np.interp(wall_s, self._walls_s, self._positions)

    def after_running(self, ran_s: np.ndarray) -> np.ndarray:
        """Return positions of running times; at a break, either of its sides."""
        return np.interp(ran_s, self._ran_s, self._positions)

    def spans(self, spans: Iterable[Span]) -> list[tuple[float, float]]:
        """Return positions of spans of wall time; spans that would look like one are joined."""
        placed = (Span(*self.at(np.array([span.start_s, span.end_s]))) for span in spans)
        wide = (
            Span(span.start_s, max(span.end_s, span.start_s + _LEAST_SHARE * self.end)) for span in placed
        )
        return [(span.start_s, span.end_s) for span in merged(wide, gap_s=_JOIN_SHARE * self.end)]

    def breaks(self) -> list[tuple[Span, float, float]]:
        """Return each break with the positions of its edges."""
        gaps = (
            Span(before.end_s, after.start_s)
            for before, after in zip(self.runs[:-1], self.runs[1:], strict=True)
        )
        return [(gap, *self.at(np.array([gap.start_s, gap.end_s]))) for gap in gaps]
