"""Many dry runs for the price of one start: Snakemake is imported once, and each run is a fork of it.

Run as a program with command lines as JSON on standard input; the answers are JSON on standard output.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import snakemake.cli  # what all forks share

from support.configs import ROOT


@dataclass(frozen=True)
class DryRun:
    """How a dry run ended, and what it printed."""

    status: int
    text: str


def dry_runs(
    folder: Path, command_lines: Sequence[Sequence[str]], snakefile: Path = ROOT / "Snakefile"
) -> list[DryRun]:
    """Return what `snakemake -n` answers to command lines, one after the other in the same folder."""
    shared = ["-s", str(snakefile), "--directory", str(folder), "--cores", "1", "-n"]
    done = subprocess.run(
        [sys.executable, __file__],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        input=json.dumps([shared + list(arguments) for arguments in command_lines]),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [DryRun(**answer) for answer in json.loads(done.stdout)]


def _answer(arguments: list[str]) -> dict[str, object]:
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            # Whatever it raises ends the fork as it would end the program: a message, a traceback, a status.
            sys.argv = ["snakemake", *arguments]
            snakemake.cli.main(arguments)
            sys.exit(0)
        _, status = os.waitpid(child, 0)
        output.seek(0)
        text = output.read().decode(errors="replace")
    return {"status": os.waitstatus_to_exitcode(status), "text": text}


if __name__ == "__main__":
    json.dump([_answer(arguments) for arguments in json.load(sys.stdin)], sys.stdout)
