"""How a search policy compares with the reference under the same random seed, and the table of a scale."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from recorded_curves import Landscape
from search_policies import Step

SEED_SD = 0.0020  # of a validation log-loss over the seeds of one configuration, see README.md, Recipe
RUNGS = (1, 2, 3, 4, 6, 9)  # epochs: those of the shipped halving, and one more
NOT_REACHED = 2.0  # the compute spent without reaching the target, and the reference on top


@dataclass(frozen=True)
class Score:
    """Result of a policy under one random seed; costs in units of the reference's whole compute.

    Attributes:
        to_best: cost to reach the reference's best loss.
        to_near: cost to come within `SEED_SD` of it.
        to_equal: cost until the expected loss of the winner so far is that of the reference's winner.
        whole: cost of as many trials as the reference has.
        best: lowest loss after as many trials, less the reference's.
        expected: expected loss of the winner after as many trials, less that of the reference's winner.
    """

    to_best: float
    to_near: float
    to_equal: float
    whole: float
    best: float
    expected: float


def score(policy: Iterable[Step], reference: Step, landscape: Landscape) -> Score:
    """Compare a policy with the last step of the reference under the same random seed."""
    aim = landscape.expected_of(reference.winner)
    spent = {"best": NOT_REACHED, "near": NOT_REACHED, "equal": NOT_REACHED}
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
        done = step.epochs >= reference.epochs or max(spent.values()) < NOT_REACHED
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


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the median over random seeds and its 95 % bootstrap interval."""
    array = np.asarray(values, dtype=float)
    draws = np.random.default_rng(0).choice(array, (4000, len(array)))
    return float(np.median(array)), *map(float, np.quantile(np.median(draws, axis=1), (0.025, 0.975)))


def print_table(scale: str, landscape: Landscape, scores: dict[str, list[Score]], *, trials: int) -> None:
    """Print the recorded trials of a scale and its table of policies."""
    seeds = len(next(iter(scores.values())))
    print(
        f"\n{scale}: {len(landscape.curves)} recorded trials, best losses {landscape.losses.min():.4f} to "
        f"{landscape.losses.max():.4f}; the landscape explains {landscape.explained():.0%} of their "
        f"variance, each trial left out in turn; {seeds} seeds"
    )
    for rung in RUNGS:
        kept = _rank_correlation([curve.best(rung) for curve in landscape.curves], landscape.losses)
        print(f"rank correlation of the best loss by epoch {rung} with the final one: {kept:.2f}")
    print(
        "\n| policy | to plain best: median (95 %), mean | near it | equal "
        f"| {trials} trials | best | expected |"
    )
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
