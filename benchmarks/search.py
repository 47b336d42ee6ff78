"""What the search costs: replayed on recorded curves with many random seeds, and once with real training.

    make bench-search [BENCH_ARGS=--replay-only]
    python benchmarks/search.py --record     # trains the recorded trials again, for hours, resumable

Compute is counted in epochs: within a scale all models have the same parameters within 2 %. The reference of
each random seed is a plain study: fifty trials by multivariate TPE, ended early only by the patience that
belongs to training. Each policy searches until it has reached the reference's best loss. A policy that has
spent as much as the reference without reaching it is charged for both.
"""

import argparse
import itertools
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

import command_line
from curve_training import SCALES, RandomTraining, study_of
from recorded_curves import Curve, Landscape, Replay, read_curves, record
from run_store import RunStore
from search_policies import (
    Step,
    at_random,
    by_gp,
    by_pruner,
    early_discard,
    for_epochs,
    plain,
    plain_with_race,
    play,
    random_with_halving,
    results_of,
    searched,
    simmer,
    with_race,
    without_enqueued,
    without_halving,
)
from search_scores import Score, interval, print_table, score
from setting import CORES, ROOT
from side_by_side import run_side_by_side
from simmer.ledger.race import RaceSettings
from simmer.ledger.results import TrialResult
from simmer.search.settings import HalvingSettings
from simmer.search.space import Hyperparameters
from simmer.search.study import Study
from simmer.search.suggest import FinishedTrial, enqueued_trials, suggest
from simmer.search.transfer import transferred

CAMPAIGNS = ROOT / "benchmarks/search_campaigns"
FOLDER = ROOT / "bench-search"
POOL_SHARE = 0.8  # of the recorded trials, another part for each random seed
SMALL, LARGE = "200k", "2M"
RECORDED = 64  # random trials of each scale
MARGINS = (0.002,)  # log-loss
OTHER_RACES = (RaceSettings(trials=3, runs=1), RaceSettings(trials=5, runs=2))
OTHER_HALVINGS = {  # shares of the planned epochs, eta
    "eta 2 at 10, 20, 40 %": ((0.1, 0.2, 0.4), 2.0),
    "eta 3 at 5, 15, 33 %": ((0.05, 0.15, 0.33), 3.0),
    "eta 3 at 15, 33 %": ((0.15, 0.33), 3.0),
    "eta 2 at 30 %": ((0.3,), 2.0),
}

Policy = Callable[[Study, Replay, int], Iterator[Step]]


@dataclass(frozen=True)
class Replays:
    """How much is replayed, and after how many trials a suggestion is timed.

    Attributes:
        seeds: random seeds of each policy.
        trials: of the reference.
        attempts: at timing one suggestion.
        after: trials before a timed suggestion, by sampler.
    """

    seeds: int
    trials: int
    attempts: int
    after: dict[str, tuple[int, ...]]


FULL = Replays(seeds=8, trials=50, attempts=5, after={"tpe": (50, 200, 1000), "gp": (50, 200)})
SHORT = Replays(seeds=1, trials=12, attempts=1, after={"tpe": (50,), "gp": (20,)})


def with_transfer(below: Landscape, count: int, trials: int) -> Policy:
    """Return simmer's search of the larger scale, which starts with the best of its search of the smaller."""
    smaller = study_of(SMALL)

    def policy(study: Study, replay: Replay, seed: int) -> Iterator[Step]:
        enqueued = enqueued_trials(smaller.space, smaller.default)
        small = Replay(below, seed=seed, share=POOL_SHARE, training=smaller.training)
        played = play(smaller, small, seed=seed, enqueued=enqueued, trials=trials)
        larger = searched(study, transfer=count)
        handed_over = transferred(results_of(played), smaller=smaller, larger=larger)
        return simmer(larger, replay, seed, handed_over=handed_over)

    return policy


def replayed(scale: str, landscapes: dict[str, Landscape], replays: Replays) -> dict[str, list[Score]]:
    """Replay every policy with every random seed."""
    study = study_of(scale)
    policies: dict[str, Policy] = {
        "plain TPE": plain,
        "plain TPE and a race": plain_with_race,
        "random": at_random,
        "Gaussian process": by_gp,
        "plain TPE, 4 epochs each": partial(for_epochs, epochs=4),
        "Optuna's Hyperband pruner, the same TPE": partial(by_pruner, pruner="hyperband"),
        "Optuna's median pruner, the same TPE": partial(by_pruner, pruner="median"),
        "fifty at random for 3 epochs, three to their end": early_discard,
        "random with simmer's halving": random_with_halving,
        "simmer without halving": without_halving,
        "simmer without enqueued trials": without_enqueued,
        "simmer": simmer,
        "simmer and its race": with_race,
    }
    for name, (rungs, eta) in OTHER_HALVINGS.items():
        halving = HalvingSettings(rung_fractions=rungs, eta=eta, min_completed_trials=4)
        if halving != study.search.halving:
            policies[f"simmer, {name}"] = _changed(simmer, halving=halving)
    for margin in MARGINS:
        halving = replace(study.search.halving, margin=margin)
        if halving != study.search.halving:
            policies[f"simmer and its race, margin {margin}"] = _changed(with_race, halving=halving)
    for race in OTHER_RACES:
        name = f"simmer and a race of {race.trials} trials, {race.runs} runs each"
        policies[name] = _changed(with_race, race=race)
    if scale == LARGE:
        for count in (1, 3):
            policies[f"simmer, transfer {count}"] = with_transfer(landscapes[SMALL], count, replays.trials)
    scores: dict[str, list[Score]] = {name: [] for name in policies}
    for seed in range(replays.seeds):
        replay = Replay(landscapes[scale], seed=seed, share=POOL_SHARE, training=study.training)
        *_, reference = itertools.islice(plain(study, replay, seed), replays.trials)
        for name, policy in policies.items():
            scores[name].append(score(policy(study, replay, seed), reference, landscapes[scale]))
    return scores


