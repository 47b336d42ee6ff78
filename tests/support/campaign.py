"""A campaign folder in which tests run Snakemake and kill its processes."""

import csv
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import yaml

from simmer.ledger.table import MACHINE_COLUMNS
from support.configs import ROOT, default_config, merge
from support.dry_runs import DryRun, dry_run

# Ends a test that hangs; on a busy machine seconds of work may take minutes.
TIMEOUT_S = 600

# Trials of a few seconds on real bars, with a simulated temperature sensor.
SMALL = {
    "data": {"tickers": [{"ticker": "GSPC", "kind": "index"}]},
    "dataset": {"horizons_days": [1]},
    "run_scales": ["debug"],
    "scales": {
        "debug": {
            "budget_parameters": 10_000,
            "n_trials": 3,
            "epochs_max": 5,
            "space": {"depth": {"low": 1, "high": 2}, "batch_size": {"values": [128, 256]}},
            "default": {"depth": 1, "batch_size": 256},
        }
    },
    "search": {"startup_trials": 2, "race": None},
    # One layout is possible, so that two campaigns compute the same numbers.
    "training": {
        "device": "cpu",
        "precision": "fp32",
        "threads": 1,
        "kernels": "simmer" if sys.platform == "linux" and shutil.which("c++") else "torch",
        "checkpoint_interval_s": 0,
    },
    "thermal": {
        "sample_period_s": 0.1,
        "confirm_readings": 2,
        "cooldown_timeout_s": 1,
        "sysfs_root": "sysfs",
    },
    "hardware_log": {"interval_s": 0.5},
}
DONE = "results/hpo_debug.done"
FINISHED = "Finish: all requested files are written"


