"""What the search costs: replayed on recorded curves over many seeds, and once for real.

python benchmarks/search.py [--replay-only] [--record FOLDER...]

Compute is epochs times parameters; within a scale, whose models all have the same parameters within 2 %, that
is epochs. The reference of each seed is a plain study: fifty trials by multivariate TPE, none ended early but
by the patience that belongs to training. Each policy searches on until it has reached the reference's best
loss; what has not by the time it has spent as much as the reference is charged for both.
"""

import argparse
import itertools
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import yaml

from recorded_curves import Curve, Landscape, Replay, read_curves, record
from search_policies import (
    Step,
    at_random,
    by_pruner,
    early_discard,
    plain,
    play,
    random_with_halving,
    results_of,
    searched,
    simmer,
    without_enqueued,
    without_halving,
)
from setting import ROOT, default_config
from simmer.ledger.results import TrialResult
from simmer.search.settings import HalvingSettings
from simmer.search.space import Hyperparameters
from simmer.search.study import Study
from simmer.search.suggest import FinishedTrial, enqueued_trials, suggest
from simmer.search.transfer import transferred

CAMPAIGNS = ROOT / "benchmarks/search_campaigns"
FOLDER = ROOT / "bench-search"
SEEDS, TRIALS = 16, 50
POOL_SHARE = 0.8  # of the recorded trials, another part for each seed
SEED_SD = 0.0055  # of a validation log-loss over five trainings of one configuration, from an earlier project
SMALL, LARGE = "200k", "2M"
OTHER_HALVINGS = {  # shares of the planned epochs, eta
    "eta 2 at 10, 20, 40 %": ((0.1, 0.2, 0.4), 2.0),
    "eta 2 at 20, 40 %": ((0.2, 0.4), 2.0),
    "eta 3 at 20, 40 %": ((0.2, 0.4), 3.0),
    "eta 3 at 10, 30 %": ((0.1, 0.3), 3.0),
    "eta 2 at 30 %": ((0.3,), 2.0),
}

Policy = Callable[[Study, Replay, int], Iterator[Step]]


@dataclass(frozen=True)
class Score:
    """How a policy did under one seed; costs in units of the reference's whole compute.

    Attributes:
        to_best: what it took to reach the reference's best loss.
        to_near: what it took to come within `SEED_SD` of it.
        to_equal: what it took until the winner so far is expected to be as good as the reference's winner.
        whole: what as many trials as the reference's cost.
        best: lowest loss after as many trials, less the reference's.
        expected: expected loss of the winner after as many trials, less that of the reference's winner.
    """

    to_best: float
    to_near: float
    to_equal: float
    whole: float
    best: float
    expected: float


IN_VAIN = 2.0  # what was spent without reaching the target, and the reference on top


def score(policy: Iterable[Step], reference: Step, landscape: Landscape) -> Score:
    """Hold a policy against the last step of the reference under the same seed."""
    aim = landscape.expected_of(reference.winner)
    spent = {"best": IN_VAIN, "near": IN_VAIN, "equal": IN_VAIN}
    for step in policy:
        expected = landscape.expected_of(step.winner)
        reached = {
            "best": step.best <= reference.best,
            "near": step.best <= reference.best + SEED_SD,
            "equal": expected <= aim,
        }
        for target in (name for name, there in reached.items() if there):
            spent[target] = min(spent[target], step.epochs / reference.epochs)
        if step.trials == reference.trials:
            at_trials, expected_then = step, expected
        done = step.epochs >= reference.epochs or max(spent.values()) < IN_VAIN
        if step.trials >= reference.trials and done:
            break
    return Score(
        to_best=spent["best"],
        to_near=spent["near"],
        to_equal=spent["equal"],
        whole=at_trials.epochs / reference.epochs,
        best=at_trials.best - reference.best,
        expected=expected_then - aim,
    )


def study_of(scale: str) -> Study:
    """Return the one-day study of a scale, searched as shipped, with nothing handed over."""
    overlay = yaml.safe_load((CAMPAIGNS / "pool.yaml").read_text())
    shipped = default_config({key: overlay[key] for key in ("run_scales", "scales", "dataset")})
    return replace(searched(shipped.study(scale, 1), transfer=0), smaller=None)


def with_transfer(below: Landscape, count: int) -> Policy:
    """Return our search of the larger scale, begun with what our search of the smaller one found."""
    smaller = study_of(SMALL)

    def policy(study: Study, replay: Replay, seed: int) -> Iterator[Step]:
        enqueued = enqueued_trials(smaller.space, smaller.default)
        small = Replay(below, seed=seed, share=POOL_SHARE)
        played = play(smaller, small, seed=seed, enqueued=enqueued, trials=TRIALS)
        larger = searched(study, transfer=count)
        handed_over = transferred(results_of(played), smaller=smaller, larger=larger)
        return simmer(larger, replay, seed, handed_over=handed_over)

    return policy


