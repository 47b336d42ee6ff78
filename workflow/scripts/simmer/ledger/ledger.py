"""The ledger: stored results, in files that the workflow engine does not know and cannot delete.

<root>/<fingerprint>/study.json
                    /transferred.json          if a smaller scale hands over trials; written once
                    /<run>/params.json         written once, before training
                          /events.jsonl        appended: starts, epochs, hardware samples
                          /checkpoint*         during training
                          /predictions.json    of a refit, during training
                          /result.json         written last

The paths of a run's folder and lock are in `simmer.ledger.address`. A lock path has no fingerprint, because
published paths have none: two studies that differ only in their settings must not publish the same run at
the same time.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simmer.base.errors import LedgerError
from simmer.base.files import read_json, user_facing_os_errors, write_bytes, write_json
from simmer.ledger.address import LOCKS, STUDY_FILE, Address, Purpose, StudyAddress, trial_name
from simmer.ledger.results import RefitResult, RunResult, TrialResult

_KINDS: dict[Purpose, type[RunResult]] = {"trial": TrialResult, "refit": RefitResult, "control": RunResult}


class RunFiles:
    """Files of one run.

    Args:
        home: folder of the fingerprint, directly below the root of the ledger.
        address: address of the run.
    """

    def __init__(self, home: Path, address: Address) -> None:
        self.address, self.folder = address, home / address.folder
        self.lock_path = home.parent / LOCKS / address.lock
        self._params, self._result = self.folder / "params.json", self.folder / "result.json"
        self._events = self.folder / "events.jsonl"
        self._advice = f"delete the folder {self.folder} to compute this run again (other runs stay)"

    @classmethod
    def at(cls, folder: Path) -> "RunFiles":
        """Return the files of the run in `folder`.

        Raises:
            LedgerError: when it is not the folder of a run.
        """
        address = Address.parse(folder)
        return cls(folder.parents[len(address.folder.parts) - 1], address)

    @property
    def name(self) -> str:
        """Name of the folder, also used in messages: `trial_007`, `refit_0_of_trial_007`."""
        return self.folder.name

    def params(self) -> dict[str, Any] | None:
        """Return the parameters of the run; None before its first start."""
        return _read_if_there(self._params, advice=self._advice)

    def write_params(self, params: dict[str, Any]) -> None:
        """Record the parameters of the run, once, before training."""
        write_json(self._params, params)

    def result(self) -> RunResult | None:
        """Return the result, in the class of the run's purpose; None while the run is not finished.

        Raises:
            LedgerError: when the file is damaged.
        """
        if not self._result.is_file():
            return None
        return _KINDS[self.address.purpose].read(self._result, advice=self._advice)

    def write_result(self, result: RunResult) -> None:
        """Record the result, which finishes the run."""
        write_json(self._result, result.as_json())

    def append_event(self, event: dict[str, Any]) -> None:
        """Append an event with its time and flush it to disk; an incomplete last line is removed first."""
        stamp = {"time": datetime.now(UTC).isoformat(timespec="milliseconds")}
        line = json.dumps(stamp | event, allow_nan=False) + "\n"
        with user_facing_os_errors(self._events):
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._events.open("ab+") as file:
                _drop_torn_tail(file.fileno())
                file.write(line.encode())
                file.flush()
                os.fsync(file.fileno())

    def events(self) -> list[dict[str, Any]]:
        """Return all complete events, oldest first."""
        return [json.loads(line) for line in self._event_lines()]

    def publish(self, *, result: Path, log: Path) -> None:
        """Write the declared outputs of a finished run and delete its checkpoints."""
        for pattern in ("checkpoint*", ".*.tmp", ".tmp*"):
            for path in self.folder.glob(pattern):
                path.unlink()
        write_bytes(log, b"".join(self._event_lines()))
        write_bytes(result, self._result.read_bytes())

    def _event_lines(self) -> list[bytes]:
        if not self._events.is_file():
            return []
        return [line for line in self._events.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


@dataclass(frozen=True, kw_only=True)
class StudyLedger:
    """Runs of one study under one fingerprint.

    Attributes:
        root: folder of the ledger.
        address: address of the study.
        fingerprint: see `Study.fingerprint`.
        meaning: settings in the fingerprint, for `study.json`.
        features_sha256: digest of the feature values in the fingerprint.
        smaller: ledger of the smaller study that hands over trials to this one, or None.
    """

    root: Path
    address: StudyAddress
    fingerprint: str
    meaning: Mapping[str, Any]
    features_sha256: str
    smaller: "StudyLedger | None" = None

    @property
    def home(self) -> Path:
        """Folder of the fingerprint."""
        return self.root / self.fingerprint

    def trial(self, number: int) -> RunFiles:
        """Return the files of one trial."""
        return RunFiles(self.home, self.address.trial(number))

    def refit(self, number: int, *, of_trial: int) -> RunFiles:
        """Return the files of one refit of a trial."""
        return RunFiles(self.home, self.address.refit(number, of_trial=of_trial))

    def describe(self) -> None:
        """Write `study.json` with the settings behind the fingerprint, unless it exists."""
        path = self.home / STUDY_FILE
        if not path.is_file():
            write_json(path, {**self.meaning, "features_sha256": self.features_sha256})

    def transferred(self) -> dict[str, Any] | None:
        """Return the recorded trials from the smaller scale; None before they are recorded."""
        path = self.home / "transferred.json"
        return _read_if_there(path, advice=f"delete {path}: it is chosen again from the smaller scale")

    def write_transferred(self, choice: dict[str, Any]) -> None:
        """Record the trials from the smaller scale; later trials there have no effect on this study."""
        write_json(self.home / "transferred.json", choice)

    def results(self, count: int, *, needed_by: str) -> list[TrialResult]:
        """Return the results of the first `count` trials.

        Raises:
            LedgerError: when one of them is missing.
        """
        results = []
        for number in range(count):
            result = self.trial(number).result()
            if result is None:
                name, folder = trial_name(number), self.trial(number).folder
                raise LedgerError(
                    f"found no result of {self.address.name} {name} in {folder}; expected one, because "
                    f"{needed_by} needs it; delete the published {name}.json of that study and run the same "
                    "command again: that run is computed first"
                )
            results.append(result)
        return results


def _read_if_there(path: Path, *, advice: str) -> Any:
    if not path.is_file():
        return None
    try:
        return read_json(path)
    except ValueError as error:
        raise LedgerError(f"found {path} damaged ({error}); expected JSON; {advice}") from error


def _drop_torn_tail(descriptor: int) -> None:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n":
        return
    content = os.pread(descriptor, size, 0)
    os.ftruncate(descriptor, content.rfind(b"\n") + 1)
