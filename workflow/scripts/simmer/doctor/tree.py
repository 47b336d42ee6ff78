"""All files of a results folder, listed once."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from simmer.base.errors import LedgerError

_SET_ASIDE = re.compile(r".+\.damaged_\d+")


@dataclass(frozen=True, kw_only=True)
class Tree:
    """The content of a folder, sorted.

    Attributes:
        files: all files, without those that are set aside.
        folders: all folders, without those that are set aside.
        set_aside: files and folders that were renamed because they were damaged.
        unreadable: the errors of folders that cannot be listed.
    """

    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    set_aside: tuple[Path, ...]
    unreadable: tuple[OSError, ...]


def read_tree(root: Path) -> Tree:
    """Return the content of a folder; links to folders are followed once.

    Raises:
        LedgerError: when it does not exist, is a file, or cannot be listed.
    """
    if not root.exists():
        raise LedgerError(f"found no folder {root}; expected one with results: give its path")
    if not root.is_dir():
        raise LedgerError(f"found a file at {root}; expected a folder with results: give its path")
    files: list[Path] = []
    folders: list[Path] = []
    set_aside: list[Path] = []
    unreadable: list[OSError] = []
    seen: set[Path] = set()
    for parent, below, names in os.walk(root, onerror=unreadable.append, followlinks=True):
        seen.add(Path(parent).resolve())
        set_aside += [Path(parent, name) for name in (*below, *names) if _SET_ASIDE.fullmatch(name)]
        files += [Path(parent, name) for name in names if not _SET_ASIDE.fullmatch(name)]
        below[:] = [
            name
            for name in below
            if not _SET_ASIDE.fullmatch(name) and Path(parent, name).resolve() not in seen
        ]
        folders += [Path(parent, name) for name in below]
    refused = [error for error in unreadable if error.filename == str(root)]
    if refused:
        raise LedgerError(
            f"cannot read {root}: {refused[0].strerror}; expected a folder with read permission: give it"
        )
    return Tree(
        files=tuple(sorted(files)),
        folders=tuple(sorted(folders)),
        set_aside=tuple(sorted(set_aside)),
        unreadable=tuple(unreadable),
    )
