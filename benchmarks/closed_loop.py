"""Close the loop from heat to training and back around a real trainer; print its numbers and draw a figure.

    make bench-closed-loop

The trainer's real CPU time heats a simulated laptop of 110 W, ten times faster than in reality. simmer takes
its temperature through the sysfs sensors and sleeps. Halfway the fan is blocked. At the end the sensor shows
97 °C: training stops after a checkpoint, and the same command resumes it. The same scenario is a test
(tests/workflow/test_closed_loop.py). Writes docs/closed_loop.svg; the short form leaves that file alone.
"""

import argparse
import re
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

import command_line

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "workflow/scripts"), str(ROOT / "tests")]

from support.campaign import SMALL, Campaign  # noqa: E402
from support.closed_loop import PERIOD_S, TARGET, Ended, overlay, plant, run_until_critical  # noqa: E402
from support.hot_machine import HotMachine, Point  # noqa: E402

FULL_EPOCHS, SHORT_EPOCHS = 220, 100
FIGURE = ROOT / "docs/closed_loop.svg"
SHORT_SPAN_S = 1.0


def measure(chosen: argparse.Namespace) -> str:
    """Run, print and draw; return the last line."""
    spans = {"settling_s": SHORT_SPAN_S, "measured_s": SHORT_SPAN_S} if chosen.short else {}
    epochs = SHORT_EPOCHS if chosen.short else FULL_EPOCHS
    with tempfile.TemporaryDirectory() as name:
        figure = Path(name) / FIGURE.name if chosen.short else FIGURE
        campaign = Campaign(Path(name) / "campaign", SMALL, overlay(epochs, sysfs_root="sysfs"))
        try:
            campaign.run("results/preflight/debug.json").succeeded()
            ended = run_until_critical(campaign, **spans)
            with HotMachine(campaign, plant(worked_s=0)):
                resumed = campaign.run(TARGET).succeeded().text
            stopped = ended.run.text
        finally:
            campaign.kill_everything()
        for label, points in (
            ("settled", ended.between(ended.settled_from_s, ended.blocked_at_s)),
            ("fan blocked", ended.between(ended.blocked_at_s, ended.settled_again_from_s)),
            ("settled again", ended.between(ended.settled_again_from_s, ended.spiked_at_s)),
        ):
            print(f"{label:14} {_numbers(points)}")
        highest_c = max(point.hot_spot_c for point in ended.between(0, ended.spiked_at_s))
        print(f"highest before the spike: {highest_c:.1f} °C")
        print(re.search(r"stopped after a checkpoint at [^:]*", stopped)[0])
        print(re.search(r"resuming at epoch [^\n]*", resumed)[0])
        _draw(ended, figure)
    return f"drawn: {'a figure, and removed' if chosen.short else FIGURE.relative_to(ROOT)}"


def _numbers(points: Sequence[Point]) -> str:
    hot = [point.hot_spot_c for point in points]
    within = 100 * sum(80 <= celsius <= 84 for celsius in hot) / len(hot)
    busy = 100 * statistics.mean(point.busy_share for point in points)
    return (
        f"mean {statistics.mean(hot):.1f} °C, sd {statistics.pstdev(hot):.1f} K, {min(hot):.1f} to "
        f"{max(hot):.1f} °C, {within:.0f} % within 82 ± 2 °C, trainer busy {busy:.0f} %"
    )


def _draw(ended: Ended, path: Path) -> None:
    # The work of ending the interpreter after the abort heats the simulated machine ten times too fast.
    trace = ended.between(0, ended.spiked_at_s + 2.5 * PERIOD_S)
    with rc_context({"svg.hashsalt": "closed_loop", "font.size": 9}):
        figure = Figure(figsize=(9, 4.6), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        upper.plot(
            *zip(*((point.at_s, point.hot_spot_c) for point in trace), strict=True), lw=0.8, color="#333333"
        )
        for celsius, text in ((82, "setpoint "), (85, "warning "), (95, "critical ")):
            upper.axhline(celsius, lw=0.8, ls="--", color="#999999")
            upper.annotate(
                f"{text}{celsius} °C", (1.01, celsius), xycoords=("axes fraction", "data"), va="center"
            )
        upper.set_ylim(40, 98)
        upper.set_ylabel("hottest place (°C)")
        lower.plot(*_busy(trace), lw=1.0, color="#1f5fa8")
        lower.set_ylabel("trainer busy (%)")
        lower.set_ylim(0, 105)
        lower.set_xlabel("seconds (the machine heats ten times faster than in reality)")
        for at_s, text in (
            (ended.blocked_at_s, "fan blocked "),
            (ended.spiked_at_s, "sensor shows 97 °C, abort "),
        ):
            for axes in (upper, lower):
                axes.axvline(at_s, lw=1.0, color="#b00020")
            upper.annotate(text, (at_s, 50), ha="right", color="#b00020")
        figure.savefig(path, metadata={"Date": None})


def _busy(trace: Sequence[Point]) -> tuple[list[float], list[float]]:
    windows: dict[int, list[float]] = {}
    for point in trace:
        windows.setdefault(int(point.at_s / (2 * PERIOD_S)), []).append(point.busy_share)
    times_s = [(window + 0.5) * 2 * PERIOD_S for window in windows]
    return times_s, [100 * statistics.mean(shares) for shares in windows.values()]


if __name__ == "__main__":
    command_line.run(measure, command_line.parser(__doc__))