class Campaign:
    """A campaign folder with its configuration, run with the Snakefile of this repository."""

    def __init__(self, folder: Path, *overlays: Mapping[str, Any], repository: Path = ROOT) -> None:
        self.folder, self.repository, self.outputs = folder, repository, folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config: dict[str, Any] = {}
        self.runs: list[Run] = []
        self.configure(*overlays)
        if not (folder / "sysfs").exists():
            self.heat_to(45)

    # ---- actions of a user ------------------------------------------------------------------

    def configure(self, *overlays: Mapping[str, Any]) -> None:
        """Merge overlays into the configuration and write its file."""
        for overlay in overlays:
            merge(self.config, overlay)
        (self.folder / "campaign.yaml").write_text(yaml.safe_dump(self.config))

    def command(self, *arguments: str) -> list[str]:
        """Return the command a user would type, `--cores 1` included."""
        return [
            *(sys.executable, "-m", "snakemake", "-s", str(self.repository / "Snakefile")),
            *("--directory", str(self.folder), "--configfile", str(self.folder / "campaign.yaml")),
            *("--cores", "1", *arguments),
        ]

    def start(self, *arguments: str, prefix: Iterable[str] = ()) -> "Run":
        """Start Snakemake in a new session, as a terminal does."""
        number = len(self.runs) + 1
        output = self.outputs / f"output_{number}_{os.getpid()}.txt"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [*prefix, *self.command(*arguments)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.runs.append(Run(process, output))
        return self.runs[-1]

    def run(self, *arguments: str, prefix: Iterable[str] = ()) -> "Run":
        """Run Snakemake to its end."""
        run = self.start(*(arguments or (DONE,)), prefix=prefix)
        run.wait()
        return run

    def plan(self, *arguments: str) -> Counter[str]:
        """Return the number of planned jobs of each rule, from a dry run."""
        run = self.dry_run(*arguments)
        assert run.status == 0, run.text
        return planned_jobs(run.text)

    def dry_run(self, *arguments: str) -> DryRun:
        """Return status and output of a dry run, without a new start of Snakemake."""
        return dry_run(self.folder, *arguments, configfile=self.folder / "campaign.yaml")

    def heat_to(self, celsius: float) -> None:
        """Set the temperature of the sensor in the campaign's own sysfs."""
        chip = self.folder / "sysfs" / "class" / "hwmon" / "hwmon0"
        chip.mkdir(parents=True, exist_ok=True)
        for name, text in (
            ("name", "k10temp"),
            ("temp1_label", "Tdie"),
            ("temp1_input", str(int(celsius * 1000))),
        ):
            aside = chip / f".{name}"
            aside.write_text(text + "\n")
            aside.replace(chip / name)

    def copy_to(self, folder: Path, *overlays: Mapping[str, Any]) -> "Campaign":
        """Return a copy of the whole folder, including file times and Snakemake's metadata."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("output_*.txt"))
        return Campaign(folder, self.config, *overlays)

    def forget(self, *numbers: int) -> None:
        """Remove all traces of trials, and of the tables made from them."""
        for number in numbers:
            shutil.rmtree(self.trial(number))
            for path in (self.folder / "results/hpo/debug/h1").glob(f"trial_{number:03d}.*"):
                path.unlink()
        for name in (DONE, "results/hpo/debug/trials.csv", "results/hpo/debug/best.json"):
            (self.folder / name).unlink(missing_ok=True)

    # ---- files ------------------------------------------------------------------------------

    @property
    def trials(self) -> list[Path]:
        """The ledger folders of all trials of all studies."""
        found = (self.folder / "results" / "ledger").glob("*/*/*/trial_*")
        return sorted(path for path in found if path.is_dir())

    def trial(self, number: int) -> Path:
        """Return the ledger folder of trial `number`; there must be one study only."""
        found = [path for path in self.trials if path.name == f"trial_{number:03d}"]
        assert len(found) == 1, f"trial {number} is in the ledger {len(found)} times"
        return found[0]

    def events(self, number: int, kind: str | None = None) -> list[dict[str, Any]]:
        """Return the events of a trial, all or those of one kind; a torn last line is left out."""
        path = self.trial(number) / "events.jsonl"
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        events = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in events if kind in (None, event["event"])]

    def result(self, number: int) -> dict[str, Any]:
        """Return the published result of a trial."""
        return json.loads((self.folder / f"results/hpo/debug/h1/trial_{number:03d}.json").read_text())

    def published_log(self, number: int) -> list[dict[str, Any]]:
        """Return the lines of a trial's published log."""
        path = self.folder / f"results/hpo/debug/h1/trial_{number:03d}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]

    def starts(self) -> dict[str, int]:
        """Return how often each trial was started, by its path in the ledger."""
        return self._count("start")

    def republishes(self) -> dict[str, int]:
        """Return how often each trial was republished, by its path in the ledger."""
        return self._count("republish")

    def table(self) -> list[dict[str, str]]:
        """Return trials.csv without the columns that depend on the machine and the clock."""
        with (self.folder / "results/hpo/debug/trials.csv").open() as file:
            rows = list(csv.DictReader(file))
        return [
            {column: value for column, value in row.items() if column not in MACHINE_COLUMNS} for row in rows
        ]

    def checkpoint_step(self, number: int) -> int:
        """Return the step of a trial's newest checkpoint, 0 where there is none."""
        files = self.checkpoints(number)
        return int(files[0].split("_")[1]) if files else 0

    def checkpoints(self, number: int) -> list[str]:
        """Return the names of a trial's checkpoints, newest first."""
        found = [path for path in self.trials if path.name == f"trial_{number:03d}"]
        names = [path.name for folder in found for path in folder.glob("checkpoint_*.safetensors")]
        return sorted(names, reverse=True)

    def trainer_pid(self, number: int) -> int:
        """Return the process id in a trial's lock."""
        lock = self.folder / f"results/ledger/locks/debug/h1/trial_{number:03d}.lock"
        return json.loads(lock.read_text())["pid"]

    # ---- progress ---------------------------------------------------------------------------

    def started(self, number: int, times: int = 1) -> bool:
        """True if a trial was started at least `times` times."""
        known = any(path.name == f"trial_{number:03d}" for path in self.trials)
        return known and len(self.events(number, "start")) >= times

    def in_epoch(self, number: int, epoch: int) -> bool:
        """True if a trial has finished the epoch before `epoch`."""
        return self.started(number) and len(self.events(number, "epoch")) >= epoch - 1

    # ---- processes --------------------------------------------------------------------------

    def kill_everything(self) -> None:
        """SIGKILL every process of every session started here, including orphans."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        wait_until(lambda: not self.processes(), "all processes to end")
        for run in self.runs:
            run.wait()

    def processes(self) -> list[psutil.Process]:
        """Return the living processes of all sessions started here."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return (
                os.getsid(process.pid) in {run.pid for run in self.runs}
                and process.status() != psutil.STATUS_ZOMBIE
            )
        except (ProcessLookupError, psutil.NoSuchProcess):
            return False

    def _count(self, kind: str) -> dict[str, int]:
        counts = {}
        for folder in self.trials:
            lines = (folder / "events.jsonl").read_text().splitlines()
            name = folder.relative_to(self.folder / "results" / "ledger").as_posix()
            counts[name] = sum(json.loads(line)["event"] == kind for line in lines)
        return counts


