"""Time of a trial's job without training: interpreter, imports, data, sensors, Snakemake.

    make bench-jobs

Run the debug scale in a temporary folder, twice: trained, and republished from the ledger. Print seconds per
job, medians over all trials, and the seconds of each import on its own.
"""

import argparse
import csv
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import command_line

ROOT = Path(__file__).parents[1]
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
TARGET = "results/hpo_debug.done"
ONE_HORIZON = {"dataset": {"horizons_days": [1]}}
IMPORTS = (
    "numpy",
    "pandas",
    "optuna",
    "torch",
    "simmer.config.campaign",
    "simmer.runs.guarded",
    "snakemake.script",
)


def run_scale(folder: Path, *options: str | Path) -> float:
    """Run the debug scale in `folder`; return the seconds it took."""
    command = [SNAKEMAKE, "-s", ROOT / "Snakefile", "--directory", folder, "--cores", "1", *options]
    start = time.perf_counter()
    done = subprocess.run([*command, "--", TARGET], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"found status {done.returncode} of snakemake, expected 0:\n{done.stderr}")
    return time.perf_counter() - start


def seconds_without_training(folder: Path) -> tuple[list[float], list[float]]:
    """Return, for all trials, the seconds of the job without training and the seconds of training."""
    overheads, training = [], []
    for path in sorted((folder / "results/hpo/debug").glob("h*/trial_*.json")):
        with (folder / "results/benchmarks/hpo_debug" / path.parent.name / f"{path.stem}.tsv").open() as file:
            job_s = float(next(csv.DictReader(file, delimiter="\t"))["s"])
        train_s = json.loads(path.read_text())["train_s"]
        overheads.append(job_s - train_s)
        training.append(train_s)
    return overheads, training


def import_s(module: str, repeats: int) -> float:
    """Return the median seconds to start an interpreter and import one module."""
    program = f"import sys; sys.path.insert(0, {str(ROOT / 'workflow/scripts')!r}); import {module}"
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], check=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measure(chosen: argparse.Namespace) -> str:
    """Measure and print; return the summary."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        overlay = folder / "overlay.json"
        overlay.write_text(json.dumps(ONE_HORIZON))
        short = ("--configfile", overlay) if chosen.short else ()
        first_s = run_scale(folder, *short)
        overheads, training = seconds_without_training(folder)
        nothing_s = run_scale(folder, *short)
        again_s = run_scale(folder, *short, "--forcerun", "hpo_debug")
    print(f"whole debug scale, trained             {first_s:6.2f} s for {len(overheads)} trials")
    print(f"the same command again, nothing to do  {nothing_s:6.2f} s")
    print(f"republished from the ledger            {again_s:6.2f} s")
    print(f"training of a trial, median            {statistics.median(training):6.2f} s")
    for module in IMPORTS:
        print(f"import {module:30s}  {import_s(module, 1 if chosen.short else 3):6.2f} s")
    return f"without_training_s={statistics.median(overheads):.2f} republish_s={again_s / len(overheads):.2f}"


if __name__ == "__main__":
    command_line.run(measure, command_line.parser(__doc__))
