"""List files that nothing needs any more."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from simmer.doctor.published import Published
from simmer.doctor.studies import CheckedStudy
from simmer.doctor.tree import Tree
from simmer.ledger.address import purpose_of
from simmer.status.holders import RunningProcess, running_process

_TEMPORARY = re.compile(r"\..+\.(\d+)\.tmp")
_OF_SAFETENSORS = ".tmp"
_OF_TRAINING = ("checkpoint", "predictions")
# A file's time and a process's start may differ by this much.
_CLOCK_SLACK_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Leftovers:
    """Left-over files, by kind.

    Attributes:
        temporary: temporary files of processes that have ended.
        set_aside: damaged files and folders that were renamed.
        trained: checkpoints and predictions of finished runs, which only their training needed.
        unknown: published results of studies that the ledger does not have.
    """

    temporary: tuple[Path, ...]
    set_aside: tuple[Path, ...]
    trained: tuple[Path, ...]
    unknown: tuple[Path, ...]


def find_leftovers(
    tree: Tree,
    studies: Sequence[CheckedStudy],
    published: Published,
    *,
    elsewhere: bool = False,
    find: Callable[[int], RunningProcess | None] = running_process,
) -> Leftovers:
    """Return the left-over files of a results folder.

    Args:
        tree: its content.
        studies: all checked studies.
        published: its published results.
        elsewhere: True if the last run was on another machine, whose processes are not known here.
        find: finds a process by its number.
    """
    runs = {run.files.folder: run for study in studies for run in study.runs}
    temporary, trained = [], []
    for path in tree.files:
        run, match = runs.get(path.parent), _TEMPORARY.fullmatch(path.name)
        if match is not None:
            temporary += [] if elsewhere or _is_open(path, int(match[1]), find) else [path]
        elif purpose_of(path.parent.name) and path.name.startswith(_OF_SAFETENSORS):
            in_use = run is None or (run.holder is not None and run.holder.alive is not False)
            temporary += [] if in_use else [path]
        elif run is not None and run.finished and path.name.startswith(_OF_TRAINING):
            trained.append(path)
    return Leftovers(
        temporary=tuple(temporary),
        set_aside=tree.set_aside,
        trained=tuple(trained),
        unknown=tuple(path for path, files in published.whole.items() if files.folder not in runs),
    )


def _is_open(path: Path, pid: int, find: Callable[[int], RunningProcess | None]) -> bool:
    """Return True if the process may still write the file; a later process may have the same number."""
    process = find(pid)
    try:
        return process is not None and process.started_s <= path.stat().st_mtime + _CLOCK_SLACK_S
    except OSError:
        return True
