"""Export the ledger to an Optuna journal for optuna-dashboard.

python -m simmer.commands.dashboard LEDGER JOURNAL

The ledger is only read, so this may run during a campaign. Each study of the ledger becomes a study of the
journal, and each trial keeps its number:

    result `complete`                    COMPLETE, its value is the best validation log-loss
    result `pruned` or `out_of_time`     PRUNED, its value is the best one so far, if any
    result `diverged`, `out_of_memory`   FAIL
    started, no result yet               RUNNING, also if it waits to be resumed
    a file cannot be read                FAIL, without parameters, user attribute state `unreadable`
    not started, but a later trial is    WAITING, without parameters, user attribute state `not begun`

The journal is replaced as a whole. A running dashboard does not notice this and fails, so restart it after
an export. Changes made in a dashboard are lost at the next export.
"""

import argparse
import logging
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from simmer.base.files import typed_path, user_facing_os_errors, write_bytes
from simmer.base.logs import log_to_terminal
from simmer.ledger.address import StudyAddress, homes_in, results_of
from simmer.ledger.params import TrialParams
from simmer.ledger.results import TrialResult
from simmer.ledger.run_files import RunFiles
from simmer.ledger.study_file import read_study_file
from simmer.ledger.table import MACHINE_COLUMNS, result_columns
from simmer.search.space import Space
from simmer.search.suggest import distributions
from simmer.status.catalogue import about_study, tickers_by_features

STATES = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "out_of_time": TrialState.PRUNED,
    "diverged": TrialState.FAIL,
    "out_of_memory": TrialState.FAIL,
}

# Columns of trials.csv that become user attributes of the same name.
ATTRIBUTES = (
    *("state", "origin", "repeats", "ended", "best_epoch", "auc", "auc_se", "prior_log_loss"),
    *("campaign", "parameters", "shape_width", "shape_heads", "shape_ff_width"),
    *("weights_sha256", "train_s", "max_temperature_c"),
)

# Errors that a damaged, foreign or deleted file may raise; the other files are exported nevertheless.
UNREADABLE = (SimmerError, OSError, AttributeError, LookupError, TypeError, ValueError)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ExportedStudy:
    """Study for the journal.

    Attributes:
        order: sort key: budget, horizon in days, fingerprint.
        name: scale, horizon, ticker, label, campaign and fingerprint.
        attributes: user attributes.
        trials: all trials by number, from 0 without a gap.
    """

    order: tuple[int, int, str]
    name: str
    attributes: Mapping[str, Any]
    trials: list[FrozenTrial]


def export(ledger: Path, journal: Path) -> None:
    """Write all studies of the folder `ledger` to an Optuna journal, replacing an old one.

    Raises:
        LedgerError: when the ledger has no study, or the journal or a temporary file cannot be written; an
            old journal is then untouched.
    """
    studies = read_studies(ledger)
    write_bytes(journal, _as_journal(studies))
    trials = sum(len(exported.trials) for exported in studies)
    logger.info("%s: %d studies with %d trials exported", journal, len(studies), trials)


def _as_journal(studies: Sequence[ExportedStudy]) -> bytes:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # Built in a temporary folder, so that a dashboard sees neither a partial journal nor the backend's lock.
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
    """Return all studies of a ledger, the smallest scale first; unreadable ones are logged and skipped.

    Raises:
        LedgerError: when there is no study, or the folder cannot be read.
    """
    studies, tickers = [], tickers_by_features(results_of(ledger).parent / "data")
    for home in _homes(ledger):
        try:
            settings = read_study_file(home)
            if settings is None:
                logger.warning("skipping %s: it has no study.json yet", home)
            else:
                studies.append(_study(home, settings, tickers))
        except UNREADABLE as error:
            logger.warning("skipping %s: it cannot be read (%r)", home, error)
    if not studies:
        raise LedgerError(
            f"found no study in {ledger}, expected <fingerprint>/study.json there; start a search first, or "
            "name another results folder: make dashboard FOLDER=demo"
        )
    return sorted(studies, key=lambda study: study.order)