class Run:
    """One Snakemake process and its output so far."""

    def __init__(self, process: subprocess.Popen, output: Path) -> None:
        self.process, self.output = process, output

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def text(self) -> str:
        """Standard output and error together."""
        return self.output.read_text(errors="replace")

    @property
    def status(self) -> int | None:
        """The exit status, None while it runs."""
        return self.process.poll()

    def wait(self) -> int:
        """Wait for the end and return the exit status."""
        try:
            return self.process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {TIMEOUT_S} s:\n{self.text}") from None

    def wait_at_most(self, seconds: float) -> None:
        """Wait for the end of the run, at most for this time."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)

    def until(self, condition: Callable[[], Any], what: str) -> None:
        """Wait for a condition while the process runs."""
        wait_until(lambda: condition() or self.status is not None, what)
        assert condition(), f"ended with status {self.status} before {what}:\n{self.text}"

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to Snakemake and its jobs, as the terminal and `kill -- -pgid` do."""
        os.killpg(self.pid, number)

    def succeeded(self) -> "Run":
        """Wait for the end, and fail with the output unless the exit status is 0."""
        assert self.wait() == 0, self.text
        return self

    def failed(self) -> "Run":
        """Wait for the end, and fail with the output if the exit status is 0 or a traceback was printed."""
        assert self.wait() != 0, self.text
        assert "Traceback" not in self.text, self.text
        return self


def without_client(folder: Path) -> list[str]:
    """Return the start of a command line under which the vendor's client cannot be imported."""
    site = folder / "site"
    site.mkdir()
    (site / "yfinance.py").write_text("raise RuntimeError('imported unasked')\n")
    return ["env", f"PYTHONPATH={os.pathsep.join([str(site), os.environ.get('PYTHONPATH', '')])}"]


def wait_until(condition: Callable[[], Any], what: str, timeout_s: float = TIMEOUT_S) -> None:
    """Poll until a condition holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s} s for {what}"
        time.sleep(0.02)


def planned_jobs(text: str) -> Counter[str]:
    """Return the table `Job stats:` of a dry run; empty if no job is planned."""
    if "Job stats:" not in text:
        return Counter()
    table = text.split("Job stats:\n", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    jobs = Counter({rule: int(count) for rule, count in (line.split() for line in table)})
    assert jobs.pop("total") == sum(jobs.values())
    return jobs


def without_machine(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result without the values that depend on time and machine."""
    timed = ("machine", "train_s", "checkpoint_s", "checkpoints", "sha256")
    return {key: value for key, value in result.items() if key not in timed}


_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["torch", "pandas", "pyarrow.parquet", "optuna", "psutil", "safetensors.torch"])


def start_trainer(campaign: Campaign, number: int) -> multiprocessing.Process:
    """Start the script of one trial in a separate process, forked from one with torch already imported."""
    process = _FORKS.Process(target=_train, args=(campaign.folder, campaign.config, number), daemon=True)
    process.start()
    return process


def _train(folder: Path, overlay: Mapping[str, Any], number: int) -> None:
    import hpo

    from simmer.base.logs import job
    from simmer.training import loop

    # By default, a slow disk could space checkpoints further apart than this small trial is long.
    loop.CHECKPOINT_SHARE = 0.5
    os.chdir(folder)
    table = Path("data/processed/GSPC_dataset_a33.parquet")
    published = Path("results/hpo/debug/h1")
    with job(f"results/logs/trainer_{number}.log"):
        hpo.main(
            config=default_config(overlay),
            scale="debug",
            horizon_days=1,
            number=number,
            tables=[table],
            resources=[table.with_suffix(".resource.json")],
            slots=1,
            result=published / f"trial_{number:03d}.json",
            log=published / f"trial_{number:03d}.jsonl",
        )
