"""A search as optuna-dashboard shows it: the ledger, copied into an Optuna journal.

python -m simmer.commands.dashboard LEDGER JOURNAL

The ledger is only read, so this may run at any time beside a campaign and is no step of it. Each study of
the ledger becomes a study of the journal, and each trial keeps its number:

    result `complete`                    COMPLETE, its value the best validation log-loss
    result `pruned` or `out_of_time`     PRUNED, its value the best one until then, if there was any
    result `diverged`, `out_of_memory`   FAIL
    begun, no result yet                 RUNNING, whether it trains now or waits to be resumed
    a file it needs cannot be read       FAIL, without parameters, user attribute state `unreadable`
    not begun, but a later number is     WAITING, without parameters, user attribute state `not begun`

The journal is a snapshot and written as a whole. A dashboard that has it open would read on in the middle of
a line and fail, so it must be started anew. What is written or deleted in a dashboard changes the snapshot
only, and lasts until the next one.
"""

import argparse
import logging
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState, create_trial

from simmer.base.errors import LedgerError, SimmerError
from simmer.base.files import read_json, user_facing_os_errors, write_bytes
from simmer.base.logs import log_to_terminal
from simmer.ledger.address import STUDY_FILE, StudyAddress, homes_in
from simmer.ledger.ledger import RunFiles
from simmer.ledger.results import TrialResult
from simmer.ledger.table import MACHINE_COLUMNS, result_columns
from simmer.search.space import Space
from simmer.search.suggest import distributions

STATES = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "out_of_time": TrialState.PRUNED,
    "diverged": TrialState.FAIL,
    "out_of_memory": TrialState.FAIL,
}

# The columns of trials.csv that become user attributes, under the same names.
ATTRIBUTES = (
    *("state", "origin", "repeats", "ended", "best_epoch", "auc", "auc_se", "prior_log_loss"),
    *("parameters", "shape_width", "shape_heads", "shape_ff_width"),
    *("weights_sha256", "train_s", "max_temperature_c"),
)

# Whatever a damaged, foreign or vanished file may cause: what else the ledger holds is shown all the same.
UNREADABLE = (SimmerError, OSError, AttributeError, LookupError, TypeError, ValueError)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ExportedStudy:
    """A study as it goes into the journal.

    Attributes:
        order: what the studies are sorted by: budget, days ahead, fingerprint.
        name: scale, horizon and fingerprint.
        attributes: its user attributes.
        trials: its trials, in the order of their numbers from 0 and without a gap.
    """

    order: tuple[int, int, str]
    name: str
    attributes: Mapping[str, Any]
    trials: list[FrozenTrial]


def export(ledger: Path, journal: Path) -> None:
    """Write all studies of the folder `ledger` to a new Optuna journal, in place of an old one.

    Raises:
        LedgerError: when there is no study in the ledger, or the journal or a temporary file cannot be
            written; an old journal is then untouched.
    """
    studies = read_studies(ledger)
    write_bytes(journal, _as_journal(studies))
    trials = sum(len(exported.trials) for exported in studies)
    logger.info("%s: studies %d, trials %d", journal, len(studies), trials)


def _as_journal(studies: Sequence[ExportedStudy]) -> bytes:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # Built where no dashboard looks, so that neither half a journal nor the backend's lock lies beside it.
    with user_facing_os_errors(Path(gettempdir())), TemporaryDirectory() as folder:
        built = Path(folder) / "journal"
        storage = JournalStorage(JournalFileBackend(str(built)))
        for exported in studies:
            study = optuna.create_study(storage=storage, study_name=exported.name, direction="minimize")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ExperimentalWarning)  # its version is pinned
                study.set_metric_names(["validation log-loss"])
            for name, value in exported.attributes.items():
                study.set_user_attr(name, value)
            study.add_trials(exported.trials)
        return built.read_bytes()


def read_studies(ledger: Path) -> list[ExportedStudy]:
    """Return all studies of a ledger, the smallest scale first; what cannot be read is logged and left out.

    Raises:
        LedgerError: when there is none, or the folder itself cannot be read.
    """
    studies = []
    for home in _homes(ledger):
        try:
            if (home / STUDY_FILE).is_file():
                studies.append(_study(home))
            else:
                logger.warning("skipping %s: it has no study.json yet", home)
        except UNREADABLE as error:
            logger.warning("skipping %s: it cannot be read (%r)", home, error)
    if not studies:
        raise LedgerError(
            f"found no study in {ledger}, expected <fingerprint>/study.json there; begin a search first, or "
            "name the results of another one: make dashboard RESULTS=demo/results"
        )
    return sorted(studies, key=lambda study: study.order)


