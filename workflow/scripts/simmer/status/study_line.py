"""One line about a study, as a job prints it when its trial is finished."""

from collections.abc import Sequence

from simmer.base.words import duration
from simmer.status.estimate import estimate
from simmer.status.progress import StudyProgress


def study_line(study: StudyProgress, scale: Sequence[StudyProgress], *, now_s: float) -> str:
    """Return trials done and wanted, the best validation log-loss, and how much training is left.

    Args:
        study: the study of the trial.
        scale: all studies of its scale, whose trials run in turn.
        now_s: seconds since 1970.
    """
    wanted = study.place.n_trials or len(study.finished)
    ended = {"pruned": study.pruned, "failed": study.failed}
    some = ", ".join(f"{number} {state}" for state, number in ended.items() if number)
    line = f"{study.place.name}: {len(study.finished)} of {wanted} trials done" + (
        f" ({some})" if some else ""
    )
    if study.best is not None and study.best.loss is not None:
        line += f", best {study.best.loss:.4f}"
        line += "" if study.base_rate_loss is None else f" (base rate {study.base_rate_loss:.4f})"
    left_s = estimate(study, scale, now_s=now_s).seconds if study.left else None
    return line if left_s is None else f"{line}; about {duration(left_s)} of training left in this study"
