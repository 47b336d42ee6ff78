"""Compile, keep and load the kernels of the folder `native`.

They lie in the user's own cache, as all compiled code does, one file for each version of source, torch and
processor. Without a compiler training uses torch's own operators.
"""

import logging
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import torch

from simmer.base.errors import SimmerError
from simmer.base.files import sha256_of_bytes
from simmer.base.locks import lock_after_waiting
from simmer.base.logs import PROGRESS
from simmer.machine.processor import processor_features
from simmer.training.compiled_code import compiled_code_home, private_folder

SOURCES = Path(__file__).with_name("native")
COMPILERS = ("c++", "g++", "clang++")
# Without the last three a loop with a division or a choice is not vectorised; none of them reorders sums.
FLAGS = (
    *("-shared", "-fPIC", "-std=c++20", "-O3", "-march=native", "-fopenmp"),
    *("-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros"),
)
COMPILE_S = 600.0  # a compiler that hangs must not stop a campaign

logger = logging.getLogger(__name__)


def kernels_are_loaded() -> bool:
    """Load the kernels, which are compiled first if need be; return False where they cannot be used."""
    return kernels_problem() is None


@cache
def kernels_problem() -> str | None:
    """Load the kernels, which are compiled first if need be; return why they cannot be used, or None."""
    try:
        torch.ops.load_library(str(compiled(os.environ)))
    except (OSError, SimmerError) as error:
        logger.info("trains with torch's own operators, because simmer's kernels cannot be used: %s", error)
        return str(error)
    return None


def compiled(environment: Mapping[str, str]) -> Path:
    """Return the file of the compiled kernels, and compile them if it is missing: half a minute, once.

    What a compiler failed with is kept beside it, so that it is not called again.

    Args:
        environment: of this process; `CXX` names a compiler.

    Raises:
        SimmerError: when there is no compiler, it fails, or the cache must not be used.
        OSError: when a file cannot be written.
    """
    folder = private_folder(compiled_code_home(environment) / "kernels")
    found = folder / f"{_digest()}.so"
    if found.exists():
        return found
    command = _command(environment)
    failed = folder / f"{found.stem}_{sha256_of_bytes(shlex.join(command).encode())[:8]}.failed"
    with lock_after_waiting(
        folder / "compiling.lock",
        on_wait=lambda holder: logger.info("waiting for %s, which compiles the kernels", holder),
        should_stop=found.exists,
    ):
        if failed.exists():
            raise SimmerError(f"{failed.read_text()} (remove {failed} to try again)")
        return found if found.exists() else _compile(command, found, failed)


def _compile(command: list[str], found: Path, failed: Path) -> Path:
    logger.log(PROGRESS, "compiling simmer's kernels, once on this machine: about half a minute")
    aside = found.parent / "compiling"
    shutil.rmtree(aside, ignore_errors=True)  # of a process that was killed
    aside.mkdir()
    made = aside / "kernels.so"
    problem = None
    try:
        ended = subprocess.run(
            [*command, str(SOURCES / "kernels.cpp"), "-o", str(made), *_libraries()],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMPILE_S,
            check=False,
        )
        if ended.returncode != 0:
            problem = f"{command[0]} failed: {_first_error(ended.stderr)}"
    except subprocess.TimeoutExpired:
        problem = f"{command[0]} took more than {COMPILE_S:.0f} s; expected half a minute"
    if problem is not None:
        failed.write_text(problem)
        raise SimmerError(problem)
    made.replace(found)
    aside.rmdir()
    return found


def _command(environment: Mapping[str, str]) -> list[str]:
    candidates = [shlex.split(environment.get("CXX", "")), *([name] for name in COMPILERS)]
    compiler = next((words for words in candidates if words and shutil.which(words[0])), None)
    if compiler is None:
        raise SimmerError(
            f"found no C++ compiler; expected one of {', '.join(COMPILERS)}: install one (Debian and "
            "Ubuntu: g++)"
        )
    include = Path(torch.__file__).with_name("include")
    abi = int(torch.compiled_with_cxx11_abi())
    folders = [f"-I{include}", f"-I{include / 'torch/csrc/api/include'}"]
    return [*compiler, *FLAGS, f"-D_GLIBCXX_USE_CXX11_ABI={abi}", *folders]


def _libraries() -> list[str]:
    folder = Path(torch.__file__).with_name("lib")
    return [f"-L{folder}", "-ltorch_cpu", "-lc10", f"-Wl,-rpath,{folder}"]


def _digest() -> str:
    # Of the processor, too: a home folder may be shared by several machines.
    sources = (path.read_bytes() for path in sorted(SOURCES.glob("*.[hc]*")))
    parts = *sources, shlex.join(FLAGS).encode(), torch.__version__.encode(), processor_features()
    return sha256_of_bytes(b"\0".join(parts))[:16]


def _first_error(text: str) -> str:
    return next((line for line in text.splitlines() if "error" in line), text.strip()[:200] or "no message")
