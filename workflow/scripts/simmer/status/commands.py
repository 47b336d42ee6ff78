"""What the command line of a run tells: its targets, its configuration, and how to type it."""

import re
import shlex
from pathlib import PurePath


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
    """Return the files below `results/` that a command line names; none stands for the whole campaign."""
    return tuple(word for word in command.split() if word.startswith("results/"))


def asks_for_searches_only(command: str) -> bool:
    """Tell whether a command line names the searches of single scales and nothing that follows from them."""
    targets = targets_of(command)
    return bool(targets) and all(re.fullmatch(r"results/hpo_[^/]+\.done", target) for target in targets)