def _homes(ledger: Path) -> list[Path]:
    try:
        return [path for path in homes_in(ledger) if path.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise LedgerError(
            f"cannot read {ledger}: {error.strerror or error}; give read permission, or name another results "
            "folder: make dashboard FOLDER=demo"
        ) from error


def _study(home: Path, meaning: Mapping[str, Any], tickers: Mapping[str, str]) -> ExportedStudy:
    scale, budget, days = meaning["scale"], meaning["budget_parameters"], meaning["label"]["horizon_days"]
    known = distributions(Space.from_json(meaning["space"]))
    found: dict[int, FrozenTrial] = {}
    study = StudyAddress(scale=scale, horizon_days=days)
    place = home / study.folder
    # `iterdir` raises an error for an unreadable folder, unlike `glob`.
    names = [folder.name for folder in place.iterdir()] if place.exists() else []
    for address in study.addresses(names):
        trial = _trial(RunFiles(home, address), known) if address.purpose == "trial" else None
        if trial is not None:
            found[address.number] = trial
    waiting = create_trial(state=TrialState.WAITING, user_attrs={"state": "not begun"})
    trials = [found.get(number, waiting) for number in range(max(found, default=-1) + 1)]
    about = about_study(home, meaning["features_sha256"], tickers)
    attributes = {"fingerprint": home.name, "budget_parameters": budget}
    for trial in trials:  # the same for all trials with a result
        if "prior_log_loss" in trial.user_attrs:
            attributes["prior_validation_log_loss"] = trial.user_attrs["prior_log_loss"]
            about = replace(about, campaign=trial.user_attrs["campaign"])
    names = (*study.name.split("/"), about.ticker, about.label, about.campaign, home.name)
    return ExportedStudy(
        order=(budget, days, home.name),
        name=" ".join(filter(None, names)),
        attributes=attributes | about.known,
        trials=trials,
    )


def _trial(files: RunFiles, known: Mapping[str, BaseDistribution]) -> FrozenTrial | None:
    started = ended = None
    try:
        # The result first, because a trial writes it last.
        result = files.result()
        if result is not None:
            trial = _finished(result, known)
        else:
            params = files.params()
            if params is None:
                logger.warning("skipping %s: it has no params.json yet", files.folder)
                return None
            trial = _unfinished(params, files.events(), known)
        started, ended = _times(files.events())
    except UNREADABLE as error:
        logger.warning("%s: cannot be read (%r)", files.folder, error)
        trial = create_trial(state=TrialState.FAIL, user_attrs={"state": "unreadable"})
    changed = _changed(files.folder)
    trial.datetime_start = started or changed
    if trial.state.is_finished():
        trial.datetime_complete = ended or changed
    return trial


def _times(events: list[dict[str, Any]]) -> tuple[datetime | None, datetime | None]:
    return _time_of("start", events), _time_of("finish", events[::-1])


def _changed(folder: Path) -> datetime:
    try:
        return datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    except OSError:  # the folder was just deleted
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
    params: TrialParams, events: list[dict[str, Any]], known: Mapping[str, BaseDistribution]
) -> FrozenTrial:
    attributes = {"state": "begun", "origin": params.origin, "repeats": params.repeats}
    return create_trial(
        state=TrialState.RUNNING,
        params=dict(params.hyperparameters),
        distributions=dict(known),
        user_attrs={name: value for name, value in attributes.items() if value is not None},
        # An epoch computed again after a power cut is in the events twice; the last one is used.
        intermediate_values={
            event["epoch"]: event["validation"]["log_loss"] for event in events if event["event"] == "epoch"
        },
    )


def _time_of(kind: str, events: list[dict[str, Any]]) -> datetime | None:
    times = (event["time"] for event in events if event["event"] == kind)
    return next((datetime.fromisoformat(time) for time in times), None)


def main(arguments: Sequence[str] | None = None) -> None:
    """Export the ledger named on the command line; exit with a message if this fails."""
    parser = argparse.ArgumentParser(
        prog="python -m simmer.commands.dashboard",
        description="Export a ledger to an Optuna journal for optuna-dashboard.",
    )
    parser.add_argument("ledger", type=typed_path, help="the ledger, such as results/ledger; only read")
    parser.add_argument("journal", type=typed_path, help="file to write; an old one is replaced")
    given = parser.parse_args(arguments)
    try:
        export(given.ledger, given.journal)
    except (SimmerError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    log_to_terminal()
    main()
