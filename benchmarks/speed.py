"""Training speed compared with the usual code, Hugging Face, neuralforecast and the peak of the cores.

    make bench-speed

Every contender is a separate process. All run at the same time and train in turn, round after round, so
that a slow minute of the machine slows each of them. Ratios are medians over the rounds. The peers run in
.venv-bench; the short form leaves them out.
"""

import argparse
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass

import command_line
from dimensions import CHANNELS, PATCHES, SIZES
from setting import CORES, ROOT, trial_precision
from simmer.training.environment import TRAINER_ENVIRONMENT

BENCH_PYTHON = ROOT / ".venv-bench/bin/python"
BATCH = 64
PEAK_STEPS, PEAK_OPERATIONS = 20, 2 * 2048**3
PEERS = ("hugging_face", "neuralforecast")


@dataclass(frozen=True)
class Rounds:
    """How many rounds, and the optimizer steps per round of simmer, of the usual code and of each peer."""

    count: int
    ours: int
    usual: int
    peer: int = 0


FULL = {"2M": Rounds(7, 60, 25, 1), "20M": Rounds(5, 12, 6), "200M": Rounds(4, 2, 1)}
SHORT = {"2M": Rounds(2, 4, 2)}


class Contender:
    """A running process of contenders.py or peers.py."""

    def __init__(self, name: str, scale: str, threads: int, *, steps: int, tuned: bool) -> None:
        self.name, self.steps = name, steps
        python, script = (BENCH_PYTHON, "peers.py") if name in PEERS else (sys.executable, "contenders.py")
        program = [python, ROOT / "benchmarks" / script, name, scale, str(BATCH), str(threads)]
        self._process = subprocess.Popen(
            program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | (TRAINER_ENVIRONMENT if tuned else {}),
        )

    def start(self, steps: int | None = None) -> None:
        """Begin to train."""
        self._process.stdin.write(f"{steps or self.steps}\n")
        self._process.stdin.flush()

    def seconds(self) -> float:
        """Wait until the steps are done; return the seconds they took."""
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(
                f"found no answer of {self.name}, which ended with status {self._process.wait()}, expected "
                "the seconds of its steps: see what it printed above"
            )
        return float(answer)

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait()


def rate(*contenders: Contender) -> float:
    """Return the windows per second of contenders that train at the same time, added up."""
    for contender in contenders:
        contender.start()
    return sum(contender.steps * BATCH / contender.seconds() for contender in contenders)


def measure_rounds(scale: str, rounds: Rounds, precision: str) -> dict[str, list[float]]:
    """Return per round the windows per second of each contender, and the operations per second of GEMM."""

    def contender(name: str, *, steps: int, threads: int = CORES, tuned: bool = False) -> Contender:
        return Contender(name, scale, threads, steps=steps, tuned=tuned)

    ours = f"ours_{precision}"
    groups = {
        "ours": [contender(ours, steps=rounds.ours, tuned=True)],
        "usual": [contender("usual", steps=rounds.usual)],
        "slots": [contender(ours, steps=rounds.ours, threads=1, tuned=True) for _ in range(CORES)],
    }
    if rounds.peer:
        groups |= {name: [contender(name, steps=rounds.peer)] for name in PEERS}
    peaks = {name: contender(name, steps=PEAK_STEPS) for name in sorted({f"gemm_{precision}", "gemm_fp32"})}
    everyone = [*peaks.values(), *(one for group in groups.values() for one in group)]
    for one in everyone:  # the first steps are slower
        one.start(steps=2)
        one.seconds()
    found: dict[str, list[float]] = {name: [] for name in [*groups, *peaks]}
    for _ in range(rounds.count):
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


def measure(chosen: argparse.Namespace) -> str:
    """Measure and print every scale; return the summary."""
    summary, precision = {}, trial_precision()
    print(f"batch {BATCH}, dropout 0.1, {CORES} cores; medians; x = times the usual code, in the same rounds")
    print(
        f"ours: {precision} with fp32 weights, in a trial's environment; the others: fp32, as people run them"
    )
    for scale, rounds in (SHORT if chosen.short else FULL).items():
        size, found = SIZES[scale], measure_rounds(scale, rounds, precision)
        peak = ratio(found, "ours", f"gemm_{precision}", size.operations_per_window())
        summary |= {f"x_usual_{scale}": ratio(found, "ours", "usual"), f"peak_{scale}": peak}
        print(f"\n{scale}: width {size.width}, depth {size.depth}, heads {size.heads}, ff {size.ff_width}")
        for name, values in found.items():
            if name.startswith("gemm"):
                print(f"  {name:16s} {statistics.median(values) / 1e9:9.0f} GFLOP/s")
                continue
            spread = f"{min(values):.1f} to {max(values):.1f}"
            times = f"x {ratio(found, name, 'usual'):.2f}"
            print(f"  {name:16s} {statistics.median(values):9.1f} windows/s   {times:8s} ({spread})")
        print(f"  ours reaches {peak:.2f} of the {precision} peak")
        if scale != "200M":
            summary[f"x_usual_2slots_{scale}"] = ratio(found, "slots", "usual")
        if "hugging_face" in found:
            summary[f"x_hf_{scale}"] = ratio(found, "ours", "hugging_face")
            # One token per channel and patch there, one per patch here.
            summary[f"x_hf_token_{scale}"] = ratio(found, "ours", "hugging_face", 1 / CHANNELS)
            summary[f"x_nf_{scale}"] = ratio(found, "ours", "neuralforecast")
    print(f"\ntokens per window: ours and the usual code {PATCHES}, the peers {PATCHES * CHANNELS}")
    return " ".join(f"{name}={value:.2f}" for name, value in summary.items())


if __name__ == "__main__":
    command_line.run(measure, command_line.parser(__doc__))
