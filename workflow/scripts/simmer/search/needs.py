"""What the hungriest trial of a study asks of the machine."""

from itertools import product

from simmer.model.budgets import expected_parameters
from simmer.model.shape import ModelShape
from simmer.preflight import Needs
from simmer.search.study import Study
from simmer.training.checkpoint import KEEP
from simmer.training.memory import checkpoint_bytes, training_bytes


def needs_of_study(study: Study, *, device: str, slots: int) -> Needs:
    """Return memory and disk for the corner of the search space that needs most of them.

    Args:
        study: any horizon of the scale; they differ in labels only.
        device: as configured.
        slots: trials that run side by side, all of them at that corner.
    """
    shapes = list(_corner_shapes(study))
    micro_batch = max(study.space.dimensions["batch_size"].ends)
    return Needs(
        scale=study.scale,
        parameters=max(expected_parameters(shape) for shape in shapes),
        memory_bytes=slots * max(training_bytes(shape, micro_batch=micro_batch) for shape in shapes),
        checkpoint_bytes=max(checkpoint_bytes(shape) for shape in shapes),
        checkpoints_kept=slots * KEEP,
        accelerator=device,
    )


def _corner_shapes(study: Study) -> list[ModelShape]:
    keys = ("depth", "head_width", "ff_ratio")
    ends = [study.space.dimensions[key].ends for key in keys]
    return [study.solve(**dict(zip(keys, corner, strict=True))) for corner in product(*ends)]
