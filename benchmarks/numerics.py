"""What saving memory and time does to the numbers: loss curves of the recipes, and pooled dropout.

    make bench-numerics

Trains 20M on the bundled bars with every memory recipe and compares the train loss step by step with fp32
AdamW from the same start over the same batches. Then trains 2M with masks from a pool and with torch's
own dropout and compares the best validation log-loss.
"""

import json
import os
import statistics
import subprocess
import sys

from setting import CORES, SIZES, Execution, model_shape, real_windows, trial_run
from simmer.model.patchtst import PatchTST
from simmer.thermal.guard import GO_ON, StepDecision
from simmer.training.environment import TRAINER_ENVIRONMENT

SEEDS, BATCH, EPOCHS = (1, 2, 3), 32, 2
RECIPES = {
    "fp32": ("fp32", "full"),
    "fp32 again": ("fp32", "full"),  # on one thread: sums in another order, the noise of any comparison
    "full": ("bf16", "full"),
    "kahan": ("bf16", "kahan"),
    "stochastic": ("bf16", "stochastic"),
    "lean": ("bf16", "lean"),
}
RATE = 1e-4  # higher ones make any two runs part: see the row `fp32 again`
DROPOUT_SEEDS, DROPOUT_EPOCHS, DROPOUT = range(1, 9), 6, 0.3


class LossRecorder:
    """A guard that reads the loss of each step."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self._before = 0.0

    def between_steps(self) -> StepDecision:
        """Note what the step added to the epoch's loss."""
        total = float(self.run.loss_sum)
        if total == self._before:  # between two batches of validation
            return GO_ON
        self._before = self._before if total > self._before else 0.0
        self.losses.append((total - self._before) / BATCH)
        self._before = total
        return GO_ON

    def inside_step(self) -> None:
        """Go on at once."""


def train(
    size: str, recipe: str, seed: int, *, dropout: float, pooled: bool, epochs: int, batch: int
) -> dict:
    """Train in this process; return the losses of all steps and the best validation log-loss."""
    precision, memory = RECIPES[recipe]
    if not pooled:
        PatchTST.pool_masks = lambda *_, **__: None
    guard = LossRecorder()
    guard.run = trial_run(
        model_shape(SIZES[size]),
        real_windows(),
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


def train_apart(*arguments: object, **options: object) -> dict:
    """Run `train` in a process of its own, with the environment of a trial."""
    done = subprocess.run(
        [sys.executable, __file__, json.dumps([arguments, options])],
        stdout=subprocess.PIPE,
        env=os.environ | TRAINER_ENVIRONMENT,
        check=True,
    )
    return json.loads(done.stdout)


def compare_recipes() -> dict[str, float]:
    """Print and return the mean distance of each recipe's loss curve from that of fp32 AdamW."""
    options = {"dropout": 0.0, "pooled": True, "epochs": EPOCHS, "batch": BATCH}
    curves = {
        (recipe, seed): train_apart("20M", recipe, seed, **options) for seed in SEEDS for recipe in RECIPES
    }
    steps = len(curves["fp32", SEEDS[0]]["losses"])
    print(f"20M, {steps} steps of {BATCH} windows, seeds {SEEDS}: train loss against fp32 AdamW")
    print(
        "recipe      mean |difference|  mean difference  of seeds                    best validation log-loss"
    )
    found = {}
    for recipe in RECIPES:
        differences = []
        for seed in SEEDS:
            pairs = zip(curves[recipe, seed]["losses"], curves["fp32", seed]["losses"], strict=True)
            differences.append([one - other for one, other in pairs])
        absolute = [statistics.mean(map(abs, row)) for row in differences]
        found[recipe] = statistics.mean(absolute)
        signed = statistics.mean(statistics.mean(row) for row in differences)
        best = statistics.mean(curves[recipe, seed]["best"] for seed in SEEDS)
        each = " ".join(f"{value:.5f}" for value in absolute)
        print(f"{recipe:10s}  {found[recipe]:17.5f}  {signed:15.5f}  {each:26s}  {best:.4f}", flush=True)
    for step in range(0, steps, 15):
        values = " ".join(f"{curves[recipe, SEEDS[0]]['losses'][step]:.4f}" for recipe in RECIPES)
        print(f"  step {step:3d}  {values}" + (f"   ({', '.join(RECIPES)})" if step == 0 else ""))
    return found


def compare_dropout() -> tuple[float, float]:
    """Print and return the mean difference of the best validation log-loss, and its standard error."""
    differences = []
    for seed in DROPOUT_SEEDS:
        pooled, native = (
            train_apart("2M", "full", seed, dropout=DROPOUT, pooled=pooled, epochs=DROPOUT_EPOCHS, batch=64)[
                "best"
            ]
            for pooled in (True, False)
        )
        differences.append(pooled - native)
        print(
            f"  seed {seed}: best validation log-loss pooled {pooled:.4f}, torch's {native:.4f}", flush=True
        )
    error = statistics.stdev(differences) / len(differences) ** 0.5
    return statistics.mean(differences), error


def main() -> None:
    """Measure and print."""
    found = compare_recipes()
    print(f"\n2M, dropout {DROPOUT}, {DROPOUT_EPOCHS} epochs: masks from a pool against torch's own dropout")
    difference, error = compare_dropout()
    print(
        " ".join(
            f"difference_{recipe}={value:.5f}"
            for recipe, value in found.items()
            if not recipe.startswith("fp32")
        ),
        f"dropout_difference={difference:.5f} dropout_error={error:.5f}",
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        arguments, options = json.loads(sys.argv[1])
        print(json.dumps(train(*arguments, **options)))
    else:
        main()
