"""Where compiled kernels are kept: in the user's own cache, which no other user can write to.

Kernels in a cache are run unseen, and a results folder may come from someone else, so none are kept there.
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

# The caches of torch.compile and of Triton, and the folder of each.
_VARIABLES = {"TORCHINDUCTOR_CACHE_DIR": "inductor", "TRITON_CACHE_DIR": "triton"}


def compiled_code_environment(
    environment: Mapping[str, str] = os.environ, *, system: str = sys.platform
) -> dict[str, str]:
    """Return the variables that name where compiled kernels are kept; what the user has set is left out.

    The folder is made when it is absent. Where it cannot be used, a folder of this process alone takes its
    place, which is removed when the process ends.

    Args:
        environment: of this process.
        system: as `sys.platform` names it.
    """
    unset = {name: place for name, place in _VARIABLES.items() if not environment.get(name)}
    if not unset:
        return {}
    try:
        folder = private_folder(cache_home(environment, system=system) / "simmer") / "compiled"
        private_folder(folder)
    except (OSError, SimmerError) as error:
        folder = Path(tempfile.mkdtemp(prefix="simmer-compiled-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        logger.warning("%s; compiled kernels are kept in %s until this run ends", error, folder)
    return {name: str(folder / place) for name, place in unset.items()}


def cache_home(environment: Mapping[str, str], *, system: str) -> Path:
    """Return the folder of a user's caches: XDG_CACHE_HOME, else ~/.cache, on macOS ~/Library/Caches.

    Raises:
        SimmerError: when the user has no home folder.
    """
    chosen = Path(environment.get("XDG_CACHE_HOME", ""))
    if chosen.is_absolute():  # the XDG specification has a relative one ignored
        return chosen
    try:
        home = Path(environment.get("HOME") or Path.home()).absolute()
    except RuntimeError as error:
        raise SimmerError("found no home folder; expected HOME or XDG_CACHE_HOME to name one") from error
    return home / ("Library/Caches" if system == "darwin" else ".cache")


def private_folder(folder: Path) -> Path:
    """Make a folder that only its owner can read and write, or accept the one that is there.

    Raises:
        SimmerError: when it belongs to another user, or another user may write to it.
        OSError: when it cannot be made.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.stat()
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid != os.geteuid() or mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SimmerError(
            f"{folder} belongs to user {found.st_uid} with mode {mode:04o}; expected a folder of user "
            f"{os.geteuid()} that no other user may write to, because code in it is run: remove it or "
            "chmod 700 it"
        )
    return folder
