"""Memory and disk needs of the largest trial of a study, and the memory recipe that fits."""

import contextlib
from dataclasses import replace
from itertools import product
from pathlib import Path

from simmer.base.errors import BudgetError
from simmer.base.files import bytes_below
from simmer.config.campaign import Config
from simmer.ledger.address import MODELS
from simmer.machine.preflight import Needs
from simmer.model.budgets import expected_parameters
from simmer.model.shape import ModelShape
from simmer.search.space import Value
from simmer.search.study import Study
from simmer.training.checkpoint import KEEP
from simmer.training.memory import checkpoint_bytes, training_bytes
from simmer.training.settings import Execution, Memory, Recipe
from simmer.training.state import DTYPES

# In order of cost: recomputing activations takes time, and `lean` is another optimizer.
_LADDER: tuple[tuple[Memory, bool], ...] = (
    ("full", False),
    ("kahan", False),
    ("stochastic", False),
    ("full", True),
    ("kahan", True),
    ("stochastic", True),
    ("lean", False),
    ("lean", True),
)


def fit_memory(study: Study, execution: Execution, *, room_bytes: int) -> Execution:
    """Choose the storage of weights, moments and activations so that every trial of a study fits.

    Args:
        study: its `memory` and `precision` restrict the choice.
        execution: device, precision and threads.
        room_bytes: memory for one trial.

    Returns:
        The first choice that fits, or the smallest one if none fits.
    """
    smallest: tuple[int, Execution] | None = None
    for memory, recompute in _LADDER:
        if study.memory not in ("auto", memory) or (study.precision == "fp32" and memory != "full"):
            continue
        precision = execution.precision if memory == "full" else "bf16"
        choice = replace(
            execution,
            precision=precision,
            memory=memory,
            activation_checkpointing=recompute,
            # A compiled backward pass returns all gradients at once, which the other recipes avoid.
            compiled=execution.compiled and memory == "full",
        )
        need_bytes = _peak_bytes(study, choice)
        if need_bytes <= room_bytes:
            return choice
        if smallest is None or need_bytes < smallest[0]:
            smallest = (need_bytes, choice)
    return smallest[1]


def fit_replicas(study: Study, execution: Execution, *, most: int, room_bytes: int) -> Execution:
    """Return an execution with as many replicas, up to `most`, as fit into the room of one trial.

    Recipes that update weights inside the backward pass have one.
    """
    most = most if execution.memory == "full" else 1
    while most > 1 and _peak_bytes(study, replace(execution, replicas=most)) > room_bytes:
        most -= 1
    return replace(execution, replicas=most)


def kept_weights_bytes(config: Config, study: Study, execution: Execution, *, results: Path) -> int:
    """Return the disk that the weights of a scale's refits will still take.

    Each is stored twice, in the ledger and in the published model. What is published already is not counted
    again.

    Args:
        config: the campaign.
        study: any horizon of the scale.
        execution: how its trials are computed.
        results: the folder of results.
    """
    largest = max(expected_parameters(shape) for shape in _corner_shapes(study))
    member_bytes = largest * DTYPES[execution.precision].itemsize
    members = config.evidence.kept_members(member_bytes) * len(config.dataset.horizons_days)
    files = 2 * members + bool(members)  # new weights are written before older ones are removed
    return max(0, files * member_bytes - 2 * bytes_below(results / MODELS / study.scale))


def needs_of_study(
    study: Study,
    execution: Execution,
    *,
    device: str,
    slots: int,
    kernels_problem: str | None = None,
    weights_bytes: int = 0,
) -> Needs:
    """Return the largest memory and disk needs among the corners of the search space and the default.

    Args:
        study: any horizon of the scale; horizons differ only in their labels.
        execution: how its trials are computed.
        device: as configured.
        slots: trials side by side, all assumed to need the most.
        kernels_problem: why the kernels cannot be used; None if they can, or are not wanted.
        weights_bytes: see `kept_weights_bytes`.
    """
    # More replicas are used only where they fit.
    execution = replace(execution, replicas=1)
    shapes, recipe = list(_corner_shapes(study)), _largest_recipe(study)
    return Needs(
        scale=study.scale,
        parameters=max(expected_parameters(shape) for shape in shapes),
        memory_bytes=slots * _peak_bytes(study, execution),
        kernels=execution.kernels,
        kernels_problem=kernels_problem,
        memory=execution.memory,
        activation_checkpointing=execution.activation_checkpointing,
        checkpoint_bytes=max(checkpoint_bytes(shape, recipe, execution) for shape in shapes),
        checkpoints_kept=KEEP,
        weights_bytes=weights_bytes,
        slots=slots,
        accelerator=device,
    )


def deepest(study: Study) -> int | None:
    """Return the largest depth of the space at which every shape meets the budget; None if none does."""
    low, high = study.space.dimensions["depth"].ends
    for depth in range(high, low - 1, -1):
        with contextlib.suppress(BudgetError):
            for head_width, ff_ratio in product(*_ends(study, "head_width", "ff_ratio")):
                study.solve(depth=depth, head_width=head_width, ff_ratio=ff_ratio)
            return depth
    return None


def _peak_bytes(study: Study, execution: Execution) -> int:
    recipe = _largest_recipe(study)
    return max(
        training_bytes(shape, recipe, execution, micro_batch=recipe.batch_size)
        for shape in _corner_shapes(study)
    )


def _largest_recipe(study: Study) -> Recipe:
    keys = ("batch_size", "dropout", "average_epochs")
    return replace(study.default, **{key: max(study.space.dimensions[key].ends) for key in keys})


def _corner_shapes(study: Study) -> list[ModelShape]:
    keys = ("depth", "head_width", "ff_ratio")
    corners = (dict(zip(keys, corner, strict=True)) for corner in product(*_ends(study, *keys)))
    # The default too: counted parameters differ within the tolerance, so it may be larger than the corners.
    return [study.shape(study.default), *(study.solve(**corner) for corner in corners)]


def _ends(study: Study, *keys: str) -> list[tuple[Value, Value]]:
    return [study.space.dimensions[key].ends for key in keys]
