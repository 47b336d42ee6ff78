"""Which command trains more: one trial on all cores, or trials side by side."""

from collections.abc import Sequence

from simmer.ledger.layouts import Layouts, MeasuredLayouts, read_layouts
from simmer.status.progress import StudyProgress

_WORTHWHILE = 1.05


def cores_line(studies: Sequence[StudyProgress]) -> str | None:
    """Return what side by side would gain, from the layouts that were measured; None where it gains nothing.

    Args:
        studies: those whose trials may run side by side.
    """
    left = [study for study in studies if study.left and study.place.home is not None]
    for study in left:
        found = _last_on_several_cores(read_layouts(study.place.home))
        if found is not None and len(left) > 1:
            return _line(found, at_once=len(left))
    return None


def _last_on_several_cores(layouts: Layouts) -> MeasuredLayouts | None:
    return next((found for found in reversed(layouts.measured) if found.trials["threads"] > 1), None)


def _line(found: MeasuredLayouts, *, at_once: int) -> str | None:
    cores = found.trials["threads"]
    at_once = min(at_once, cores)
    share = cores // at_once
    alone_s = found.chosen.probed_step_s
    shared_s = min(
        layout.probed_step_s for layout in found.measured if layout.replicas * layout.threads <= share
    )
    gain = at_once * alone_s / shared_s
    if gain < _WORTHWHILE:
        return None
    return (
        f"one trial uses {cores} cores; {at_once} side by side (--cores {at_once}) train at most "
        f"{gain:.1f} times as much together"
    )
