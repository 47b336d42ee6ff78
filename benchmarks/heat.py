"""Compare policies against heat on simulated machines, and measure what the guard costs.

    make bench-heat

Each policy (policies.py) trains for hours of simulated time on thermal models (tests/support/plant.py). The
governor's rows run the product's own Guard, Governor and Monitor, unchanged, on the simulated clock. Two
processes simulate. No machine here is real: the tables compare policies, they predict no temperatures.

What is assumed: a training step of 0.5 s at full clock; a load that changes each minute, normal about 1 by
0.05, and 0.7 in a tenth of the minutes, as during an evaluation; air that warms and cools by 3 K over the
day; hardware that throttles by itself under every policy. An abort loses no work; training resumes by itself
after 60 s, at or below 70 °C. The two policies that pause use one sample per check; the governor's monitor
and the cap use the hottest of four samples. The cap is the governor's own controller with a power limit
instead of sleeps; setting a power limit takes privileges.
"""

import argparse
import multiprocessing
from collections.abc import Sequence
from dataclasses import replace

from guard_overhead import FULL, SHORT, guard_overhead_percent
from policies import HYSTERESIS_RESUME_C, LIMITS, PAUSE_S, simulate
from simulated_machine import THERMAL, Case, Record

import command_line
from simmer.thermal.duty import GAIN_PER_K, INTEGRAL_DECISIONS
from support.plant import LAPTOP, MACHINES

PROCESSES = 2
SHORT_HOURS = 0.5
PERIOD = f"every {THERMAL.sample_period_s:g} s"
LABELS = {
    "hardware": "hardware throttling only",
    "pause 60": f"pause {PAUSE_S:g} s from {LIMITS.warning_c:g}, abort at {LIMITS.critical_c:g}, {PERIOD}",
    "hysteresis": f"pause from {LIMITS.warning_c:g} until {HYSTERESIS_RESUME_C:g}, {PERIOD}",
    "governor": f"governor, setpoint {LIMITS.setpoint_c:g}, {PERIOD}",
    "cap": "its controller on a power cap",
}
HEADS = ("work %", ">= 85 %", ">= 90 %", ">= 95 %", "Tmax", "sd K", "10 K/h", "pauses", "aborts", "W")


def tables() -> dict[str, list[Case]]:
    """Return the cases by the title of their table."""
    found = {
        f"{machine.name}, 12 h": [Case(label, policy, machine, hours=12) for policy, label in LABELS.items()]
        for machine in MACHINES
    }
    found[f"{LAPTOP.name}, fan blocked after 2 of 4 h"] = [
        Case(label, policy, hours=4, fan_blocked_h=2) for policy, label in LABELS.items()
    ]
    found["governor on the laptop, by length of a training step, 3 h"] = [
        *(Case(f"{step_s:g} s, undivided", step_s=step_s) for step_s in (0.5, 2.0, 10.0, 30.0)),
        *(Case(f"{step_s:g} s, a part each 0.5 s", step_s=step_s, breath_s=0.5) for step_s in (10.0, 30.0)),
    ]
    found["governor on the laptop, by samples of the monitor, 3 h"] = [
        Case("hottest of 8 samples per decision", samples_per_period=8),
        Case("hottest of 4 samples per decision"),
        Case("one sample per decision", samples_per_period=1),
    ]
    found["governor on the laptop, by gains of its controller, 3 h"] = [
        Case(
            f"gain {gain * GAIN_PER_K:g} per K, integral {integral * INTEGRAL_DECISIONS:g} decisions",
            gain_per_k=gain * GAIN_PER_K,
            integral_decisions=integral * INTEGRAL_DECISIONS,
        )
        for gain in (0.5, 1, 2)
        for integral in (0.5, 1, 2)
    ]
    found["governor on the laptop, by period of its decisions, 3 h"] = [
        Case(f"every {period_s:g} s", period_s=period_s) for period_s in (1.0, 2.0, 5.0, 10.0, 30.0)
    ]
    found["governor on the laptop, sensor lost for 1 of 5 h"] = [
        Case(f"duty_when_blind {duty:g}", hours=5, sensor_lost_h=(2, 3), duty_when_blind=duty)
        for duty in (1.0, 0.6)
    ]
    found["governor on the laptop, other seeds, 6 h"] = [
        Case(f"seed {seed}", hours=6, seed=seed) for seed in (2, 3, 4, 5)
    ]
    return found


def shortened(case: Case) -> Case:
    """Return the same events within half an hour."""
    share = SHORT_HOURS / case.hours
    lost_h, found_h = case.sensor_lost_h
    return replace(
        case,
        hours=SHORT_HOURS,
        fan_blocked_h=case.fan_blocked_h * share,
        sensor_lost_h=(lost_h * share, found_h * share),
    )


def simulate_all(by_title: dict[str, list[Case]]) -> dict[Case, Record]:
    """Simulate and print every table."""
    found: dict[Case, Record] = {}
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        records = pool.imap(simulate, [case for cases in by_title.values() for case in cases])
        for title, cases in by_title.items():
            print(f"\n{title}")
            print_line("", HEADS)
            for case in cases:
                found[case] = next(records)
                print_line(case.label, table_row(found[case]))
    return found


def table_row(record: Record) -> Sequence[str]:
    """Return the numbers of a row as text."""
    return (
        f"{record.work_percent:.1f}",
        *(f"{percent:.2f}" for percent in record.above_percent),
        f"{record.highest_c:.1f}",
        f"{record.deviation_k:.1f}",
        f"{record.swings_per_hour:.1f}",
        f"{record.pauses}",
        f"{record.aborts}",
        f"{record.mean_w:.0f}",
    )


def print_line(label: str, cells: Sequence[str]) -> None:
    """Print one aligned line of a table."""
    print(f"{label:44s}" + "".join(f"{cell:>9s}" for cell in cells), flush=True)


def measure(chosen: argparse.Namespace) -> str:
    """Simulate, measure and print; return the summary."""
    by_title = tables()
    if chosen.short:
        print(f"Each case is simulated for {SHORT_HOURS:g} h, whatever the titles say.")
        by_title = {title: [shortened(case) for case in cases] for title, cases in by_title.items()}
    print("simulated; work: % of a machine that never slows; 10 K/h: falls of 10 K or more per hour")
    found = simulate_all(by_title)
    overhead_percent = guard_overhead_percent(SHORT if chosen.short else FULL)
    laptop = {case.policy: found[case] for case in by_title[f"{LAPTOP.name}, 12 h"]}
    return (
        f"governor_throughput={laptop['governor'].work_percent:.1f} "
        f"pause60_throughput={laptop['pause 60'].work_percent:.1f} "
        f"governor_above_85_percent={laptop['governor'].above_percent[0]:.1f} "
        f"guard_overhead_percent={overhead_percent:.2f}"
    )


if __name__ == "__main__":
    command_line.run(measure, command_line.parser(__doc__))