def replayed(scale: str, landscapes: dict[str, Landscape]) -> dict[str, list[Score]]:
    """Play every policy under every seed."""
    study = study_of(scale)
    policies: dict[str, Policy] = {
        "plain TPE": plain,
        "random": at_random,
        "Optuna's Hyperband pruner, the same TPE": partial(by_pruner, pruner="hyperband"),
        "Optuna's median pruner, the same TPE": partial(by_pruner, pruner="median"),
        "fifty at random for 3 epochs, three to their end": early_discard,
        "random with simmer's halving": random_with_halving,
        "simmer without halving": without_halving,
        "simmer without enqueued trials": without_enqueued,
        "simmer": simmer,
    }
    for name, (rungs, eta) in OTHER_HALVINGS.items():
        halving = HalvingSettings(rung_fractions=rungs, eta=eta, min_completed_trials=4)
        if halving != study.search.halving:
            policies[f"simmer, {name}"] = _with_halving(halving)
    if scale == LARGE:
        for count in (1, 3, 5):
            policies[f"simmer, transfer {count}"] = with_transfer(landscapes[SMALL], count)
    scores: dict[str, list[Score]] = {name: [] for name in policies}
    for seed in range(SEEDS):
        replay = Replay(landscapes[scale], seed=seed, share=POOL_SHARE)
        *_, reference = itertools.islice(plain(study, replay, seed), TRIALS)
        for name, policy in policies.items():
            scores[name].append(score(policy(study, replay, seed), reference, landscapes[scale]))
    return scores


def _with_halving(halving: HalvingSettings) -> Policy:
    def policy(study: Study, replay: Replay, seed: int) -> Iterator[Step]:
        return simmer(searched(study, halving=halving), replay, seed)

    return policy


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the median over seeds and its 95 % bootstrap interval."""
    array = np.asarray(values, dtype=float)
    draws = np.random.default_rng(0).choice(array, (4000, len(array)))
    return float(np.median(array)), *map(float, np.quantile(np.median(draws, axis=1), (0.025, 0.975)))


def report(scale: str, landscape: Landscape, scores: dict[str, list[Score]]) -> None:
    """Print what the replay rests on, and the table of a scale."""
    print(
        f"\n{scale}: {len(landscape.curves)} recorded trials, best losses {landscape.losses.min():.4f} to "
        f"{landscape.losses.max():.4f}; the landscape tells {landscape.explained():.0%} of their variance, "
        f"each trial left out in turn; {SEEDS} seeds"
    )
    for rung in (3, 6, 12):
        kept = _rank_correlation([curve.best(rung) for curve in landscape.curves], landscape.losses)
        print(f"rank correlation of the best loss by epoch {rung} with the final one: {kept:.2f}")
    print("\n| policy | to plain best: median (95 %), mean | near it | equal | 50 trials | best | expected |")
    print("|---|---|---|---|---|---|---|")
    for name, rows in scores.items():
        median, low, high = interval([row.to_best for row in rows])
        cells = [
            name,
            f"{median:.2f} ({low:.2f} to {high:.2f}), {np.mean([row.to_best for row in rows]):.2f}",
            f"{np.median([row.to_near for row in rows]):.2f}",
            f"{np.median([row.to_equal for row in rows]):.2f}",
            f"{np.mean([row.whole for row in rows]):.2f}",
            f"{np.mean([row.best for row in rows]):+.4f}",
            f"{np.mean([row.expected for row in rows]):+.4f}",
        ]
        print("| " + " | ".join(cells) + " |")


def _rank_correlation(one: Sequence[float], other: Sequence[float]) -> float:
    ranks = [np.argsort(np.argsort(values)) for values in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1])


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
    reference, *_ = reversed(list(_real_steps(FOLDER / "plain")))
    landscape = _landscape(read_curves(), LARGE)
    found = score(_real_steps(FOLDER / "halving"), reference, landscape)
    *_, last = _real_steps(FOLDER / "halving")
    print(
        f"\nfor real, {LARGE} one day ahead, one seed: plain {reference.epochs} epochs, best "
        f"{reference.best:.4f}; simmer {last.epochs} epochs, best {last.best:.4f}; {found.to_best:.2f} of "
        f"the compute to the plain best (2: not reached), {found.to_near:.2f} to within a seed's noise of it"
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
    overhead()
    curves = read_curves()
    landscapes = {scale: _landscape(curves, scale) for scale in (SMALL, LARGE)}
    tables = {}
    for scale, landscape in landscapes.items():
        tables[scale] = replayed(scale, landscapes)
        report(scale, landscape, tables[scale])
    if not chosen.replay_only:
        real()
    large = tables[LARGE]
    ratio, low, high = interval([row.to_best for row in large["simmer"]])
    transfer, *_ = interval([row.to_best for row in large["simmer, transfer 3"]])
    difference = np.mean([row.best for row in large["simmer"]])
    print(
        f"\ncompute_ratio={ratio:.3f} low={low:.3f} high={high:.3f} transfer_ratio={transfer:.3f} "
        f"best_loss_difference={difference:+.4f}"
    )


def _landscape(curves: Sequence[Curve], scale: str) -> Landscape:
    return Landscape(study_of(scale).space, [curve for curve in curves if curve.scale == scale])


if __name__ == "__main__":
    main()
