"""Read the progress of one run from its files, complete or half-written."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from simmer.base.errors import LedgerError
from simmer.ledger.address import purpose_of
from simmer.ledger.params import TrialParams
from simmer.ledger.results import RunResult, TrialResult
from simmer.ledger.run_files import RunFiles
from simmer.ledger.trial_log import Event, time_s

UNREADABLE = "unreadable"
_HEATS = ("temperature_c", "pressure_level", "margin_c")


@dataclass(frozen=True, kw_only=True)
class TrialProgress:
    """The progress of one run; unknown fields are None or zero.

    Attributes:
        name: of its folder.
        number: from 0.
        campaign: the campaign recorded in its result.
        state: final state; None without a result.
        repeats: number of the trial whose result was used for this one.
        loss: best validation log-loss so far.
        base_rate_loss: validation log-loss of predicting the base rate.
        trained_s: seconds of training, including sleep and pauses for heat and checkpoints, without stops.
        epochs: number of finished epochs.
        last_loss: validation log-loss of the last finished epoch.
        last_epoch_at_s: when that epoch ended, in seconds since 1970; None once the trial has ended.
        windows_per_s: mean over its epochs.
        starts: how often it was begun or resumed.
        begun_s, started_s, finished_s, last_s: times of the first start, the last start, the end, and the
            last line of its log; seconds since 1970.
        blind_s, paused_s: seconds without any reading, and paused.
        aborts: number of thermal aborts.
        max_temperature_c: highest temperature in °C.
        sample: the last hardware sample.
        thermal: the last thermal event.
        last_kind: kind of its last event; for a thermal event, its action.
        aborted: True if a thermal abort ended its last start.
    """

    name: str
    number: int
    campaign: str | None = None
    state: str | None = None
    repeats: int | None = None
    loss: float | None = None
    base_rate_loss: float | None = None
    trained_s: float = 0.0
    epochs: int = 0
    last_loss: float | None = None
    last_epoch_at_s: float | None = None
    windows_per_s: float | None = None
    starts: int = 0
    begun_s: float | None = None
    started_s: float | None = None
    finished_s: float | None = None
    last_s: float | None = None
    blind_s: float = 0.0
    paused_s: float = 0.0
    aborts: int = 0
    max_temperature_c: float | None = None
    sample: Event | None = None
    thermal: Event | None = None
    last_kind: str | None = None
    aborted: bool = False

    @property
    def is_trial(self) -> bool:
        """True for a trial, False for a race run or a refit."""
        return purpose_of(self.name) == "trial"

    @property
    def epoch_s(self) -> float | None:
        """Mean seconds per epoch so far, or None before the end of the first one."""
        return self.trained_s / self.epochs if self.epochs and self.trained_s else None


def read_trial(folder: Path, number: int) -> TrialProgress | None:
    """Return the progress recorded in a trial's folder, or None if it has no files yet."""
    try:
        files = RunFiles.at(folder)
        # The result first, because a trial writes it last.
        result = files.result()
        params = files.params() if result is None else None
    except (LedgerError, OSError):
        return TrialProgress(name=folder.name, number=number, state=UNREADABLE)
    lines = _whole_lines(folder / "events.jsonl")
    if result is None and params is None and not lines:
        return None
    found = _from_log(lines, finished=result is not None)
    try:
        if result is not None:
            found |= _from_result(result)
        else:
            found |= _from_epochs(list(_events(lines, "epoch"))) | _from_sample(found["sample"])
            found["repeats"] = params.repeats if isinstance(params, TrialParams) else None
    except (LookupError, TypeError, AttributeError):
        return TrialProgress(name=folder.name, number=number, state=UNREADABLE)
    return TrialProgress(name=folder.name, number=number, **found)


class TrialReader:
    """Read trials, and finished ones only once, so that a screen redrawn for days stays cheap."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[object, TrialProgress]] = {}

    def __call__(self, folder: Path, number: int) -> TrialProgress | None:
        """Return the progress recorded in a trial's folder; see `read_trial`."""
        signature = _signature(folder)
        known = self._known.get(folder)
        if known is not None and signature is not None and known[0] == signature:
            return known[1]
        trial = read_trial(folder, number)
        if trial is not None and trial.state is not None:
            self._known[folder] = (signature, trial)
        return trial


