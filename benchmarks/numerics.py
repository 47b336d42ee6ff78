"""How the memory recipes and pooled dropout change the numbers: loss curves compared with fp32 AdamW.

    make bench-numerics

Train 20M on the bundled bars with every memory recipe and compare the train loss step by step with fp32
AdamW, from the same start over the same batches. Then train 2M with masks from a pool and with torch's own
dropout and compare the best validation log-loss.
"""

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import command_line
from dimensions import SIZES
from setting import CORES, Execution, model_shape, real_windows, trial_run
from simmer.model.patchtst import PatchTST
from simmer.thermal.guard import GO_ON, StepDecision
from simmer.training.environment import TRAINER_ENVIRONMENT

RECIPES = {
    "fp32": ("fp32", "full"),
    "fp32 again": ("fp32", "full"),  # on one thread: sums in another order, the noise of any comparison
    "full": ("bf16", "full"),
    "kahan": ("bf16", "kahan"),
    "stochastic": ("bf16", "stochastic"),
    "lean": ("bf16", "lean"),
}
RECIPE_BATCH, DROPOUT_BATCH, DROPOUT = 32, 64, 0.3
RATE = 1e-4  # at higher rates any two runs diverge from each other: see the row `fp32 again`


@dataclass(frozen=True)
class Runs:
    """Sizes, random seeds and epochs of both comparisons, and the windows of each split (None: all)."""

    recipe_size: str
    recipe_seeds: Sequence[int]
    recipe_epochs: int
    dropout_size: str
    dropout_seeds: Sequence[int]
    dropout_epochs: int
    windows: int | None = None


FULL = Runs("20M", (1, 2, 3), 2, "2M", range(1, 9), 6)
SHORT = Runs("debug", (1,), 1, "debug", (1, 2), 1, windows=160)


class LossRecorder:
    """A guard that records the loss of each step."""

    def __init__(self, batch: int) -> None:
        self.losses: list[float] = []
        self._batch = batch
        self._before = 0.0

    def between_steps(self) -> StepDecision:
        """Record what the step added to the epoch's loss."""
        total = float(self.run.loss_sum)
        if total == self._before:  # between two batches of validation
            return GO_ON
        self._before = self._before if total > self._before else 0.0
        self.losses.append((total - self._before) / self._batch)
        self._before = total
        return GO_ON

    def inside_step(self) -> None:
        """Go on at once."""


def train(
    size: str,
    recipe: str,
    seed: int,
    dropout: float,
    pooled: bool,
    epochs: int,
    batch: int,
    windows: int | None,
) -> dict:
    """Train in this process; return the losses of all steps and the best validation log-loss."""
    precision, memory = RECIPES[recipe]
    if not pooled:
        PatchTST.pool_masks = lambda *_, **__: None
    guard = LossRecorder(batch)
    guard.run = trial_run(
        model_shape(SIZES[size]),
        real_windows(train_windows=windows, validation_windows=windows),
        Execution(
            device="cpu",
            precision=precision,
            threads=1 if recipe == "fp32 again" else CORES,
            memory=memory,
        ),
        guard=guard,
        batch=batch,
        dropout=dropout,
        epochs=epochs,
        learning_rate=RATE,
        seed=seed,
    )
    outcome = guard.run.run()
    best = min(record["validation"]["log_loss"] for record in outcome.curve)
    return {"losses": guard.losses, "best": best}


def train_apart(*arguments: object) -> dict:
    """Call `train` in a separate process, with the environment of a trial."""
    return command_line.call_apart(__file__, *arguments, environment=TRAINER_ENVIRONMENT)


def compare_recipes(runs: Runs) -> dict[str, float]:
    """Print and return the mean distance of each recipe's loss curve from that of fp32 AdamW."""
    size, seeds = runs.recipe_size, runs.recipe_seeds
    curves = {
        (recipe, seed): train_apart(
            size, recipe, seed, 0.0, True, runs.recipe_epochs, RECIPE_BATCH, runs.windows
        )
        for seed in seeds
        for recipe in RECIPES
    }
    steps = len(curves["fp32", seeds[0]]["losses"])
    print(f"{size}, {steps} steps of {RECIPE_BATCH} windows, seeds {seeds}: train loss against fp32 AdamW")
    print(
        "recipe      mean |difference|  mean difference  of seeds                    best validation log-loss"
    )
    found = {}
    for recipe in RECIPES:
        differences = []
        for seed in seeds:
            pairs = zip(curves[recipe, seed]["losses"], curves["fp32", seed]["losses"], strict=True)
            differences.append([one - other for one, other in pairs])
        absolute = [statistics.mean(map(abs, row)) for row in differences]
        found[recipe] = statistics.mean(absolute)
        signed = statistics.mean(statistics.mean(row) for row in differences)
        best = statistics.mean(curves[recipe, seed]["best"] for seed in seeds)
        each = " ".join(f"{value:.5f}" for value in absolute)
        print(f"{recipe:10s}  {found[recipe]:17.5f}  {signed:15.5f}  {each:26s}  {best:.4f}", flush=True)
    for step in range(0, steps, 15):
        values = " ".join(f"{curves[recipe, seeds[0]]['losses'][step]:.4f}" for recipe in RECIPES)
        print(f"  step {step:3d}  {values}" + (f"   ({', '.join(RECIPES)})" if step == 0 else ""))
    return found


def compare_dropout(runs: Runs) -> tuple[float, float]:
    """Print each seed; return the mean difference of the best validation log-loss, and its standard error."""
    print(
        f"\n{runs.dropout_size}, dropout {DROPOUT}, {runs.dropout_epochs} epochs: masks from a pool against "
        "torch's own dropout"
    )
    size, epochs = runs.dropout_size, runs.dropout_epochs
    differences = []
    for seed in runs.dropout_seeds:
        pooled, native = (
            train_apart(size, "full", seed, DROPOUT, pooled, epochs, DROPOUT_BATCH, runs.windows)["best"]
            for pooled in (True, False)
        )
        differences.append(pooled - native)
        print(
            f"  seed {seed}: best validation log-loss pooled {pooled:.4f}, torch's {native:.4f}", flush=True
        )
    error = statistics.stdev(differences) / len(differences) ** 0.5
    return statistics.mean(differences), error


def measure(chosen: argparse.Namespace) -> str:
    """Run and print both comparisons; return the summary."""
    runs = SHORT if chosen.short else FULL
    found = compare_recipes(runs)
    difference, error = compare_dropout(runs)
    summary = {f"difference_{name}": value for name, value in found.items() if not name.startswith("fp32")}
    summary |= {"dropout_difference": difference, "dropout_error": error}
    return " ".join(f"{name}={value:.5f}" for name, value in summary.items())


if __name__ == "__main__":
    command_line.run(measure, command_line.parser(__doc__), apart=train)
