"""Choose how a run uses its cores: measured for the first of its kind in a study, then recorded.

So an interrupted search computes as it began, whatever keeps the machine busy when it goes on.
"""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from simmer.base.errors import Interrupted
from simmer.base.locks import lock_after_waiting
from simmer.base.words import count
from simmer.ledger.address import LOCKS
from simmer.ledger.layouts import MeasuredLayout, MeasuredLayouts, read_layouts, write_layouts
from simmer.ledger.ledger import StudyLedger
from simmer.ledger.results import Value
from simmer.machine.facts import usable_cores
from simmer.machine.load import CpuTimes, cpu_times
from simmer.machine.processor import processor_name
from simmer.thermal.guard import GuardProtocol
from simmer.training.layouts import Layout, fastest, layouts, measure
from simmer.training.plan import Plan
from simmer.training.settings import Execution

DISTURBING_CORES = 0.2  # that other programs keep busy beside the trials of this campaign

logger = logging.getLogger(__name__)


def with_layout(
    plan: Plan,
    ledger: StudyLedger,
    guard: GuardProtocol,
    *,
    kernels: str = "auto",
    times: Callable[[], CpuTimes] = cpu_times,
) -> Execution:
    """Return the execution of a run that begins.

    Args:
        plan: of the run; its execution has the cores of the run as threads, and the most replicas that memory
            allows.
        ledger: of the study.
        guard: asked between the steps that are measured.
        kernels: as configured.
        times: of this machine's cores.

    Raises:
        Interrupted: if the guard stops the measurement.
    """
    if _began_without_layouts(ledger):
        return Layout(kernels="torch", replicas=1, threads=plan.execution.threads).on(plan.execution)
    possible = list(layouts(plan.execution, kernels=kernels))
    if len(possible) == 1:
        return possible[0].on(plan.execution)

    def between_steps() -> None:
        decision = guard.between_steps()
        if decision.stop:
            raise Interrupted(
                f"stopped before training: {decision.reason}. Run the same command again to begin."
            )

    def wait(seconds: float) -> None:
        between_steps()
        time.sleep(seconds)

    trials = _in_common(plan) | {"configured_kernels": kernels}
    with lock_after_waiting(
        ledger.root / LOCKS / ledger.address.folder / "layouts.lock",
        on_wait=lambda holder: logger.info(
            "waiting for %s, which measures the layouts of this study", holder
        ),
        should_stop=lambda: False,
        sleep=wait,
    ):
        known = read_layouts(ledger.home)
        found = known.of(trials)
        if found is None:
            before = times()
            measured = _measured(possible, plan, between_steps)
            others = times().others_since(before)
            quiet = others <= usable_cores() - plan.execution.threads + DISTURBING_CORES
            if not quiet:
                logger.info("other programs kept %.1f cores busy: the next trial measures again", others)
            found = MeasuredLayouts(trials=trials, quiet=quiet, **measured)
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


def _measured(possible: list[Layout], plan: Plan, between_steps: Callable[[], None]) -> dict[str, Any]:
    seconds = measure(possible, plan, between_steps=between_steps)
    best = fastest(seconds)
    logger.info(
        "%s with %s each, kernels of %s: the fastest of %d layouts",
        *(count(best.replicas, "replica"), count(best.threads, "thread"), best.kernels, len(possible)),
    )
    measured = {
        layout: MeasuredLayout(**asdict(layout), probed_step_s=found) for layout, found in seconds.items()
    }
    return {"chosen": measured[best], "measured": tuple(measured.values())}
