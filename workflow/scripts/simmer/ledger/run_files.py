"""Files of one run in the ledger, each with a copy from which it is restored.

Result and events are copied when they are published; parameters and predictions are written twice. Every
record has a digest; records of older versions get theirs by `RunFiles.upgrade`.
"""

import logging
import os
from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path

from simmer.base.errors import DamagedError, LedgerError
from simmer.base.files import user_facing_os_errors, write_bytes
from simmer.base.records import DIGEST, read_file, read_record, write_record
from simmer.base.typed_json import as_json, from_values
from simmer.ledger.address import LOCKS, Address, Purpose, results_of
from simmer.ledger.copies import (
    ADVICE,
    Read,
    Values,
    both,
    first_whole,
    if_whole,
    reader,
    restore,
    set_aside,
    write_both,
)
from simmer.ledger.event_log import (
    ComparedEvents,
    append_event,
    compare_events,
    complete_lines,
    read_events,
    restore_events,
    same_events,
    upgrade_events,
    whole_lines,
)
from simmer.ledger.kept_weights import KeptWeights
from simmer.ledger.params import PARAMS, RunParams
from simmer.ledger.results import RaceResult, RefitResult, RunResult, StoredWeights, TrialResult
from simmer.ledger.study_file import keeps_digests

KINDS: dict[Purpose, type[RunResult]] = {
    "trial": TrialResult,
    "race": RaceResult,
    "refit": RefitResult,
    "control": RunResult,
}
logger = logging.getLogger(__name__)


