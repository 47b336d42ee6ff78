"""The command line of a benchmark: --short, the wall time, and calls in a process of their own."""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

NO_MEASUREMENT = "Short form: it checks that the benchmark runs. Its figures are no measurement."


def parser(description: str) -> argparse.ArgumentParser:
    """Return the parser that every benchmark has."""
    arguments = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument(
        "--short",
        action="store_true",
        help="check that the benchmark runs: the same code with the smallest sizes and without peers",
    )
    arguments.add_argument("--apart", help=argparse.SUPPRESS)
    return arguments


def run(
    measure: Callable[[argparse.Namespace], str],
    arguments: argparse.ArgumentParser,
    *,
    apart: Callable[..., Any] | None = None,
) -> None:
    """Measure and print; the last lines are the wall time and the summary that `measure` returns.

    `apart` is what `call_apart` calls in this script.
    """
    chosen = arguments.parse_args()
    if chosen.apart and apart:
        print(json.dumps(apart(*json.loads(chosen.apart))))
        return
    begun_s = time.perf_counter()
    if chosen.short:
        print(NO_MEASUREMENT, flush=True)
    summary = measure(chosen)
    print(f"\ntook {time.perf_counter() - begun_s:.0f} s")
    if chosen.short:
        print(NO_MEASUREMENT)
    print(summary, flush=True)


def call_apart(script: str, *arguments: object, environment: Mapping[str, str] | None = None) -> Any:
    """Call the `apart` function of a benchmark in a separate process; arguments and result pass as JSON."""
    done = subprocess.run(
        [sys.executable, script, "--apart", json.dumps(arguments)],
        stdout=subprocess.PIPE,
        env=os.environ | (environment or {}),
        check=True,
    )
    return json.loads(done.stdout)
