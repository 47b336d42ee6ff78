"""Judge changes of the training recipe on walk-forward sets instead of one validation set.

    make bench-recipe [BENCH_ARGS="--variants shipped cosine --scales 200k --seeds 2"]
    make bench-recipe BENCH_ARGS=--tables

Train each variant on all sets, fit the opponents, and print how they compare. Each finished run is stored at
once: end it at any time and run the same line again. `--tables` prints what is finished so far.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import command_line
from recipe_opponents import Opponent
from recipe_results import Results
from recipe_tables import print_curves, print_differences, print_losses, print_reach
from recipe_training import Training
from recipe_variants import SHIPPED, VARIANTS, Variant, variant
from run_store import Facts, Job, RunStore
from setting import CORES, ROOT
from side_by_side import run_side_by_side
from simmer.config.layers import merged
from simmer.evidence.baselines import BASELINES
from walk_forward import SETS, WalkForwardSet

FOLDER = ROOT / "benchmarks/recipe_runs"
MOST_SEEDS = 5


@dataclass(frozen=True)
class Comparison:
    """What is compared.

    Attributes:
        seeds: members of each variant on each set.
        tries, members: of each opponent.
    """

    sets: Sequence[WalkForwardSet]
    scales: Sequence[str]
    variants: Sequence[Variant]
    seeds: int
    opponents: Sequence[str]
    tries: int
    members: int

    def jobs(self) -> Iterator[Training | Opponent]:
        """Yield all runs, those first that make a whole comparison of few members."""
        for seed in range(self.seeds):
            for one in self.variants:
                for scale in self.scales:
                    yield from (Training(each, scale, one, seed) for each in self.sets)
            if seed == 0:
                for name in self.opponents:
                    yield from (Opponent(each, name, self.tries, self.members) for each in self.sets)


ONE_EPOCH = {"scales": {"debug": {"epochs_max": 1}}}
SHORT = Comparison(
    sets=SETS[:1],
    scales=["debug"],
    variants=[
        replace(VARIANTS[name], overlay=merged([VARIANTS[name].overlay, ONE_EPOCH]))
        for name in (SHIPPED, "cosine")
    ],
    seeds=1,
    opponents=["base_rate", "volatility_logit"],
    tries=1,
    members=1,
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    arguments = command_line.parser(__doc__)
    arguments.add_argument("--tables", action="store_true", help="print what is finished and run nothing")
    arguments.add_argument("--scales", nargs="+", default=["200k", "2M"])
    arguments.add_argument(
        "--variants",
        nargs="+",
        default=[*VARIANTS],
        help=f"names ({'; '.join(VARIANTS)}) or configuration files",
    )
    arguments.add_argument("--seeds", type=int, default=3, choices=range(1, MOST_SEEDS + 1))
    arguments.add_argument("--opponents", nargs="*", default=[*BASELINES], choices=BASELINES)
    arguments.add_argument("--tries", type=int, default=50, help="settings that each opponent tries")
    arguments.add_argument("--members", type=int, default=MOST_SEEDS, help="members of each opponent")
    arguments.add_argument("--folder", type=Path, default=FOLDER, help="where finished runs are stored")
    arguments.add_argument("--jobs", type=int, default=CORES, help="runs side by side, one thread each")
    return arguments


def measure(chosen: argparse.Namespace) -> str:
    """Do what the command line asks for; return the summary."""
    if chosen.short:
        with tempfile.TemporaryDirectory() as folder:
            return compare(SHORT, RunStore(Path(folder) / "runs.jsonl"), processes=1)
    comparison = Comparison(
        sets=SETS,
        scales=chosen.scales,
        variants=[variant(name) for name in chosen.variants],
        seeds=chosen.seeds,
        opponents=chosen.opponents,
        tries=chosen.tries,
        members=chosen.members,
    )
    store = RunStore(chosen.folder / "runs.jsonl")
    return compare(comparison, store, processes=0 if chosen.tables else chosen.jobs)


def compare(comparison: Comparison, store: RunStore, *, processes: int) -> str:
    """Compute what is missing, unless there are no processes; print the tables and return the summary."""
    jobs = list(comparison.jobs())
    missing = [job for job in jobs if store.result(job) is None]
    print(f"{len(jobs) - len(missing)} of {len(jobs)} runs are stored", flush=True)
    if processes:
        for number, (job, result) in enumerate(run_side_by_side(missing, processes=processes), 1):
            store.keep(job, result)
            print(f"{number} of {len(missing)}: {_line(job, result)}", flush=True)
    results = Results.of(jobs, store)
    print_losses(results)
    print_differences(results)
    print_curves(results)
    print_reach(results)
    return f"runs={sum(store.result(job) is not None for job in jobs)} of={len(jobs)}"


def _line(job: Job, result: Facts) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in job.facts().items())
    return f"{facts}: {result['seconds']:.1f} s"


if __name__ == "__main__":
    command_line.run(measure, parser())
