"""Digests of the code and versions of the libraries that computed a result."""

import hashlib
import platform
import re
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from itertools import accumulate
from pathlib import Path

LIBRARIES = ("torch", "numpy", "pandas", "optuna", "TA-Lib")
SCRIPTS = Path(__file__).parents[2]
# Parsing every file would take half a second per job; a test compares this pattern with Python's parser.
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ ]+(simmer[\w.]*)[ ]+import[ ]+(\([^)]*\)|.*)|import[ ]+(simmer[\w.]*))", re.MULTILINE
)


@cache
def code_digest() -> str:
    """Return a SHA-256 (12 digits) of the file names and sources of the whole library."""
    folder = SCRIPTS / "simmer"
    return _digest((path for path in folder.rglob("*") if path.suffix in (".py", ".h", ".cpp")), folder)


@cache
def reached_digest(*scripts: str, folder: Path = SCRIPTS) -> str:
    """Return a SHA-256 (12 digits) of scripts and of every library module that they import, also indirectly.

    Args:
        scripts: file names in `folder`.
        folder: holds the scripts and the library `simmer`.

    Raises:
        FileNotFoundError: when a script does not exist.
    """
    return _digest(reached_files(*scripts, folder=folder), folder)


def reached_files(*scripts: str, folder: Path = SCRIPTS) -> frozenset[Path]:
    """Return the paths of scripts and of every library module that they import, also indirectly."""
    library = {_module_name(path, folder): path for path in (folder / "simmer").rglob("*.py")}
    waiting, reached = {folder / name for name in scripts}, set()
    while waiting:
        path = waiting.pop()
        reached.add(path)
        waiting |= {library[name] for name in _imports(path) & library.keys()} - reached
    return frozenset(reached)


def _module_name(path: Path, folder: Path) -> str:
    return ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")


def _imports(path: Path) -> set[str]:
    """Return the names of all modules that a file may import, and of their parent packages."""
    found = set()
    for origin, names, module in _IMPORT.findall(path.read_text(encoding="utf-8")):
        # A name imported from a package may be one of its modules.
        found |= {f"{origin}.{name}" for name in re.findall(r"\w+", names)}
        # Python runs the __init__.py of every parent package.
        found |= set(accumulate((origin or module).split("."), "{}.{}".format))
    return found


def _digest(paths: Iterable[Path], root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that influence a result."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in LIBRARIES}