def _signature(folder: Path) -> object:
    try:
        found = [(folder / name).stat() for name in ("result.json", "events.jsonl")]
    except OSError:
        return None
    return [(each.st_mtime_ns, each.st_size, each.st_ino) for each in found]


def _from_result(result: RunResult) -> dict[str, Any]:
    guard = result.machine.guard
    return {
        "campaign": result.campaign,
        "state": result.state,
        "repeats": result.repeats if isinstance(result, TrialResult) else None,
        "loss": result.loss,
        "base_rate_loss": result.prior_log_loss,
        "trained_s": (result.train_s or 0.0) + (result.checkpoint_s or 0.0),
        "epochs": len(result.curve),
        "last_loss": result.losses[-1] if result.curve else None,
        "blind_s": guard.get("blind_s") or 0.0,
        "paused_s": guard.get("paused_s") or 0.0,
        "max_temperature_c": guard.get("max_temperature_c"),
    }


def _from_epochs(epochs: list[Event]) -> dict[str, Any]:
    if not epochs:
        return {}
    last = epochs[-1]
    return {
        "loss": min(epoch["validation"]["log_loss"] for epoch in epochs),
        "trained_s": last["train_s"],
        "epochs": last["epoch"],
        "last_loss": last["validation"]["log_loss"],
        "last_epoch_at_s": time_s(last),
        "windows_per_s": last["windows_per_s"],
    }


def _from_sample(sample: Event | None) -> dict[str, Any]:
    return {} if sample is None else {name: sample.get(name) or 0.0 for name in ("blind_s", "paused_s")}


def _from_log(lines: list[bytes], *, finished: bool) -> dict[str, Any]:
    starts, thermal = list(_events(lines, "start")), list(_events(lines, "thermal_event"))
    last, finish = _last(_events(lines[::-1])), _last(_events(lines[::-1], "finish"))
    # A result has the sums, so for a finished trial the last of its many samples is enough.
    newest_first = _events(lines[::-1], "hardware_sample")
    samples = list(islice(newest_first, 1 if finished else None))
    aborts = [event for event in thermal if event.get("action") == "abort"]
    thermal_lines = (*samples, *thermal)
    degrees = [each["temperature_c"] for each in thermal_lines if each.get("temperature_c") is not None]
    return {
        "starts": len(starts),
        "begun_s": _time_of(starts[0] if starts else None),
        "started_s": _time_of(starts[-1] if starts else None),
        "finished_s": _time_of(finish),
        "last_s": _time_of(last),
        "last_kind": None if last is None else last.get("action", last["event"]),
        "aborts": len(aborts),
        "aborted": bool(aborts) and (not starts or time_s(aborts[-1]) >= time_s(starts[-1])),
        "max_temperature_c": max(degrees, default=None),
        "sample": samples[0] if samples else None,
        "thermal": thermal[-1] if thermal else None,
    }


def has_thermal_value(event: Event) -> bool:
    """Return True if a sample or a thermal event has a temperature, margin or pressure level."""
    return any(event.get(name) is not None for name in _HEATS)


def _whole_lines(path: Path) -> list[bytes]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return []
    return lines[:-1]  # text after the last newline is still being written, or was cut off


def _events(lines: Iterable[bytes], kind: str | None = None) -> Iterator[Event]:
    # Only candidate lines are parsed: the logs of a campaign can reach a hundred megabytes.
    needle = b"" if kind is None else f'"{kind}"'.encode()
    for line in lines:
        if needle not in line:
            continue
        try:
            event = json.loads(line)
            if isinstance(event, dict) and kind in (None, event["event"]) and time_s(event):
                yield event
        except (ValueError, LookupError, TypeError):
            continue  # a damaged line; the rest of the log is still used


def _last(newest_first: Iterator[Event]) -> Event | None:
    return next(newest_first, None)


def _time_of(event: Event | None) -> float | None:
    return None if event is None else time_s(event)
