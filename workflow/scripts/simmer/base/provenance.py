"""What code and which libraries made a result."""

import hashlib
import platform
from functools import cache
from importlib import metadata
from pathlib import Path

LIBRARIES = ("torch", "numpy", "pandas", "optuna", "TA-Lib")


@cache
def code_digest(*packages: str) -> str:
    """Return a SHA-256 (12 digits) over the sources of some packages, or of all; names are included."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for path in sorted(path for name in packages or (".",) for path in (root / name).rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that shape a result."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in LIBRARIES}