def _changed(search: Policy, **changes: HalvingSettings | RaceSettings) -> Policy:
    """Return a policy with other search settings."""

    def policy(study: Study, replay: Replay, seed: int) -> Iterator[Step]:
        return search(searched(study, **changes), replay, seed)

    return policy


def print_suggestion_times(replays: Replays) -> None:
    """Print the seconds of one suggestion after more and more trials."""
    study = study_of(LARGE)
    history = []
    for number in range(max(itertools.chain(*replays.after.values()))):
        drawn = suggest(
            space=study.space,
            enqueued=[],
            settings=replace(study.search, sampler="random"),
            history=[],
            seed_parts=(0,),
            trial=number,
        ).hyperparameters
        history.append(FinishedTrial(hyperparameters=drawn, value=0.4 + 0.1 * drawn.dropout))
    print(f"\nseconds of a suggestion, median of {replays.attempts}")
    for sampler, counts in replays.after.items():
        settings = replace(study.search, sampler=sampler)
        medians = []
        for count in counts:
            taken = []
            for attempt in range(replays.attempts):
                start = time.perf_counter()
                suggest(
                    space=study.space,
                    enqueued=[],
                    settings=settings,
                    history=history[:count],
                    seed_parts=(attempt,),
                    trial=count,
                )
                taken.append(time.perf_counter() - start)
            medians.append(f"{np.median(taken):.3f} after {count} trials")
        print(f"{sampler}: {', '.join(medians)}")


def real() -> None:
    """Run the plain and the default search of 2M on the bundled bars, and print what they cost."""
    for name in ("plain", "halving"):
        command = [sys.executable, "-m", "snakemake", "--directory", str(FOLDER / name), "--cores", "1"]
        command += ["--configfile", str(CAMPAIGNS / f"{name}.yaml"), "--", f"results/hpo_{LARGE}.done"]
        subprocess.run(command, cwd=ROOT, check=True)
    reference, *_ = reversed(list(_real_steps(FOLDER / "plain")))
    landscape = _landscape(read_curves(), LARGE)
    found = score(_real_steps(FOLDER / "halving"), reference, landscape)
    *_, last = _real_steps(FOLDER / "halving")
    print(
        f"\nreal training, {LARGE} one day ahead, one random seed: plain {reference.epochs} epochs, best "
        f"{reference.best:.4f}; simmer {last.epochs} epochs, best {last.best:.4f}; {found.to_best:.2f} of "
        f"the compute to the plain best (2: not reached), {found.to_near:.2f} to within a "
        "random seed's noise of it"
    )


def _real_steps(folder: Path) -> Iterator[Step]:
    last = Step(0, float("inf"), 0)
    for path in sorted(folder.glob(f"results/hpo/{LARGE}/h1/trial_*.json")):
        result = TrialResult.read(path)
        best = last.best if result.loss is None else min(last.best, result.loss)
        epochs = 0 if result.repeats is not None else len(result.curve)
        winner = Hyperparameters(**result.hyperparameters) if best < last.best else last.winner
        last = Step(last.epochs + epochs, best, last.trials + 1, winner)
        yield last


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    arguments = command_line.parser(__doc__)
    arguments.add_argument("--replay-only", action="store_true", help="leave out the real training")
    arguments.add_argument("--record", action="store_true", help="train the recorded trials again")
    arguments.add_argument("--jobs", type=int, default=CORES, help="of --record: trials side by side")
    return arguments


def measure(chosen: argparse.Namespace) -> str:
    """Do what the command line asks for; return the summary."""
    if chosen.record:
        return f"recorded_curves={record_all(chosen.jobs)}"
    replays = SHORT if chosen.short else FULL
    print_suggestion_times(replays)
    curves = read_curves()
    landscapes = {scale: _landscape(curves, scale) for scale in SCALES}
    tables = {}
    for scale, landscape in landscapes.items():
        tables[scale] = replayed(scale, landscapes, replays)
        print_table(scale, landscape, tables[scale], trials=replays.trials)
    if not (chosen.replay_only or chosen.short):
        real()
    headline = []
    for scale, rows in tables.items():
        ours, low, high = interval([row.to_equal for row in rows["simmer and its race"]])
        plain_alone, *_ = interval([row.to_equal for row in rows["plain TPE"]])
        whole = np.mean([row.whole for row in rows["simmer and its race"]])
        headline.append(
            f"{scale}: equal={ours:.3f} low={low:.3f} high={high:.3f} plain_equal={plain_alone:.3f} "
            f"fifty_trials={whole:.3f}"
        )
    return "; ".join(headline)


def record_all(processes: int) -> int:
    """Train what is not stored, write the recorded curves and return their number."""
    jobs = [RandomTraining(scale, number) for scale in SCALES for number in range(RECORDED)]
    store = RunStore(FOLDER / "curves.jsonl")
    missing = [job for job in jobs if store.result(job) is None]
    print(f"{len(jobs) - len(missing)} of {len(jobs)} trials are stored", flush=True)
    for job, result in run_side_by_side(missing, processes=processes):
        store.keep(job, result)
        print(f"{job.scale} trial {job.number}: {result['seconds']} s", flush=True)
    record([store.result(job) for job in jobs])
    return len(read_curves())


def _landscape(curves: Sequence[Curve], scale: str) -> Landscape:
    return Landscape(study_of(scale).space, [curve for curve in curves if curve.scale == scale])


if __name__ == "__main__":
    command_line.run(measure, parser())
