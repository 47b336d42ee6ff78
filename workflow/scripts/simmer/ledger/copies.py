"""Records kept in two copies: read the whole one, and write the damaged one again from it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from simmer.base.errors import DamagedError
from simmer.base.files import user_facing_os_errors
from simmer.base.records import read_record, write_record

Values = dict[str, Any]
# Returns the values of one copy, or None if there is none; raises `DamagedError` if it is damaged.
Read = Callable[[], Values | None]

logger = logging.getLogger(__name__)

ADVICE = "run the same command again: it is restored from its copy, or what it records is computed again"


def reader(path: Path, *, digest: bool, check: Callable[[Values], object] | None = None) -> Read:
    """Return the function that reads the copy at `path`.

    Args:
        path: the file.
        digest: True to refuse a record without a digest.
        check: raises `DamagedError` for values of the wrong shape.
    """

    def read() -> Values | None:
        values = read_record(path, advice=ADVICE, digest=digest)
        if check is not None and values is not None:
            check(values)
        return values

    return read


def both(path: Path) -> tuple[Path, Path]:
    """Return the paths of the two copies of a record that nothing publishes."""
    return path, path.with_suffix(f".copy{path.suffix}")


def write_both(path: Path, values: Mapping[str, Any]) -> None:
    """Write both copies of a record, one after the other."""
    for copy in both(path):
        write_record(copy, values)


def first_whole(reads: Sequence[Read]) -> Values | None:
    """Return the values of the first whole copy; None if there is no copy.

    Raises:
        DamagedError: of the first copy, when there are copies and none is whole.
    """
    problem = None
    for read in reads:
        try:
            values = read()
        except DamagedError as error:
            problem = problem or error
        else:
            if values is not None:
                return values
    if problem is not None:
        raise problem
    return None


def if_whole(read: Read) -> Values | None:
    """Return the values of a copy; None if it is absent or damaged."""
    try:
        return read()
    except DamagedError:
        return None


def problems(copies: Mapping[Path, Read]) -> dict[Path, str]:
    """Return what is wrong with each copy at these paths that is damaged or missing, without advice."""
    found = {}
    for path, read in copies.items():
        try:
            if read() is None:
                found[path] = f"found no {path}"
        except DamagedError as error:
            found[path] = error.problem
    return found


def restore(copies: Mapping[Path, Read], *, others: Sequence[Read] = ()) -> None:
    """Write the copies at these paths that are damaged or missing, and log each.

    Args:
        copies: the paths to write, each with its reading function.
        others: reading functions of further copies.

    Raises:
        DamagedError: when there are copies and none is whole.
    """
    values = first_whole([*copies.values(), *others])
    if values is None:
        return
    for path, problem in problems(copies).items():
        if path.exists():
            set_aside(path)
        write_record(path, values)
        logger.warning("%s: written again from its copy", problem)


def set_aside(path: Path) -> Path:
    """Rename a damaged file or folder, so that nothing is lost, and return its new path."""
    names = (path.with_name(f"{path.name}.damaged_{number}") for number in count(1))
    aside = next(name for name in names if not name.exists())
    with user_facing_os_errors(path):
        return path.rename(aside)
