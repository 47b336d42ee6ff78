"""Choose the cache folder of compiled kernels: the user's own cache, which no other user can write to.

Cached kernels are executed without review. A results folder may come from another person, so none are kept
there.
"""

import atexit
import logging
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from simmer.base.errors import SimmerError

logger = logging.getLogger(__name__)

# Environment variables of the caches of torch.compile and Triton, and the subfolder of each.
_VARIABLES = {"TORCHINDUCTOR_CACHE_DIR": "inductor", "TRITON_CACHE_DIR": "triton"}


def compiled_code_environment(
    environment: Mapping[str, str] = os.environ, *, system: str = sys.platform
) -> dict[str, str]:
    """Return the environment variables of the kernel caches, except those the user has set.

    The folder is created if it is absent. If it cannot be used, a temporary folder is used instead and
    removed when the process ends.

    Args:
        environment: of this process.
        system: a value of `sys.platform`.
    """
    unset = {name: place for name, place in _VARIABLES.items() if not environment.get(name)}
    if not unset:
        return {}
    try:
        folder = compiled_code_home(environment, system=system)
    except (OSError, SimmerError) as error:
        folder = Path(tempfile.mkdtemp(prefix="simmer-compiled-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        problem = f"cannot use {error.filename}: {error.strerror}" if isinstance(error, OSError) else error
        logger.warning("%s; compiled kernels are kept in %s until this run ends", problem, folder)
    return {name: str(folder / place) for name, place in unset.items()}


def compiled_code_home(environment: Mapping[str, str], *, system: str = sys.platform) -> Path:
    """Return the folder of compiled code in the user's own cache; it is created if it is absent.

    Raises:
        SimmerError: if the user has no home folder, or another user may write to the folder.
        OSError: if it cannot be created.
    """
    return private_folder(private_folder(cache_home(environment, system=system) / "simmer") / "compiled")


def cache_home(environment: Mapping[str, str], *, system: str) -> Path:
    """Return the folder of a user's caches: XDG_CACHE_HOME, else ~/.cache, on macOS ~/Library/Caches.

    Raises:
        SimmerError: if the user has no home folder.
    """
    chosen = Path(environment.get("XDG_CACHE_HOME", ""))
    if chosen.is_absolute():  # relative paths are ignored, as in the XDG specification
        return chosen
    try:
        home = Path(environment.get("HOME") or Path.home()).absolute()
    except RuntimeError as error:
        raise SimmerError("found no home folder; expected HOME or XDG_CACHE_HOME to name one") from error
    return home / ("Library/Caches" if system == "darwin" else ".cache")


def private_folder(folder: Path) -> Path:
    """Create a folder that only its owner can read and write, or accept an existing one.

    Raises:
        SimmerError: if it belongs to another user, or another user may write to it.
        OSError: if it cannot be created.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.stat()
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid != os.geteuid() or mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SimmerError(
            f"found {folder} of user {found.st_uid} with mode {mode:04o}; expected a folder of user "
            f"{os.geteuid()} that no other user may write to, because code in it is executed; remove it or "
            "chmod 700 it"
        )
    return folder
