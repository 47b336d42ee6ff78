"""Choose how a run uses its cores: measured for the first of its kind in a study, then recorded.

So an interrupted search computes as it began, whatever keeps the machine busy when it goes on.
"""

import logging
import math
from dataclasses import asdict
from typing import Any

from simmer.base.errors import Interrupted
from simmer.base.locks import lock_after_waiting
from simmer.ledger.address import LOCKS
from simmer.ledger.layouts import MeasuredLayout, MeasuredLayouts, read_layouts, write_layouts
from simmer.ledger.ledger import StudyLedger
from simmer.ledger.results import Value
from simmer.machine.processor import processor_name
from simmer.thermal.guard import GuardProtocol
from simmer.training.layouts import Layout, fastest, layouts, measure
from simmer.training.plan import Plan
from simmer.training.settings import Execution

logger = logging.getLogger(__name__)


def with_layout(plan: Plan, ledger: StudyLedger, guard: GuardProtocol, *, kernels: str = "auto") -> Execution:
    """Return the execution of a run that begins.

    Args:
        plan: of the run; its execution has the cores of the run as threads, and the most replicas that memory
            allows.
        ledger: of the study.
        guard: asked between the steps that are measured.
        kernels: as configured.

    Raises:
        Interrupted: if the guard stops the measurement.
    """
    possible = list(layouts(plan.execution, kernels=kernels))
    if len(possible) == 1:
        return possible[0].on(plan.execution)
    if _began_without_layouts(ledger):
        return Layout(kernels="torch", replicas=1, threads=plan.execution.threads).on(plan.execution)
    trials = _in_common(plan) | {"kernels": kernels}
    with lock_after_waiting(
        ledger.root / LOCKS / ledger.address.folder / "layouts.lock",
        on_wait=lambda holder: logger.info(
            "waiting for %s, which measures the layouts of this study", holder
        ),
        should_stop=lambda: False,
    ):
        known = read_layouts(ledger.home)
        found = known.of(trials)
        if found is None:
            found = MeasuredLayouts(trials=trials, **_measured(possible, plan, guard))
            write_layouts(ledger.home, known.plus(found))
    chosen = found.chosen
    return Layout(kernels=chosen.kernels, replicas=chosen.replicas, threads=chosen.threads).on(plan.execution)


def _began_without_layouts(ledger: StudyLedger) -> bool:
    """Return True for a study of an older version, whose trials all use torch's operators."""
    first = ledger.trial(0).params()
    return first is not None and "kernels" not in first.execution


def _in_common(plan: Plan) -> dict[str, Value | bool]:
    """Return what decides which layout is the fastest."""
    return {
        **asdict(plan.execution),
        "processor": processor_name(),
        "batch_size": plan.recipe.batch_size,
        "about_width": 1 << round(math.log2(plan.shape.width)),
    }


def _measured(possible: list[Layout], plan: Plan, guard: GuardProtocol) -> dict[str, Any]:
    def between_steps() -> None:
        decision = guard.between_steps()
        if decision.stop:
            raise Interrupted(
                f"stopped before training: {decision.reason}. Run the same command again to begin."
            )

    seconds = measure(possible, plan, between_steps=between_steps)
    best = fastest(seconds)
    logger.info("uses its cores by %s, measured among %s", _described(best, seconds), len(seconds))
    measured = {
        layout: MeasuredLayout(**asdict(layout), probed_step_s=found) for layout, found in seconds.items()
    }
    return {"chosen": measured[best], "measured": tuple(measured.values())}


def _described(layout: Layout, seconds: dict[Layout, float]) -> str:
    return (
        f"{layout.replicas} replicas of {layout.threads} threads with the kernels of {layout.kernels} "
        f"({1000 * seconds[layout]:.1f} ms for a step of a part of the model)"
    )
