"""Parse the command line of a run: its targets, and how to type it."""

import shlex
from pathlib import PurePath

REPORT = "results/summary.html"
REPORT_TARGETS = ("results/summary.", "results/evidence.", "results/final/", "results/refits/")


def typed(command: str) -> str:
    """Return a command line as a person types it in the repository: `.venv/bin/...`."""
    try:
        program, *rest = shlex.split(command)
    except ValueError:
        return command
    parts = PurePath(program).parts
    words = [program]
    if parts[-3:-1] == (".venv", "bin"):
        words = ["/".join(parts[-3:])]
    elif parts[-1:] == ("__main__.py",):
        words = ["python", "-m", parts[-2]]
    return shlex.join([*words, *rest])


def targets_of(command: str) -> tuple[str, ...]:
    """Return the targets below `results/` on a command line; an empty tuple means the whole campaign.

    The target `report` is returned as the page it writes.
    """
    words = command.split()
    named = tuple(word for word in words if word.startswith("results/"))
    return (*named, REPORT) if "report" in words else named


def asks_for_report(command: str) -> bool:
    """Return True if a command line has the report, or one of its inputs, as a target."""
    return any(target.startswith(REPORT_TARGETS) for target in targets_of(command))
