"""The tables of a comparison, in Markdown: losses in nats, each a mean over sets."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from recipe_results import OnSets, Results
from recipe_scores import Members, Paired, averaged_difference, between_seeds, single_difference
from recipe_variants import SHIPPED
from run_store import Facts
from simmer.base.words import spoken
from walk_forward import HORIZONS_DAYS

PARTS = {"validation": "validation", "later": "later days"}
HORIZONS = {"all": HORIZONS_DAYS, **{str(days): (days,) for days in HORIZONS_DAYS}}


def print_losses(results: Results) -> None:
    """Print, for each variant and scale, the losses of members alone and averaged."""
    rows = []
    for (variant, scale), on_sets in results.trained.items():
        found = [*on_sets.values()]
        seconds = [run["seconds"] for run in results.runs[variant, scale]]
        rows.append(
            [
                *(variant, scale, str(len(found)), _members(found)),
                *(_nats(np.mean([members.single(part) for members in found])) for part in PARTS),
                *(_nats(np.mean([members.averaged(part) for members in found])) for part in PARTS),
                *(_nats(between_seeds(found, part)) for part in PARTS),
                f"{np.median(seconds):.0f}",
            ]
        )
    print("\nThe epoch that is best on validation; members alone, averaged, and the deviation between seeds:")
    header = ["variant", "scale", "sets", "members"]
    header += [f"{what}{part}" for what in ("", "averaged: ", "seeds: ") for part in PARTS.values()]
    _print_table([*header, "seconds"], rows)


def print_differences(results: Results) -> None:
    """Print each variant less the shipped one at the same scale, members alone, seed by seed."""
    rows = []
    for (variant, scale), on_sets in results.trained.items():
        shipped = results.trained.get((SHIPPED, scale), {})
        if variant == SHIPPED or not shipped:
            continue
        cells = [_difference(on_sets, shipped, single_difference, part) for part in PARTS]
        rows.append([variant, scale, *cells])
    print(f"\nLess {SHIPPED}, ± standard error over folds, over sets:")
    _print_table(["variant", "scale", *PARTS.values()], rows)


def print_curves(results: Results) -> None:
    """Print the mean losses of each epoch; a training that has ended counts with its last loss."""
    rows = []
    for (variant, scale), runs in results.runs.items():
        epochs = max(len(run["losses"]["later"]) for run in runs)
        for part, name in PARTS.items():
            rows.append([variant, scale, name, *map(_nats, _mean_curve(runs, part, epochs))])
        chosen = [sum(run["best_epoch"] == epoch for run in runs) for epoch in range(1, epochs + 1)]
        rows.append([variant, scale, "chosen", *map(str, chosen)])
    print("\nMean losses by epoch (a training that has ended keeps its last), and how many chose the epoch:")
    longest = max(map(len, rows), default=3)
    padded = [[*row, *[""] * (longest - len(row))] for row in rows]
    _print_table(["variant", "scale", "", *map(str, range(1, longest - 2))], padded)


def print_reach(results: Results) -> None:
    """Print the better scale of each variant on each set against the opponents."""
    variants = dict.fromkeys(variant for variant, _ in results.trained)
    reached = {variant: results.reach(variant) for variant in variants}
    print("\nReach: per set the scale whose averaged members are better on validation.")
    rows = [
        [
            *(spoken(name), str(len(on_sets)), _members(on_sets.values())),
            *(_nats(np.mean([one.averaged(part) for one in on_sets.values()])) for part in PARTS),
        ]
        for name, on_sets in (reached | results.opponents).items()
    ]
    _print_table(["model", "sets", "members", *PARTS.values()], rows)
    for part, name in PARTS.items():
        print(f"\nReach less opponents with as many members, {name}, ± error over folds, over sets:")
        rows = [
            [
                *(variant, days),
                *(
                    _difference(_at(horizons, on_sets), opponent, averaged_difference, part)
                    for opponent in results.opponents.values()
                ),
            ]
            for variant, on_sets in reached.items()
            for days, horizons in HORIZONS.items()
        ]
        _print_table(["variant", "days ahead", *map(spoken, results.opponents)], rows)


def _mean_curve(runs: Iterable[Facts], part: str, epochs: int) -> np.ndarray:
    """Return the mean loss by epoch [epochs], without trainings that diverged in their first."""
    curves = [run["losses"][part] for run in runs if run["losses"][part]]
    held = [[*curve, *[curve[-1]] * (epochs - len(curve))] for curve in curves]
    return np.mean(held, axis=0) if held else np.empty(0)


def _at(horizons_days: Sequence[int], on_sets: OnSets) -> OnSets:
    return {one: members for one, members in on_sets.items() if one.horizon_days in horizons_days}


def _difference(
    on_sets: OnSets, others: OnSets, difference: Callable[[Members, Members, str], float | None], part: str
) -> str:
    """Return the mean difference over the sets that both have, with its errors."""
    found = {one: difference(on_sets[one], others[one], part) for one in on_sets if one in others}
    differences = {one: value for one, value in found.items() if value is not None}
    if not differences:
        return ""
    paired = Paired.of(differences)
    return f"{paired.mean:+.4f} ± {_nats(paired.over_folds)}, {_nats(paired.over_sets)}"


def _members(found: Iterable[Members]) -> str:
    counts = {len(members) for members in found}
    return "-".join(map(str, sorted({min(counts), max(counts)})))


def _nats(loss: float) -> str:
    return "?" if np.isnan(loss) else f"{loss:.4f}"


def _print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    print("\n| " + " | ".join(header) + " |")
    print("|---" * len(header) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
