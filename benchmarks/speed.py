"""Training speed compared with the usual code, the step of before, peers, and the peak of the cores.

    make bench-speed

Every contender is a separate process. They train in turn, round after round, so that a slow minute of the
machine slows each of them. Ratios are medians over the rounds. The peers run in .venv-bench; the short form
leaves them out.
"""

import argparse
import statistics
import time
from dataclasses import asdict, dataclass

from groups import BATCH, PEERS, Contender, Group, busy_program
from phases import PHASES, phase_ms

import command_line
from dimensions import CHANNELS, PATCHES, SIZES
from setting import CORES, Execution, made_up_windows, model_shape, trial_plan, trial_precision
from simmer.machine.processor import processor_features, processor_name
from simmer.training.environment import TRAINER_ENVIRONMENT
from simmer.training.kernels import kernels_are_loaded
from simmer.training.layouts import Layout, fastest, layouts
from simmer.training.layouts import measure as measure_layouts
from usual_code import made_up_rows

PEAK_STEPS, PEAK_OPERATIONS = 20, 2 * 2048**3
UNITS = ("amx_bf16", "avx512_bf16", "avx512f", "avx2", "bf16", "asimd")


@dataclass(frozen=True)
class Rounds:
    """Number of rounds, and the optimizer steps per round of simmer, of the usual code and of each peer.

    Attributes:
        alive: True to keep all processes between rounds; False if their memory would not suffice.
        busy: rounds beside a busy program.
        phases: steps of which the phases are measured.
    """

    count: int
    ours: int
    usual: int
    peer: int = 0
    alive: bool = True
    busy: int = 0
    phases: int = 5


FULL = {
    "2M": Rounds(5, 40, 20, 1, busy=3, phases=40),
    "20M": Rounds(4, 8, 5, busy=3, phases=10),
    "200M": Rounds(3, 1, 1, alive=False, phases=3),
}
SHORT = {"2M": Rounds(2, 4, 2, busy=1)}


def measured_layouts(scale: str, precision: str, cores: int) -> dict[Layout, float]:
    """Return the seconds of a step of a part of the model with each layout, as a trial measures them."""
    windows = made_up_windows(*made_up_rows())
    kernels = "simmer" if kernels_are_loaded() else "torch"
    most = Execution(
        device="cpu",
        precision=precision,
        threads=cores,
        kernels=kernels,
        replicas=cores if kernels == "simmer" else 1,
    )
    plan = trial_plan(
        model_shape(SIZES[scale]), (windows, windows), most, batch=BATCH, dropout=0.1, epochs=10**6
    )
    return measure_layouts(layouts(most), plan, between_steps=lambda: None)


def apart(name: str, scale: str, precision: str, number: int) -> object:
    """Measure layouts for a number of cores, or phases in a number of steps."""
    if name == "layouts":
        begin_s = time.perf_counter()
        found = measured_layouts(scale, precision, number)
        return time.perf_counter() - begin_s, [(asdict(layout), s) for layout, s in found.items()]
    execution = Execution(device="cpu", precision=precision, threads=1)
    kernels = ["torch", "simmer"] if kernels_are_loaded() else ["torch"]
    return phase_ms(scale, execution, kernels, BATCH, number)


def call_apart(*arguments: object) -> object:
    """Call `apart` in a process with the environment of a trial."""
    return command_line.call_apart(__file__, *arguments, environment=TRAINER_ENVIRONMENT)


def layout_of(scale: str, precision: str, cores: int) -> Execution:
    """Measure and print the layouts for a number of cores; return the execution with the chosen one."""
    took_s, found = call_apart("layouts", scale, precision, cores)
    seconds = {Layout(**layout): s for layout, s in found}
    best = fastest(seconds)
    for layout, s in seconds.items():
        mark = f"  <- chosen in {took_s:.1f} s" if layout == best else ""
        print(
            f"  {cores} cores: kernels of {layout.kernels}, {layout.replicas} replicas of {layout.threads} "
            f"threads {1000 * s:9.1f} ms for a part of the model{mark}"
        )
    return best.on(Execution(device="cpu", precision=precision, threads=cores))


def groups_of(scale: str, rounds: Rounds, precision: str) -> dict[str, Group]:
    """Return all groups of a scale by name."""
    one, every = (layout_of(scale, precision, cores) for cores in (1, CORES))
    before = f"before_{precision}"
    contenders = {
        "usual": [Contender("usual", scale, rounds.usual)],
        "before": [Contender(before, scale, rounds.ours)],
        "before, slots": [Contender(before, scale, rounds.ours, threads=1)] * CORES,
        "ours, one core": [Contender("ours", scale, rounds.ours, execution=one)],
        "ours": [Contender("ours", scale, rounds.ours, execution=every)],
        "ours, slots": [Contender("ours", scale, rounds.ours, execution=one)] * CORES,
    }
    if rounds.peer:
        contenders |= {name: [Contender(name, scale, rounds.peer)] for name in PEERS}
    return {name: Group(*members, alive=rounds.alive) for name, members in contenders.items()}


