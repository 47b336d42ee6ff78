"""Training speed beside the usual code, Hugging Face and neuralforecast, and beside what the cores can do.

    make bench-speed

Every contender is a process of its own, all of them alive at the same time; they train in turn, round
after round, so that a slow minute of the machine slows them all. Ratios are medians over the rounds.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

from setting import CHANNELS, CORES, PATCHES, ROOT, SIZES
from simmer.training.environment import TRAINER_ENVIRONMENT

BENCH_PYTHON = ROOT / ".venv-bench/bin/python"
BATCH = 64
PEAK_STEPS, PEAK_OPERATIONS = 20, 2 * 2048**3
# Rounds, and optimizer steps per round of: ours, the usual code, Hugging Face, neuralforecast.
PLAN = {"2M": (7, 60, 25, 1, 1), "20M": (5, 12, 6, 0, 0), "200M": (4, 2, 1, 0, 0)}


class Contender:
    """A running process of contenders.py."""

    def __init__(self, name: str, scale: str, threads: int, *, steps: int, tuned: bool, python: Path) -> None:
        self.steps, self.batch = steps, BATCH
        program = [python, ROOT / "benchmarks/contenders.py", name, scale, str(BATCH), str(threads)]
        self._process = subprocess.Popen(
            program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | (TRAINER_ENVIRONMENT if tuned else {}),
        )

    def start(self, steps: int | None = None) -> None:
        """Let it train."""
        self._process.stdin.write(f"{steps or self.steps}\n")
        self._process.stdin.flush()

    def seconds(self) -> float:
        """Wait until it has trained; return the seconds that took."""
        return float(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.stdin.close()
        self._process.wait()


def rate(*contenders: Contender) -> float:
    """Return the windows per second of contenders that train at the same time, added up."""
    for contender in contenders:
        contender.start()
    return sum(contender.steps * BATCH / contender.seconds() for contender in contenders)


def rounds(scale: str) -> dict[str, list[float]]:
    """Return per round the windows per second of each contender, and the GEMM peaks in operations."""
    count, our_steps, usual_steps, hf_steps, nf_steps = PLAN[scale]

    def contender(
        name: str, *, steps: int, threads: int = CORES, tuned: bool = False, bench: bool = False
    ) -> Contender:
        python = BENCH_PYTHON if bench else Path(sys.executable)
        return Contender(name, scale, threads, steps=steps, tuned=tuned, python=python)

    groups = {
        "ours": [contender("ours", steps=our_steps, tuned=True)],
        "usual": [contender("usual", steps=usual_steps)],
        "slots": [contender("ours", steps=our_steps, threads=1, tuned=True) for _ in range(CORES)],
    }
    if hf_steps:
        groups["hugging_face"] = [contender("hugging_face", steps=hf_steps, bench=True)]
        groups["neuralforecast"] = [contender("neuralforecast", steps=nf_steps, bench=True)]
    peaks = {name: contender(name, steps=PEAK_STEPS) for name in ("gemm_bf16", "gemm_fp32")}
    everyone = [*peaks.values(), *(one for group in groups.values() for one in group)]
    for one in everyone:  # what is slow only once
        one.start(steps=2)
        one.seconds()
    found: dict[str, list[float]] = {name: [] for name in [*groups, *peaks]}
    for _ in range(count):
        for name, group in groups.items():
            found[name].append(rate(*group))
        for name, peak in peaks.items():
            peak.start()
            found[name].append(PEAK_STEPS * PEAK_OPERATIONS / peak.seconds())
    for one in everyone:
        one.close()
    return found


def ratio(found: dict[str, list[float]], over: str, under: str, factor: float = 1.0) -> float:
    """Return the median over the rounds of one contender divided by another."""
    return statistics.median(factor * a / b for a, b in zip(found[over], found[under], strict=True))


def main() -> None:
    """Measure and print."""
    summary = {}
    print(f"batch {BATCH}, dropout 0.1, {CORES} cores; medians; x = times the usual code, in the same rounds")
    print("ours: bf16 with fp32 weights, in a trial's environment; the others: fp32, as people run them")
    for scale, size in SIZES.items():
        found = rounds(scale)
        peak = ratio(found, "ours", "gemm_bf16", size.operations_per_window())
        summary |= {f"x_usual_{scale}": ratio(found, "ours", "usual"), f"peak_{scale}": peak}
        print(f"\n{scale}: width {size.width}, depth {size.depth}, heads {size.heads}, ff {size.ff_width}")
        for name, values in found.items():
            if name.startswith("gemm"):
                print(f"  {name:16s} {statistics.median(values) / 1e9:9.0f} GFLOP/s")
                continue
            spread = f"{min(values):.1f} to {max(values):.1f}"
            times = f"x {ratio(found, name, 'usual'):.2f}"
            print(f"  {name:16s} {statistics.median(values):9.1f} windows/s   {times:8s} ({spread})")
        print(f"  ours reaches {peak:.2f} of the bf16 peak")
        if scale != "200M":
            summary[f"x_usual_2slots_{scale}"] = ratio(found, "slots", "usual")
        if "hugging_face" in found:
            summary[f"x_hf_{scale}"] = ratio(found, "ours", "hugging_face")
            # One token per channel and patch there, one per patch here.
            summary[f"x_hf_token_{scale}"] = ratio(found, "ours", "hugging_face", 1 / CHANNELS)
            summary[f"x_nf_{scale}"] = ratio(found, "ours", "neuralforecast")
    print(f"\ntokens per window: ours and the usual code {PATCHES}, the peers {PATCHES * CHANNELS}")
    print(" ".join(f"{name}={value:.2f}" for name, value in summary.items()))


if __name__ == "__main__":
    main()
