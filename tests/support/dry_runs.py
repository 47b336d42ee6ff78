"""Fast dry runs: a server imports Snakemake once and forks for each run.

Run as a program, it reads command lines from standard input, one JSON list a line.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from support.configs import ROOT


@dataclass(frozen=True)
class DryRun:
    """Exit status and output of a dry run."""

    status: int
    text: str

    def refused(self) -> "DryRun":
        """Fail with the output unless the exit status is 1 and no traceback was printed."""
        assert self.status == 1, self.text
        assert "Traceback" not in self.text, self.text
        return self


def dry_run(
    folder: Path,
    *arguments: str,
    configfile: Path | None = None,
    snakefile: Path = ROOT / "Snakefile",
) -> DryRun:
    """Return the result of `snakemake -n` with these arguments in a folder."""
    shared = ["-s", str(snakefile), "--directory", str(folder)]
    shared += ["--configfile", str(configfile)] if configfile else []
    server = _server()
    server.stdin.write(json.dumps([*shared, "--cores", "1", "-n", *arguments]) + "\n")
    server.stdin.flush()
    return DryRun(**json.loads(server.stdout.readline()))


@cache
def _server() -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, __file__],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def end_server() -> None:
    """End the server, if one was started."""
    if _server.cache_info().currsize:
        _server().communicate()  # it ends with its standard input
        _server.cache_clear()


def _answer(arguments: Sequence[str]) -> dict[str, object]:
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            # An exception ends the fork with the same message and status as the program.
            sys.argv = ["snakemake", *arguments]
            snakemake.cli.main(list(arguments))
            sys.exit(0)
        _, status = os.waitpid(child, 0)
        output.seek(0)
        text = output.read().decode(errors="replace")
    return {"status": os.waitstatus_to_exitcode(status), "text": text}


if __name__ == "__main__":
    import snakemake.cli  # shared by all forks

    for line in iter(sys.stdin.readline, ""):
        sys.stdout.write(json.dumps(_answer(json.loads(line))) + "\n")
        sys.stdout.flush()
