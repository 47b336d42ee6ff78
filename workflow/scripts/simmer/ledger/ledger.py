"""The ledger: what was computed, in files that no workflow engine knows and therefore none deletes.

<root>/<fingerprint>/study.json
                    /transferred.json              written once, where a smaller scale hands trials over
<root>/<fingerprint>/<scale>/<horizon>/trial_NNN/params.json    written once, before training
                                                 /events.jsonl   appended: starts, epochs, samples
                                                 /checkpoint*    while it trains
                                                 /result.json    written last
<root>/<fingerprint>/<scale>/<horizon>/refit_N_of_trial_NNN/    likewise, and predictions.json
<root>/locks/<scale>/<horizon>/{trial_NNN,refit_N}.lock         who works on it now

Locks know no fingerprint because the published paths know none: two studies that differ in their settings
only must not publish the same trial side by side.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simmer.base.errors import LedgerError
from simmer.base.files import read_json, user_facing_os_errors, write_bytes, write_json
from simmer.search.study import Study, horizon_name, refit_name, trial_name


class TrialLedger:
    """The files of one trial."""

    def __init__(self, folder: Path, *, lock_path: Path) -> None:
        self.folder, self.lock_path = folder, lock_path
        self._params, self._result = folder / "params.json", folder / "result.json"
        self._events = folder / "events.jsonl"
        self._mend = f"delete the folder {folder} to compute this trial again (no other trial is touched)"

    @property
    def name(self) -> str:
        """The name in paths and messages, such as `trial_007`."""
        return self.folder.name

    def params(self) -> dict[str, Any] | None:
        """Return what the trial chose, or None before its first start."""
        return _read_if_there(self._params, mend=self._mend)

    def write_params(self, params: dict[str, Any]) -> None:
        """Record what the trial chose; never changed afterwards."""
        write_json(self._params, params)

    def result(self) -> dict[str, Any] | None:
        """Return the result, or None while the trial is not finished."""
        return _read_if_there(self._result, mend=self._mend)

    def write_result(self, result: dict[str, Any]) -> None:
        """Record the result: the trial is finished."""
        write_json(self._result, result)

    def append_event(self, event: dict[str, Any]) -> None:
        """Append one event, durably, with the time; a line cut off by a power cut is dropped first."""
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
        """Return all whole events, oldest first."""
        return [json.loads(line) for line in self._event_lines()]

    def publish(self, *, result: Path, log: Path) -> None:
        """Write the declared outputs of a finished trial, which needs its checkpoints no longer."""
        for pattern in ("checkpoint*", ".*.tmp", ".tmp*"):
            for path in self.folder.glob(pattern):
                path.unlink()
        write_bytes(log, b"".join(self._event_lines()))
        write_bytes(result, self._result.read_bytes())

    def _event_lines(self) -> list[bytes]:
        if not self._events.is_file():
            return []
        return [line for line in self._events.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


class StudyLedger:
    """The trials of one study under one fingerprint."""

    def __init__(self, root: Path, *, study: Study, features_sha256: str) -> None:
        self.study, self.fingerprint = study, study.fingerprint(features_sha256)
        self.root, self._home = root, root / self.fingerprint
        self.features_sha256 = features_sha256

    def trial(self, number: int) -> TrialLedger:
        """Return the ledger of one trial."""
        place = Path(self.study.scale) / horizon_name(self.study.horizon_days) / trial_name(number)
        return TrialLedger(self._home / place, lock_path=self.root / "locks" / place.with_suffix(".lock"))

    def refit(self, number: int, *, of_trial: int) -> TrialLedger:
        """Return the ledger of one refit of a trial; another winner has refits of its own."""
        place = Path(self.study.scale) / horizon_name(self.study.horizon_days)
        return TrialLedger(
            self._home / place / f"{refit_name(number)}_of_{trial_name(of_trial)}",
            lock_path=self.root / "locks" / place / f"{refit_name(number)}.lock",
        )

    def describe(self) -> None:
        """Write `study.json`, for people who wonder what a fingerprint stands for."""
        path = self._home / "study.json"
        if not path.is_file():
            write_json(path, self.study.meaning() | {"features_sha256": self.features_sha256})

    def smaller(self) -> "StudyLedger | None":
        """Return the ledger of the study that hands over trials to this one, if there is one."""
        if self.study.smaller is None:
            return None
        return StudyLedger(self.root, study=self.study.smaller, features_sha256=self.features_sha256)

    def transferred(self) -> dict[str, Any] | None:
        """Return what the smaller scale handed over, or None before anybody wrote it down."""
        path = self._home / "transferred.json"
        return _read_if_there(path, mend=f"delete {path}: it is chosen again from the smaller scale")

    def write_transferred(self, choice: dict[str, Any]) -> None:
        """Record what the smaller scale handed over; more trials there change nothing here any more."""
        write_json(self._home / "transferred.json", choice)

    def results_before(self, trial: int) -> list[dict[str, Any]]:
        """Return the results that trial number `trial` may see: 0 to trial - parallel_trials.

        Raises:
            LedgerError: when one of them is missing.
        """
        return self.results(self.study.search.seen_by(trial), needed_by=trial_name(trial))

    def results(self, count: int, *, needed_by: str) -> list[dict[str, Any]]:
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
                    f"found no result of {self.study.name} {name} in {folder}, which {needed_by} "
                    f"must see; delete the published {name}.json of that study and run the same command "
                    "again: it will be computed first"
                )
            results.append(result)
        return results


def _read_if_there(path: Path, *, mend: str) -> Any:
    if not path.is_file():
        return None
    try:
        return read_json(path)
    except ValueError as error:
        raise LedgerError(f"found {path} damaged ({error}); expected JSON; {mend}") from error


def _drop_torn_tail(descriptor: int) -> None:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n":
        return
    content = os.pread(descriptor, size, 0)
    os.ftruncate(descriptor, content.rfind(b"\n") + 1)
