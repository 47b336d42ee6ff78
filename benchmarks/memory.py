"""Peak memory per scale and memory recipe, predicted and measured; seconds of a step and of a checkpoint.

    make bench-memory

Each row is a separate process that trains as a trial does: two optimizer steps, one evaluation, one
checkpoint, one restore. The prediction is the one that preflight compares with the machine.
"""

import argparse
import contextlib
import importlib
import resource
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import command_line
from setting import CORES, Execution, default_config, real_windows, trial_run
from simmer.base.errors import Interrupted
from simmer.thermal.guard import StepDecision
from simmer.training.checkpoint import CheckpointStore
from simmer.training.environment import TRAINER_ENVIRONMENT
from simmer.training.evaluation import EVALUATION_BATCH, evaluate
from simmer.training.kernels import kernels_are_loaded
from simmer.training.memory import checkpoint_bytes, training_bytes

GIB = 1 << 30
STEPS = 2


@dataclass(frozen=True)
class Row:
    """One way to train one scale.

    Attributes:
        replicas: each with a core of its own, computed by simmer's kernels; 0: one by torch's operators.
        average: keep the average of the weights, as the shipped recipe does.
    """

    scale: str
    memory: str
    batch: int = 64
    micro_batch: int = 64
    recompute: bool = False
    precision: str = "bf16"
    replicas: int = 0
    average: bool = True


FULL = (
    Row("2M", "full"),
    Row("20M", "full", precision="fp32"),
    Row("20M", "full"),
    Row("20M", "full", precision="fp32", replicas=1),
    Row("20M", "full", precision="fp32", replicas=2),
    Row("20M", "lean"),
    Row("200M", "full", precision="fp32"),
    Row("200M", "full"),
    Row("200M", "full", precision="fp32", replicas=2),
    Row("200M", "kahan"),
    Row("200M", "stochastic"),
    Row("200M", "stochastic", recompute=True),
    Row("200M", "stochastic", micro_batch=16),
    Row("200M", "lean"),
    Row("2B", "stochastic", batch=32, micro_batch=32, average=False),
    Row("2B", "stochastic", batch=32, micro_batch=32),
    Row("2B", "lean", batch=16, micro_batch=16),
)
SHORT = tuple(Row("2M", memory, batch=8, micro_batch=8) for memory in ("full", "stochastic", "lean"))
SHORT += (Row("2M", "full", batch=8, micro_batch=8, replicas=2),)


class Stopwatch:
    """A guard that records when each step ends, and asks to stop after the last."""

    def __init__(self) -> None:
        self.ends_s: list[float] = []

    def between_steps(self) -> StepDecision:
        """Record the time."""
        self.ends_s.append(time.perf_counter())
        return StepDecision(stop=len(self.ends_s) >= STEPS, reason="measured")

    def inside_step(self) -> None:
        """Go on at once."""

    def counters(self) -> dict[str, Any]:
        """Keep nothing."""
        return {}

    def restore(self, _: dict) -> None:
        """Restore nothing."""


def measure_row(row: Row) -> dict[str, float]:
    """Train in this process; return bytes and seconds."""
    importlib.import_module("simmer.runs.guarded")  # a trial's process has imported as much
    execution = Execution(
        device="cpu",
        precision=row.precision,
        threads=1 if row.replicas else CORES,
        kernels="simmer" if row.replicas and kernels_are_loaded() else "torch",
        replicas=max(1, row.replicas),
        memory=row.memory,
        activation_checkpointing=row.recompute,
    )
    study, windows = default_config().study(row.scale, 1), real_windows(validation_windows=EVALUATION_BATCH)
    with tempfile.TemporaryDirectory(prefix="simmer-bench-") as folder:
        watch, store = Stopwatch(), CheckpointStore(Path(folder))
        run = trial_run(
            study.shape(study.default),
            windows,
            execution,
            guard=watch,
            store=store,
            batch=row.batch,
            micro_batch=row.micro_batch,
            dropout=study.default.dropout,
            epochs=1,
            average_epochs=study.default.average_epochs if row.average else 0.0,
        )
        with contextlib.suppress(Interrupted):
            run.run()
        start = time.perf_counter()
        evaluate(run.steps.replicas, windows[1], team=run.steps.team, between_batches=lambda: None)
        evaluation_s = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        start = time.perf_counter()
        store.restore(run.state.tensors())
        restore_s = time.perf_counter() - start
    plan = run.plan
    return {
        "parameters": sum(parameter.numel() for parameter in run.state.model.parameters()),
        "predicted": training_bytes(plan.shape, plan.recipe, execution, micro_batch=row.micro_batch),
        "peak": peak,
        "peak_restored": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "step_s": watch.ends_s[-1] - watch.ends_s[-2],
        "evaluation_s": evaluation_s,
        "checkpoint": checkpoint_bytes(plan.shape, plan.recipe, execution),
        "write_s": run.progress.checkpoint_s,
        "restore_s": restore_s,
    }


COLUMNS = "{:5s}  {:28s}  {:>6s}  {:>9s}  {:>8s}  {:>7s}  {:>6s}  {:>14s}  {:>7s}  {:>9s}"


def measure(chosen: argparse.Namespace) -> str:
    """Measure and print every row; return the summary."""
    head = ("scale", "recipe", "batch", "predicted", "peak GiB", "error %", "s/step", "checkpoint GiB")
    print(COLUMNS.format(*head, "write s", "restore s"))
    worst, peaks = 0.0, {}
    for row in SHORT if chosen.short else FULL:
        found = command_line.call_apart(__file__, asdict(row), environment=TRAINER_ENVIRONMENT)
        error = 100 * (found["predicted"] / found["peak"] - 1)
        worst = max(worst, abs(error))
        peaks[row.scale, row.memory] = found["peak"] / GIB
        replicas = f"{row.replicas} with kernels" if row.replicas else ""
        extras = [
            row.memory,
            "recomputed" if row.recompute else "",
            "" if row.average else "without average",
            row.precision.replace("bf16", ""),
            replicas,
        ]
        numbers = (
            f"{found['predicted'] / GIB:.2f}",
            f"{found['peak'] / GIB:.2f}",
            f"{error:.1f}",
            f"{found['step_s']:.2f}",
            f"{found['checkpoint'] / GIB:.2f}",
            f"{found['write_s']:.2f}",
            f"{found['restore_s']:.2f}",
        )
        batch = f"{row.batch}" if row.batch == row.micro_batch else f"{row.batch}/{row.micro_batch}"
        print(COLUMNS.format(row.scale, ", ".join(filter(None, extras)), batch, *numbers), flush=True)
    largest = row.scale
    summary = {
        f"peak_{largest}_adamw_gib": peaks[largest, "stochastic"],
        f"peak_{largest}_lean_gib": peaks[largest, "lean"],
        "worst_prediction_error_percent": worst,
    }
    return " ".join(f"{name}={value:.2f}" for name, value in summary.items())


if __name__ == "__main__":
    command_line.run(measure, command_line.parser(__doc__), apart=lambda row: measure_row(Row(**row)))
