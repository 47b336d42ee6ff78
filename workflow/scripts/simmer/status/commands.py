"""What the command line of a run tells: its targets, its configuration, and how to type it."""

import shlex
from pathlib import PurePath

REPORT = "results/summary.html"
OF_THE_ANSWER = ("results/summary.", "results/evidence.", "results/final/", "results/refits/")


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


def overlays_of(command: str) -> tuple[str, ...]:
    """Return the configuration files that a command line lays over the campaign's own."""
    try:
        words = shlex.split(command)
    except ValueError:
        return ()
    found: list[str] = []
    for number, word in enumerate(words):
        if word in ("--configfile", "--configfiles"):
            for following in words[number + 1 :]:
                if following.startswith("-"):
                    break
                found.append(following)
        elif word.startswith(("--configfile=", "--configfiles=")):
            found.append(word.partition("=")[2])
    return tuple(found)


def targets_of(command: str) -> tuple[str, ...]:
    """Return the files below `results/` that a command line names; none stands for the whole campaign.

    The target `report` is named by the page that it writes.
    """
    words = command.split()
    named = tuple(word for word in words if word.startswith("results/"))
    return (*named, REPORT) if "report" in words else named


def asks_for_the_answer(command: str) -> bool:
    """Tell whether a command line asks for the report, or for something on the way to it."""
    return any(target.startswith(OF_THE_ANSWER) for target in targets_of(command))
