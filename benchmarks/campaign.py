"""Seconds to an equally good winner: a search as people write it, and simmer's, on the same machine.

    make bench-campaign [BENCH_ARGS="--threads 1"]

Both search one day ahead at one scale on the bundled bars, with the same windows, epochs and patience, and as
many trials. The usual search is a transformer of torch's own layers with Optuna's defaults (usual_search.py);
simmer's is its own workflow as it is shipped. The lowest loss of a search is partly luck, so each best trial
so far is trained again from other seeds: the mean is its expected loss. What is finished is stored: end it at
any time and run the same line again.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import command_line
import usual_search
from campaign_training import OurTraining, Recipe, UsualTraining, material
from curve_training import HORIZON_DAYS
from run_store import RunStore
from setting import CORES, ROOT
from side_by_side import run_side_by_side
from simmer.ledger.address import StudyAddress
from simmer.ledger.event_log import append_event, read_events
from simmer.ledger.published_run import published_in
from simmer.ledger.race import Race
from simmer.ledger.results import WHOLE, TrialResult
from simmer.ledger.trial_log import read_trial_log, time_s

FOLDER = ROOT / "bench-campaign"


@dataclass(frozen=True)
class Setting:
    """Both searches: where they are stored, their scale, trials, cores, and trainings of a winner."""

    folder: Path
    scale: str
    trials: int
    threads: int
    members: int

    def overlay(self) -> dict[str, Any]:
        """Return the overlay of the shipped configuration."""
        return {
            "campaign": "bench-campaign",
            "dataset": {"horizons_days": [HORIZON_DAYS]},
            "run_scales": [self.scale],
            "scales": {self.scale: {"n_trials": self.trials}},
            "training": {"device": "cpu", "threads": self.threads},
        }


@dataclass(frozen=True)
class Winner:
    """The best trial of a search when `seconds` of it were over."""

    trial: int
    seconds: float
    loss: float
    recipe: Recipe


def usual_winners(setting: Setting) -> tuple[list[Winner], float]:
    """Run the usual search, or go on with it.

    Returns:
        Each trial that was the best when it ended, and the seconds of the whole search.
    """
    folder = setting.folder / "usual"
    material(setting.scale).write(folder)
    command = [sys.executable, usual_search.__file__, str(folder), str(setting.trials), str(setting.threads)]
    subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": str(setting.threads)}, check=True)
    trials = usual_search.finished(folder)[: setting.trials]
    ends_s = np.cumsum([trial.seconds for trial in trials]).tolist()
    winners = (
        Winner(number, end_s, trial.loss, trial.recipe)
        for number, (trial, end_s) in enumerate(zip(trials, ends_s, strict=True))
    )
    return list(_improving(winners)), ends_s[-1]


def our_winners(setting: Setting) -> list[Winner]:
    """Run simmer's search, or go on with it; return each trial that was the best when it ended.

    The winner of the race is the last one.
    """
    folder = setting.folder / "simmer"
    folder.mkdir(parents=True, exist_ok=True)
    overlay, sittings = folder / "campaign.yaml", folder / "sittings.jsonl"
    overlay.write_text(json.dumps(setting.overlay()), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--directory", str(folder), "--cores", str(setting.threads)]
    command += ["--configfile", str(overlay), "--", f"results/hpo_{setting.scale}.done"]
    append_event(sittings, {"event": "begin"})
    subprocess.run(command, cwd=ROOT, check=True)
    begins_s = [time_s(event) for event in read_events(sittings)]
    study = StudyAddress(scale=setting.scale, horizon_days=HORIZON_DAYS)
    return _published_winners(folder / "results", study, begins_s)


def _published_winners(results: Path, study: StudyAddress, begins_s: Sequence[float]) -> list[Winner]:
    ends_s = {}
    for address in published_in(results):
        events = read_trial_log(results / address.published("jsonl")).events
        ends_s[address] = time_s(events[-1])

    def winner(trial: TrialResult, end_s: float) -> Winner:
        spent_s = seconds_until(end_s, begins_s, ends_s.values())
        return Winner(trial.trial, spent_s, trial.loss, dict(trial.hyperparameters))

    trials = {
        address.number: TrialResult.read(results / address.published("json"))
        for address in ends_s
        if address.purpose == "trial"
    }
    found = [winner(trial, ends_s[trial.address]) for trial in trials.values() if trial.state in WHOLE]
    last = trials[Race.read(results / study.standings).winner.trial]
    return [*_improving(found), winner(last, max(ends_s.values()))]


def _improving(winners: Iterable[Winner]) -> Iterator[Winner]:
    best = np.inf
    for one in winners:
        if one.loss < best:
            best = one.loss
            yield one


def seconds_until(moment_s: float, begins_s: Sequence[float], ends_s: Iterable[float]) -> float:
    """Return the seconds of work until a moment: of each sitting those to the end of its last run.

    Args:
        moment_s: seconds since 1970, like the others.
        begins_s: of the sittings, ascending.
        ends_s: of finished runs.
    """
    ends_s = [end_s for end_s in ends_s if end_s <= moment_s]
    spent_s = 0.0
    for begin_s, next_s in itertools.pairwise([*begins_s, np.inf]):
        spent_s += max((end_s - begin_s for end_s in ends_s if begin_s <= end_s < next_s), default=0.0)
    return spent_s


def members_losses(
    kind: type[UsualTraining] | type[OurTraining], winner: Winner, setting: Setting, store: RunStore
) -> list[float]:
    """Return the losses of a winner's members, trainings from other seeds, and store what was missing."""
    jobs = [kind(setting.scale, winner.recipe, seed) for seed in range(setting.members)]
    missing = [job for job in jobs if store.result(job) is None]
    for job, result in run_side_by_side(missing, processes=setting.threads):
        store.keep(job, result)
    return [store.result(job)["loss"] for job in jobs]