def _homes(ledger: Path) -> list[Path]:
    try:
        return [path for path in homes_in(ledger) if path.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise LedgerError(
            f"cannot read {ledger}: {error.strerror or error}; give read permission, or name the results of "
            "another search: make dashboard RESULTS=demo/results"
        ) from error


def _study(home: Path) -> ExportedStudy:
    meaning = read_json(home / STUDY_FILE)
    scale, budget, days = meaning["scale"], meaning["budget_parameters"], meaning["label"]["horizon_days"]
    known = distributions(Space.from_json(meaning["space"]))
    found: dict[int, FrozenTrial] = {}
    study = StudyAddress(scale=scale, horizon_days=days)
    place = home / study.folder
    # A glob would say nothing of a folder that cannot be read.
    names = [folder.name for folder in place.iterdir()] if place.exists() else []
    for address in study.addresses(names):
        trial = _trial(RunFiles(home, address), known) if address.purpose == "trial" else None
        if trial is not None:
            found[address.number] = trial
    waiting = create_trial(state=TrialState.WAITING, user_attrs={"state": "not begun"})
    trials = [found.get(number, waiting) for number in range(max(found, default=-1) + 1)]
    attributes = {"fingerprint": home.name, "budget_parameters": budget}
    for trial in trials:  # the same in each that has a result
        if "prior_log_loss" in trial.user_attrs:
            attributes["prior_validation_log_loss"] = trial.user_attrs["prior_log_loss"]
    return ExportedStudy(
        order=(budget, days, home.name),
        name=f"{study.name.replace('/', ' ')} {home.name}",
        attributes=attributes,
        trials=trials,
    )


def _trial(files: RunFiles, known: Mapping[str, BaseDistribution]) -> FrozenTrial | None:
    started = ended = None
    try:
        # The result first, because a trial that ends meanwhile writes it last.
        result = files.result()
        if result is not None:
            trial = _finished(result, known)
            started, ended = _times_if_readable(files)
        else:
            params, events = files.params(), files.events()
            if params is None:
                logger.warning("skipping %s: it has no params.json yet", files.folder)
                return None
            trial = _unfinished(params, events, known)
            started, ended = _times(events)
    except UNREADABLE as error:
        logger.warning("%s: cannot be read (%r)", files.folder, error)
        trial = create_trial(state=TrialState.FAIL, user_attrs={"state": "unreadable"})
    changed = _changed(files.folder)
    trial.datetime_start = started or changed
    if trial.state.is_finished():
        trial.datetime_complete = ended or changed
    return trial


def _times_if_readable(files: RunFiles) -> tuple[datetime | None, datetime | None]:
    """Return when a finished trial started and ended; its result says all else, so it is shown without."""
    try:
        return _times(files.events())
    except UNREADABLE as error:
        logger.warning("%s: its events cannot be read, so its times are rough (%r)", files.folder, error)
        return None, None


def _times(events: list[dict[str, Any]]) -> tuple[datetime | None, datetime | None]:
    return _time_of("start", events), _time_of("finish", events[::-1])


def _changed(folder: Path) -> datetime:
    try:
        return datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    except OSError:  # removed a moment ago
        return datetime.now(UTC)


def _finished(result: TrialResult, known: Mapping[str, BaseDistribution]) -> FrozenTrial:
    columns = {**result_columns({}), **MACHINE_COLUMNS}
    attributes = {name: columns[name](result) for name in ATTRIBUTES}
    return create_trial(
        state=STATES[result.state],
        value=result.loss,
        params=dict(result.hyperparameters),
        distributions=dict(known),
        user_attrs={name: value for name, value in attributes.items() if value is not None},
        intermediate_values={epoch.epoch: epoch.validation.log_loss for epoch in result.curve},
    )


def _unfinished(
    params: Mapping[str, Any], events: list[dict[str, Any]], known: Mapping[str, BaseDistribution]
) -> FrozenTrial:
    attributes = {"state": "begun", "origin": params["origin"], "repeats": params["repeats"]}
    return create_trial(
        state=TrialState.RUNNING,
        params=params["hyperparameters"],
        distributions=dict(known),
        user_attrs={name: value for name, value in attributes.items() if value is not None},
        # An epoch that was computed again after a power cut stands in the events twice: the last one counts.
        intermediate_values={
            event["epoch"]: event["validation"]["log_loss"] for event in events if event["event"] == "epoch"
        },
    )


def _time_of(kind: str, events: list[dict[str, Any]]) -> datetime | None:
    times = (event["time"] for event in events if event["event"] == kind)
    return next((datetime.fromisoformat(time) for time in times), None)


def main(arguments: Sequence[str] | None = None) -> None:
    """Export the ledger that the command line names; end the process with a sentence where that fails."""
    parser = argparse.ArgumentParser(
        prog="python -m simmer.commands.dashboard",
        description="Copy a ledger into a journal for optuna-dashboard.",
    )
    parser.add_argument("ledger", type=Path, help="folder of the ledger, only read: results/ledger")
    parser.add_argument("journal", type=Path, help="file to write, an old one is replaced")
    given = parser.parse_args(arguments)
    try:
        export(given.ledger, given.journal)
    except (SimmerError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    log_to_terminal()
    main()
