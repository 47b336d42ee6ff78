"""What the search costs: replayed on recorded curves over many seeds, and once for real.

python benchmarks/search.py [--replay-only] [--record FOLDER...]

Compute is epochs times parameters; within a scale, whose models all have the same parameters within 2 %, that
is epochs. A ratio is the compute to reach the best loss of a plain 50-trial TPE study, over the compute of
that study. A search that does not reach it in its 50 trials is charged the plain study on top of its own.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import yaml

from recorded_curves import Curve, Replay, read_curves, record
from search_policies import (
    Step,
    at_random,
    by_pruner,
    early_discard,
    hand_over,
    ours,
    plain,
    play,
)
from setting import ROOT, default_config
from simmer.search.settings import HalvingSettings
from simmer.search.study import Study
from simmer.search.suggest import FinishedTrial, enqueued_trials, suggest
from simmer.search.transfer import transferred

CAMPAIGNS = Path(__file__).with_name("search_campaigns")
FOLDER = ROOT / "bench-search"
SEEDS, TRIALS = 24, 50
POOL_SHARE = 0.8  # of the recorded trials, another part for each seed, so that no figure hangs on a few
SMALL, LARGE = "200k", "2M"
OTHER_HALVINGS = {
    "eta 2 at 10, 20, 40 %": ((0.1, 0.2, 0.4), 2.0),
    "eta 2 at 10, 20 %": ((0.1, 0.2), 2.0),
    "eta 3 at 10, 30 %": ((0.1, 0.3), 3.0),
    "eta 3 at 7, 17 %": ((0.07, 0.17), 3.0),
    "eta 4 at 10, 20 %": ((0.1, 0.2), 4.0),
}

Policy = Callable[[Study, Replay, int, int], list[Step]]


@dataclass(frozen=True)
class Score:
    """How a policy did under one seed, in units of the plain study's whole compute."""

    to_target: float
    reached: bool
    whole: float
    best_difference: float


def score(steps: Sequence[Step], *, target: float, plain_epochs: int) -> Score:
    """Hold a trace against the plain study of the same seed."""
    spent = next((step.epochs for step in steps if step.best <= target), None)
    whole = steps[-1].epochs / plain_epochs
    return Score(
        to_target=1 + whole if spent is None else spent / plain_epochs,
        reached=spent is not None,
        whole=whole,
        best_difference=steps[-1].best - target,
    )


def study_of(scale: str, transfer: int = 0) -> Study:
    """Return the one-day study of a scale, searched as shipped but for the transfer."""
    overlay = yaml.safe_load((CAMPAIGNS / "pool.yaml").read_text())
    shipped = default_config({key: overlay[key] for key in ("run_scales", "scales", "dataset")})
    study = shipped.study(scale, 1)
    return replace(study, search=replace(study.search, sampler="tpe", transfer=transfer))


def pool_of(curves: Sequence[Curve], scale: str, seed: int) -> list[Curve]:
    """Return the part of a scale's recorded trials that one seed may find."""
    of_scale = [curve for curve in curves if curve.scale == scale]
    chosen = np.random.default_rng(seed).permutation(len(of_scale))[: round(POOL_SHARE * len(of_scale))]
    return [of_scale[index] for index in chosen]


def with_transfer(curves: Sequence[Curve], transfer: int) -> Policy:
    """Return our search of the larger scale, begun with what our search of the smaller one found."""
    smaller = study_of(SMALL)

    def policy(study: Study, replay: Replay, seed: int, trials: int) -> list[Step]:
        below = Replay(smaller.space, pool_of(curves, SMALL, seed))
        enqueued = enqueued_trials(smaller.space, smaller.default)
        played = list(play(smaller, below, seed=seed, enqueued=enqueued, trials=trials))
        larger = replace(study, search=replace(study.search, transfer=transfer))
        handed_over = transferred(hand_over(played), smaller=smaller, larger=larger)
        return ours(larger, replay, seed, trials, handed_over=handed_over)

    return policy


def replayed(curves: Sequence[Curve], scale: str) -> dict[str, list[Score]]:
    """Play every policy under every seed."""
    study = study_of(scale)
    policies: dict[str, Policy] = {
        "plain TPE": plain,
        "random": at_random,
        "Hyperband": partial(by_pruner, pruner="hyperband"),
        "median pruning": partial(by_pruner, pruner="median"),
        "discard all but three after 3 epochs": early_discard,
        "simmer": ours,
    }
    for name, (rungs, eta) in OTHER_HALVINGS.items():
        halving = HalvingSettings(rung_fractions=rungs, eta=eta, min_completed_trials=4)
        policies[f"simmer, {name}"] = _with_halving(halving)
    if scale == LARGE:
        for transfer in (1, 3, 5):
            policies[f"simmer, transfer {transfer}"] = with_transfer(curves, transfer)
    scores: dict[str, list[Score]] = {name: [] for name in policies}
    for seed in range(SEEDS):
        pool = pool_of(curves, scale, seed)
        reference = plain(study, Replay(study.space, pool), seed, TRIALS)[-1]
        for name, policy in policies.items():
            steps = policy(study, Replay(study.space, pool), seed, TRIALS)
            scores[name].append(score(steps, target=reference.best, plain_epochs=reference.epochs))
    return scores


