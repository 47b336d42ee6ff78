"""Ledgers of made-up trials at made-up times, written without training."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from simmer.ledger.address import StudyAddress
from simmer.ledger.params import RaceParams, RefitParams, TrialParams
from simmer.ledger.preparation import prepare
from simmer.ledger.run_files import RunFiles
from support.configs import default_config
from support.results import race_result, refit_result, trial_result

START_S = datetime(2026, 3, 2, 8, tzinfo=UTC).timestamp()
FEATURES = "f" * 64
PRIOR = 0.69
MESSAGE = "training is slowed to hold the setpoint: 82.4 °C (hwmon:k10temp:Tdie)"


def time_at(at_s):
    """Return the timestamp `at_s` seconds after START_S."""
    return datetime.fromtimestamp(START_S + at_s, UTC).isoformat(timespec="milliseconds")


class LedgerBook:
    """A results folder with the files that a campaign writes."""

    def __init__(self, folder: Path, *overlays, features=FEATURES):
        self.folder, self.results = folder, folder / "results"
        self.config = default_config({"search": {"race": None}}, *overlays)
        self.features = features
        self.results.mkdir(parents=True, exist_ok=True)

    def write_features(self, features):
        """Write the entry of the feature table with this hash, as its rule does."""
        path = self.folder / "data" / "processed" / f"{self.config.dataset.table}.resource.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"content_sha256": features}))

    def study(self, scale="2M", days=1, config=None):
        study = (config or self.config).study(scale, days)
        ledger = study.ledger(self.results / "ledger", features_sha256=self.features)
        prepare(ledger)
        return ledger

    def trial(self, number, *, scale="2M", days=1, config=None, kind="trial", **values):
        """Write a trial; see `write_run`."""
        ledger = self.study(scale, days, config)
        files = ledger.trial(number)
        if kind != "trial":
            files = RunFiles.at(files.folder.with_name(f"{kind}_{number}"))
        write_run(files, number, **({"campaign": self.config.campaign} | values))
        return files

    def race_run(self, number, *, of_trial, scale="2M", days=1, **values):
        """Write a race run; see `write_run`."""
        files = self.study(scale, days).race(number, of_trial=of_trial)
        write_run(files, number, **({"campaign": self.config.campaign} | values))

    def publish(self, files):
        """Publish a finished run, as its job does."""
        paths = {"result": "json", "log": "jsonl"}
        files.publish(**{name: self.published(files, ending) for name, ending in paths.items()})

    def published(self, files, ending="json"):
        return self.results / files.address.published(ending)

    def lock(self, path, *, pid=None, folder=None, host=None, at_s=0.0, command="campaign-runner"):
        """Write a lock; by default this process holds it since START_S."""
        holder = {
            "pid": pid or os.getpid(),
            "host": host or os.uname().nodename,
            "command": command,
            "folder": str(folder or self.folder),
            "since": datetime.fromtimestamp(START_S + at_s, UTC).isoformat(timespec="seconds"),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(holder))

    def run_lock(self, **holder):
        self.lock(self.results / ".lock", **holder)

    def trial_lock(self, number, *, scale="2M", days=1, **holder):
        lock = StudyAddress(scale=scale, horizon_days=days).trial(number).lock
        self.lock(self.results / "ledger" / "locks" / lock, **holder)


def write_run(
    files,
    number,
    *,
    losses=(0.6, 0.5, 0.55),
    state="complete",
    at_s=0.0,
    epoch_s=10.0,
    repeats=None,
    celsius=70.0,
    blind_s=0.0,
    thermal=(),
    campaign="test",
):
    """Write the files of a trial, race run or refit that began at `at_s`; without a state it has no result.

    Each epoch takes `epoch_s`; `thermal` are the actions of thermal events at the end.
    """

    def append(seconds, kind, **values):
        files.append_event({"event": kind, "time": time_at(seconds)} | values)

    source = None if celsius is None else "hwmon:k10temp:Tdie"
    purpose, of_trial = files.address.purpose, files.address.of_trial or 0
    if purpose == "refit":
        files.write_params(RefitParams(hyperparameters={}, execution={}, winner=of_trial, seed=1))
    elif purpose == "race":
        files.write_params(RaceParams(hyperparameters={}, execution={}, of_trial=of_trial, seed=1))
    else:
        files.write_params(
            TrialParams(
                hyperparameters={}, execution={}, origin="default", repeats=repeats, seen_trials=number
            )
        )
    append(at_s, "start", code_digest="0" * 12)
    heat = {"temperature_c": celsius, "source": source, "pressure_level": None, "margin_c": None}
    load = {"cpu_percent": 87.0, "memory_percent": 41.5, "duty": 0.8, "power_w": 142.3}
    sample = heat | load | {"state": "acceptable" if source else "unknown"}
    for epoch, loss in enumerate(losses, 1):
        now_s = at_s + epoch * epoch_s
        record = {"epoch": epoch, "train_log_loss": 0.5, "validation": {"log_loss": loss}}
        append(now_s, "hardware_sample", **sample, blind_s=blind_s, paused_s=3.0)
        append(now_s, "epoch", windows_per_s=100.0, train_s=epoch * epoch_s, **record)
    end_s = at_s + len(losses) * epoch_s
    for action in thermal:
        append(end_s, "thermal_event", action=action, message=MESSAGE, **heat)
    if state is None:
        return
    append(end_s, "finish", state=state, reason=None)
    of = {"refit": {"winner": of_trial}, "race": {"of_trial": of_trial}}.get(purpose, {"repeats": repeats})
    best = {} if state != "diverged" else {"validation_log_loss": None, "best_epoch": None, "best": None}
    files.write_result(
        {"refit": refit_result, "race": race_result, "trial": trial_result}[purpose](
            number,
            losses,
            campaign=campaign,
            state=state,
            prior=PRIOR,
            fingerprint=files.home.name,
            scale=files.address.study.scale,
            horizon_days=files.address.study.horizon_days,
            guard={"blind_s": blind_s, "paused_s": 3.0, "max_temperature_c": celsius},
            train_s=0.0 if repeats is not None else len(losses) * epoch_s,
            checkpoint_s=0.0,
            **of,
            **best,
        )
    )