def measure_rounds(groups: dict[str, Group], peaks: dict[str, Group], count: int) -> dict[str, list[float]]:
    """Return per round the windows per second of each group, and the operations per second of GEMM."""
    found: dict[str, list[float]] = {name: [] for name in [*groups, *peaks]}
    for _ in range(count):
        for name, group in groups.items():
            found[name].append(group.rate())
        for name, peak in peaks.items():
            found[name].append(PEAK_STEPS * PEAK_OPERATIONS / peak.seconds()[0])
    return found


def ratio(found: dict[str, list[float]], over: str, under: str, factor: float = 1.0) -> float:
    """Return the median over the rounds of one group divided by another."""
    return statistics.median(factor * a / b for a, b in zip(found[over], found[under], strict=True))


def print_rates(found: dict[str, list[float]], under: str) -> None:
    """Print the rates of the groups, also relative to the group `under`."""
    for name, values in found.items():
        if name.startswith("gemm"):
            print(f"  {name:16s} {statistics.median(values) / 1e9:9.0f} GFLOP/s")
            continue
        spread = f"{min(values):.1f} to {max(values):.1f}"
        times = f"x {ratio(found, name, under):.2f}"
        print(f"  {name:16s} {statistics.median(values):9.1f} windows/s   {times:8s} ({spread})")


def print_phases(scale: str, precision: str, steps: int) -> None:
    """Measure and print the phases of a step on one core."""
    found = call_apart("phases", scale, precision, steps)
    products = found.pop("products")["products"]
    for kernels, phases in found.items():
        text = ", ".join(f"{phase} {phases[phase]:.1f}" for phase in PHASES)
        print(f"  one core, kernels of {kernels}: {text}; together {sum(phases.values()):.1f} ms")
    print(f"  the products of the linear layers alone {products:.1f} ms")


def measure_scale(scale: str, rounds: Rounds, precision: str) -> dict[str, float]:
    """Measure and print one scale; return its part of the summary."""
    size = SIZES[scale]
    print(f"\n{scale}: width {size.width}, depth {size.depth}, heads {size.heads}, ff {size.ff_width}")
    groups = groups_of(scale, rounds, precision)
    peaks = {
        name: Group(Contender(name, scale, PEAK_STEPS), alive=True)
        for name in sorted({f"gemm_{precision}", "gemm_fp32"})
    }
    found = measure_rounds(groups, peaks, rounds.count)
    print_rates(found, "usual")
    if rounds.busy:
        print("  beside a busy program:")
        with busy_program():
            print_rates(
                measure_rounds({name: groups[name] for name in ("before", "ours")}, {}, rounds.busy), "before"
            )
    for group in (*groups.values(), *peaks.values()):
        group.close()
    print_phases(scale, precision, rounds.phases)
    peak = ratio(found, "ours", f"gemm_{precision}", size.operations_per_window())
    print(
        f"  one trial on {CORES} cores: {ratio(found, 'ours', 'ours, slots'):.2f} of trials side by side, "
        f"{peak:.2f} of the {precision} peak"
    )
    summary = {
        f"x_usual_{scale}": ratio(found, "ours", "usual"),
        f"x_usual_2slots_{scale}": ratio(found, "ours, slots", "usual"),
        f"x_before_{scale}": ratio(found, "ours, slots", "before, slots"),
        f"peak_{scale}": peak,
    }
    if "hugging_face" in found:
        summary[f"x_hf_{scale}"] = ratio(found, "ours", "hugging_face")
        # One token per channel and patch there, one per patch here.
        summary[f"x_hf_token_{scale}"] = ratio(found, "ours", "hugging_face", 1 / CHANNELS)
        summary[f"x_nf_{scale}"] = ratio(found, "ours", "neuralforecast")
    return summary


def measure(chosen: argparse.Namespace) -> str:
    """Measure and print every scale; return the summary."""
    precision = trial_precision()
    features = processor_features().decode().split()
    print(f"{processor_name()}, {CORES} cores, {' '.join(unit for unit in UNITS if unit in features)}")
    print(f"batch {BATCH}, dropout 0.1; medians; x = times the usual code, in the same rounds")
    begin_s = time.perf_counter()
    kernels_are_loaded()
    print(f"kernels loaded, and compiled if they were not, in {time.perf_counter() - begin_s:.2f} s")
    print(
        f"ours and before: {precision} with fp32 weights, in a trial's environment; the others: fp32, as "
        f"people run them; slots: {CORES} trials with a core each"
    )
    summary: dict[str, float] = {}
    for scale, rounds in (SHORT if chosen.short else FULL).items():
        summary |= measure_scale(scale, rounds, precision)
    print(f"\ntokens per window: ours and the usual code {PATCHES}, the peers {PATCHES * CHANNELS}")
    kinds = ("x_usual", "x_before", "peak", "x_hf", "x_nf")
    names = sorted(summary, key=lambda name: next(n for n, kind in enumerate(kinds) if name.startswith(kind)))
    return " ".join(f"{name}={summary[name]:.2f}" for name in names)


if __name__ == "__main__":
    command_line.run(measure, command_line.parser(__doc__), apart=apart)