def _with_halving(halving: HalvingSettings) -> Policy:
    def policy(study: Study, replay: Replay, seed: int, trials: int) -> list[Step]:
        return ours(replace(study, search=replace(study.search, halving=halving)), replay, seed, trials)

    return policy


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean over seeds and its 95 % bootstrap interval."""
    array = np.asarray(values, dtype=float)
    draws = np.random.default_rng(0).choice(array, (4000, len(array))).mean(axis=1)
    return float(array.mean()), *map(float, np.quantile(draws, (0.025, 0.975)))


def report(scale: str, scores: dict[str, list[Score]]) -> None:
    """Print the table of a scale."""
    print(f"\n{scale}, {SEEDS} seeds, plain study = 1")
    print("| policy | compute to the plain best (95 %) | reached | whole study | best loss, difference |")
    print("|---|---|---|---|---|")
    for name, rows in scores.items():
        mean, low, high = interval([row.to_target for row in rows])
        print(
            f"| {name} | {mean:.2f} ({low:.2f} to {high:.2f}) | "
            f"{np.mean([row.reached for row in rows]):.0%} | {np.mean([row.whole for row in rows]):.2f} | "
            f"{np.mean([row.best_difference for row in rows]):+.4f} |"
        )


def overhead() -> None:
    """Print the seconds that one suggestion takes after so many trials."""
    study = study_of(LARGE)
    history = []
    for number in range(1000):
        drawn = suggest(
            space=study.space,
            enqueued=[],
            settings=replace(study.search, sampler="random"),
            history=[],
            seed_parts=(0,),
            trial=number,
        ).hyperparameters
        history.append(FinishedTrial(hyperparameters=drawn, value=0.4 + 0.1 * drawn.dropout))
    print("\nseconds of a suggestion after 50, 200 and 1000 trials (median of 5)")
    for sampler in ("tpe", "gp"):
        settings = replace(study.search, sampler=sampler)
        medians = []
        for count in (50, 200, 1000) if sampler == "tpe" else (50, 200):
            taken = []
            for attempt in range(5):
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
            medians.append(f"{np.median(taken):.3f}")
        print(f"{sampler}: {', '.join(medians)}")


def real() -> None:
    """Run the plain and the shipped search of 2M on the bundled bars, and print what they cost."""
    for name in ("plain", "halving"):
        command = [sys.executable, "-m", "snakemake", "--directory", str(FOLDER / name), "--cores", "1"]
        command += ["--configfile", str(CAMPAIGNS / f"{name}.yaml"), "--", f"results/hpo_{LARGE}.done"]
        subprocess.run(command, cwd=ROOT, check=True)
    traces = {name: _real_trace(FOLDER / name) for name in ("plain", "halving")}
    reference = traces["plain"][-1]
    found = score(traces["halving"], target=reference.best, plain_epochs=reference.epochs)
    print(
        f"\nfor real, {LARGE} h1: plain {reference.epochs} epochs, best {reference.best:.4f}; simmer "
        f"{traces['halving'][-1].epochs} epochs, best {traces['halving'][-1].best:.4f}; "
        f"{found.to_target:.2f} of the compute to the plain best"
        f"{'' if found.reached else ' (not reached: charged the plain study too)'}, {found.whole:.2f} in all"
    )


def _real_trace(folder: Path) -> list[Step]:
    steps = [Step(0, float("inf"), 0)]
    for path in sorted(folder.glob(f"results/hpo/{LARGE}/h1/trial_*.json")):
        result, last = json.loads(path.read_text()), steps[-1]
        loss = result["validation_log_loss"]
        best = last.best if loss is None else min(last.best, loss)
        epochs = 0 if result["repeats"] is not None else len(result["curve"])
        steps.append(Step(last.epochs + epochs, best, last.trials + 1))
    return steps


def main() -> None:
    """Run what the command line asks for."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--replay-only", action="store_true", help="leave out the hours of real training")
    arguments.add_argument(
        "--record", nargs="+", type=Path, metavar="FOLDER", help="take curves from campaigns"
    )
    chosen = arguments.parse_args()
    if chosen.record:
        record(chosen.record)
        return
    curves = read_curves()
    print(
        {scale: sum(curve.scale == scale for curve in curves) for scale in (SMALL, LARGE)}, "recorded trials"
    )
    overhead()
    tables = {scale: replayed(curves, scale) for scale in (SMALL, LARGE)}
    for scale, scores in tables.items():
        report(scale, scores)
    if not chosen.replay_only:
        real()
    mean, low, high = interval([row.to_target for row in tables[LARGE]["simmer"]])
    transfer, *_ = interval([row.to_target for row in tables[LARGE]["simmer, transfer 3"]])
    difference = np.mean([row.best_difference for row in tables[LARGE]["simmer"]])
    print(
        f"compute_ratio={mean:.3f} low={low:.3f} high={high:.3f} transfer_ratio={transfer:.3f} "
        f"best_loss_difference={difference:+.4f}"
    )


if __name__ == "__main__":
    main()