def print_winners(name: str, winners: Iterable[tuple[Winner, Sequence[float]]]) -> None:
    """Print each best trial so far of a search: its own loss, and mean and deviation of its members'."""
    for one, losses in winners:
        deviation = f"{np.std(losses, ddof=1):.4f}" if len(losses) > 1 else "?"
        print(
            f"| {name} | {one.trial} | {one.seconds:.0f} | {one.loss:.4f} "
            f"| {np.mean(losses):.4f} | {deviation} |",
            flush=True,
        )


def compare(setting: Setting) -> str:
    """Run both searches, compute expected losses, print the table and return the summary."""
    store = RunStore(setting.folder / "members.jsonl")
    (usual, whole_s), ours = usual_winners(setting), our_winners(setting)
    rows = {
        "usual": [(one, members_losses(UsualTraining, one, setting, store)) for one in usual],
        "simmer": [(one, members_losses(OurTraining, one, setting, store)) for one in ours],
    }
    print(f"\n{setting.scale}: {setting.trials} trials, {setting.threads} cores, {setting.members} members\n")
    print("| search | best trial so far | seconds | its loss | expected loss | deviation of seeds |")
    print("|---|---|---|---|---|---|")
    for name, found in rows.items():
        print_winners(name, found)
    aim = float(np.mean(rows["usual"][-1][1]))
    usual_s, ours_s = (seconds_to(aim, found) for found in rows.values())
    return (
        f"aim={aim:.4f} usual_s={usual_s:.0f} simmer_s={ours_s:.0f} ratio={usual_s / ours_s:.1f} "
        f"whole_usual_s={whole_s:.0f} whole_simmer_s={ours[-1].seconds:.0f}"
    )


def seconds_to(aim: float, found: Sequence[tuple[Winner, Sequence[float]]]) -> float:
    """Return the seconds until the best trial so far is expected to reach a loss; infinite if none does."""
    return next((one.seconds for one, losses in found if np.mean(losses) <= aim), np.inf)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    arguments = command_line.parser(__doc__)
    arguments.add_argument("--scale", default="2M")
    arguments.add_argument("--trials", type=int, default=50)
    arguments.add_argument("--threads", type=int, default=CORES, help="cores of a trial, in both searches")
    arguments.add_argument(
        "--members", type=int, default=5, help="trainings that an expected loss is the mean of"
    )
    arguments.add_argument("--folder", type=Path, default=FOLDER, help="where both searches are stored")
    return arguments


def measure(chosen: argparse.Namespace) -> str:
    """Do what the command line asks for; return the summary."""
    if chosen.short:
        with tempfile.TemporaryDirectory() as folder:
            return compare(Setting(Path(folder), "debug", trials=2, threads=1, members=1))
    return compare(
        Setting(chosen.folder.resolve(), chosen.scale, chosen.trials, chosen.threads, chosen.members)
    )


if __name__ == "__main__":
    command_line.run(measure, parser())