class RunFiles:
    """Files of one run.

    Args:
        home: folder of the fingerprint, directly below the root of the ledger.
        address: address of the run.
    """

    def __init__(self, home: Path, address: Address) -> None:
        self.home, self.address, self.folder = home, address, home / address.folder
        self.lock_path = home.parent / LOCKS / address.lock
        self._params, self._result = self.folder / "params.json", self.folder / "result.json"
        self._predictions, self._events = self.folder / "predictions.json", self.folder / "events.jsonl"
        results = results_of(home.parent)
        self._published, self._log = (results / address.published(ending) for ending in ("json", "jsonl"))
        self.weights = KeptWeights(self.folder, results / address.member)

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

    def params(self) -> RunParams | None:
        """Return the parameters of the run, or those that its result repeats; None before its first start.

        Raises:
            DamagedError: when no copy is whole.
        """
        found = first_whole([*self._params_copies.values(), self._params_of_result])
        return None if found is None else self._as_params(self._params, found)

    def write_params(self, params: RunParams) -> None:
        """Record the parameters of the run, once, before training."""
        write_both(self._params, as_json(params))

    def result(self) -> RunResult | None:
        """Return the result, in the class of the run's purpose; None while the run is not finished.

        Raises:
            DamagedError: when neither the ledger's nor the published one is whole.
        """
        found = first_whole([self._own_result, self._published_result])
        return None if found is None else self._as_result(self._result, found)

    def write_result(self, result: RunResult) -> None:
        """Record the result, which finishes the run."""
        write_record(self._result, result.as_json())

    def predictions(self) -> Values:
        """Return the predictions of the best epoch; empty before one.

        Raises:
            DamagedError: when neither copy is whole.
        """
        return first_whole(list(self._predictions_copies.values())) or {}

    def write_predictions(self, predictions: Values) -> None:
        """Record the predictions of the best epoch so far."""
        write_both(self._predictions, predictions)

    def kept_weights(self) -> StoredWeights | None:
        """Return the file of weights that the result names; None without a whole result that names one."""
        result = if_whole(self.result) if self.address.purpose == "refit" else None
        return None if result is None else result.kept_weights

    def events(self) -> list[Values]:
        """Return all whole events, oldest first."""
        return read_events(self._events)

    def append_event(self, event: Values) -> None:
        """Append an event with its time and flush it to disk."""
        append_event(self._events, event)

    def publish(self, *, result: Path, log: Path) -> None:
        """Write the declared outputs of a finished run and delete what only its training needed.

        Raises:
            LedgerError: when a file cannot be written or deleted.
        """
        with user_facing_os_errors(self.folder):
            for pattern in ("checkpoint*", "predictions*", ".*.tmp", ".tmp*"):
                for path in self.folder.glob(pattern):
                    path.unlink()
        self.weights.remove_others(self.kept_weights())
        write_bytes(log, b"".join(whole_lines(complete_lines(self._events))))
        write_bytes(result, self._result.read_bytes())

    def publish_as_before(self) -> None:
        """Publish a run again in its own place, with the time of its result, so that nothing is outdated.

        Raises:
            LedgerError: as `publish`.
        """
        self.publish(result=self._published, log=self._log)
        with user_facing_os_errors(self._published):
            finished = self._result.stat()
            for path in (self._published, self._log):
                os.utime(path, ns=(finished.st_atime_ns, finished.st_mtime_ns))

    def is_published(self) -> bool:
        """Return True if the published result and log equal those of the ledger, and the result is whole."""
        try:
            own = self._own_result()
            same = (
                self._result.read_bytes() == self._published.read_bytes() or own == self._published_result()
            )
            return own is not None and same and self._log.is_file() and same_events(self._events, self._log)
        except (LedgerError, OSError):
            return False

    def has_traces(self) -> bool:
        """Return True if the run was begun, or something is published in its place."""
        return self.folder.is_dir() or self._published.exists()

    def lacks_result(self) -> bool:
        """Return True if the ledger has no whole result, so that a published one is the only copy."""
        return if_whole(self._own_result) is None

    def is_of_older_version(self) -> bool:
        """Return True if a record has no digest."""
        records = [read_file(path, advice=ADVICE) for path in (self._result, *both(self._params))]
        return any(content is not None and f'"{DIGEST}"'.encode() not in content for content in records)

    def restore(self) -> None:
        """Write damaged and missing files again from their copies, and log each.

        If all copies of a record are damaged, the run's folder is set aside, so that it is computed again.
        """
        try:
            for copies, others in self.records():
                restore(copies, others=others)
        except DamagedError as error:
            damaged = [self.folder]
            try:
                self._published_result()
            except DamagedError:
                damaged.append(self._published)
            kept = [set_aside(path) for path in damaged if path.exists()]
            logger.warning(
                "%s, and no copy is whole: it is computed again. The old files are kept: %s",
                error.problem,
                ", ".join(map(str, kept)),
            )
            return
        own, published = if_whole(self._own_result), if_whole(self._published_result)
        restore_events(self._events, copy=self._log, is_copy=published is not None)
        if own is not None and self._published.is_file() and own != published:
            logger.warning("%s differs from the ledger and is published again", self._published)
        if (stored := self.kept_weights()) is not None:
            self.weights.restore(stored)

    def upgrade(self) -> None:
        """Give digests to the records of an older version, after comparing the result with its copy.

        Raises:
            LedgerError: when the two results differ, and both may be right.
        """
        own, published = if_whole(self._own_result), if_whole(self._published_result)
        if own is not None and published is not None and own != published:
            key = next(key for key in sorted(own | published) if own.get(key) != published.get(key))
            raise LedgerError(
                f"found different values of {key} in {self._result} and {self._published}, which an older "
                "version wrote without digests; expected equal results: move the wrong one of the two files "
                "to another folder and run the same command again"
            )
        if own is not None:
            write_record(self._result, own)
        for path in (self._params, self._predictions):
            values = if_whole((self._params_copies | self._predictions_copies)[path])
            if values is not None:
                write_both(path, values)
        upgrade_events(self._events)

    # ---- copies -----------------------------------------------------------------------------

    def records(self) -> Iterator[tuple[dict[Path, Read], list[Read]]]:
        """Yield the copies of each record that are restored, and functions that read further copies."""
        yield {self._result: self._own_result}, [self._published_result]
        yield self._params_copies, [self._params_of_result]
        if if_whole(self.result) is None:
            yield self._predictions_copies, []

    def events_beside_copy(self) -> tuple[Path, ComparedEvents]:
        """Return the path of the events, and how they differ from the published log."""
        is_copy = if_whole(self._published_result) is not None
        return self._events, compare_events(self._events, copy=self._log, is_copy=is_copy)

    def unpublished(self) -> dict[Path, str]:
        """Return why published files of a finished run are not those of the ledger; empty if they are."""
        if self.is_published():
            return {}
        found = {}
        if not self._published.is_file():
            found[self._published] = "not published"
        else:
            try:
                published = self._published_result()
            except DamagedError as error:
                found[self._published] = error.problem
            else:
                if published is None:
                    found[self._published] = "of another study or winner"
                elif published != self._own_result():
                    found[self._published] = "differs from the ledger"
        if not self._log.is_file():
            found[self._log] = "not published"
        elif not same_events(self._events, self._log):
            found[self._log] = "differs from the ledger"
        return found

    @property
    def _params_copies(self) -> dict[Path, Read]:
        return {
            path: reader(path, digest=self._digest, check=partial(self._as_params, path))
            for path in both(self._params)
        }

    @property
    def _predictions_copies(self) -> dict[Path, Read]:
        return {path: reader(path, digest=self._digest) for path in both(self._predictions)}

    @cached_property
    def _digest(self) -> bool:
        return keeps_digests(self.home)

    def _own_result(self) -> Values | None:
        return reader(self._result, digest=self._digest, check=self._require_own)()

    def _require_own(self, values: Values) -> None:
        result = self._as_result(self._result, values)
        if not self._is_of_this_run(result):
            raise DamagedError(
                f"found {self._result} with the result of {result.study.name} in study {result.fingerprint}; "
                f"expected that of {self.address.folder} in study {self.home.name}",
                ADVICE,
            )

    def _published_result(self) -> Values | None:
        """Return the published values; None if they are of another study, or of another winner's refit."""
        values = read_record(self._published, advice=ADVICE)
        if values is None or not self._is_of_this_run(self._as_result(self._published, values)):
            return None
        return values

    def _is_of_this_run(self, result: RunResult) -> bool:
        if not isinstance(result, TrialResult | RaceResult | RefitResult):
            return result.study == self.address.study
        return result.fingerprint == self.home.name and result.address == self.address

    def _params_of_result(self) -> Values | None:
        result = self.result()
        return None if result is None else as_json(PARAMS[type(result)].of_result(result))

    def _as_params(self, path: Path, values: Values) -> RunParams:
        kind = PARAMS[KINDS[self.address.purpose]]
        return from_values(kind, values, where=path, advice=ADVICE)

    def _as_result(self, path: Path, values: Values) -> RunResult:
        return KINDS[self.address.purpose].from_values(values, where=path, advice=ADVICE)
