"""A search as optuna-dashboard shows it: the ledger, copied into an Optuna journal.

python -m simmer.dashboard LEDGER JOURNAL

The ledger is only read, so this may run at any time beside a campaign and is no step of it. Each study of
the ledger becomes a study of the journal, and each trial keeps its number:

    result `complete`                    COMPLETE, its value the best validation log-loss
    result `pruned` or `out_of_time`     PRUNED, its value the best one until then, if there was any
    result `diverged`, `out_of_memory`   FAIL
    begun, no result yet                 RUNNING, whether it trains now or waits to be resumed
    a file that cannot be read           FAIL, without parameters, user attribute state `unreadable`
    not begun, but a later number is     WAITING, without parameters, user attribute state `not begun`

The journal is a snapshot and written as a whole. A dashboard that has it open would read on in the middle of
a line and fail, so it must be started anew. What is written or deleted in a dashboard changes the snapshot
only, and lasts until the next one.
"""

import logging
import re
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState, create_trial

from simmer.errors import LedgerError, SimmerError
from simmer.files import read_json, user_facing_os_errors, write_bytes
from simmer.search.ledger import TrialLedger
from simmer.search.space import Choice, Range, Space
from simmer.search.study import horizon_name
from simmer.search.suggest import distributions
from simmer.search.table import COLUMNS, MACHINE_COLUMNS

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

UNREADABLE = (LedgerError, KeyError, TypeError, ValueError)

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
        LedgerError: when there is no study in the ledger, or the journal cannot be written; an old one is
            then untouched.
    """
    studies = read_studies(ledger)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # Built where no dashboard looks, so that neither half a journal nor the backend's lock lies beside it.
    with user_facing_os_errors(journal), TemporaryDirectory() as folder:
        built = Path(folder) / journal.name
        storage = JournalStorage(JournalFileBackend(str(built)))
        for exported in studies:
            study = optuna.create_study(storage=storage, study_name=exported.name, direction="minimize")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ExperimentalWarning)  # its version is pinned
                study.set_metric_names(["validation log-loss"])
            for name, value in exported.attributes.items():
                study.set_user_attr(name, value)
            study.add_trials(exported.trials)
        write_bytes(journal, built.read_bytes())
    trials = sum(len(exported.trials) for exported in studies)
    logger.info("%s: studies %d, trials %d", journal, len(studies), trials)


def read_studies(ledger: Path) -> list[ExportedStudy]:
    """Return all studies of a ledger, the smallest scale first; what cannot be read is logged and left out.

    Raises:
        LedgerError: when there is none.
    """
    studies = []
    for home in sorted(path for path in ledger.glob("*") if path.is_dir() and path.name != "locks"):
        if not (home / "study.json").is_file():
            logger.warning("skipping %s: it has no study.json yet", home)
            continue
        try:
            studies.append(_study(ledger, home))
        except UNREADABLE as error:
            logger.warning("skipping %s: its study.json cannot be read (%r)", home, error)
    if not studies:
        raise LedgerError(
            f"found no study in {ledger}, expected <fingerprint>/study.json there; begin a search first, or "
            "name the results of another one: make dashboard RESULTS=demo/results"
        )
    return sorted(studies, key=lambda study: study.order)


def space_from_json(block: Mapping[str, Mapping[str, Any]]) -> Space:
    """Return the space that `Space.as_json` wrote as `block`."""
    return Space(
        {
            key: Choice(tuple(spec["values"])) if "values" in spec else Range(**spec)
            for key, spec in block.items()
        }
    )


def _study(ledger: Path, home: Path) -> ExportedStudy:
    meaning = read_json(home / "study.json")
    scale, budget, days = meaning["scale"], meaning["budget_parameters"], meaning["label"]["horizon_days"]
    known = distributions(space_from_json(meaning["space"]))
    found: dict[int, FrozenTrial] = {}
    for folder in sorted((home / scale / horizon_name(days)).glob("trial_*")):
        number = re.fullmatch(r"trial_(\d+)", folder.name)
        lock_path = ledger / "locks" / folder.relative_to(home).with_suffix(".lock")
        trial = _trial(TrialLedger(folder, lock_path=lock_path), known) if number else None
        if trial is not None:
            found[int(number[1])] = trial
    waiting = create_trial(state=TrialState.WAITING, user_attrs={"state": "not begun"})
    trials = [found.get(number, waiting) for number in range(max(found, default=-1) + 1)]
    attributes = {"fingerprint": home.name, "budget_parameters": budget}
    for trial in trials:  # the same in each that has a result
        if "prior_log_loss" in trial.user_attrs:
            attributes["prior_validation_log_loss"] = trial.user_attrs["prior_log_loss"]
    return ExportedStudy(
        order=(budget, days, home.name),
        name=f"{scale} {horizon_name(days)} {home.name}",
        attributes=attributes,
        trials=trials,
    )


def _trial(files: TrialLedger, known: Mapping[str, BaseDistribution]) -> FrozenTrial | None:
    changed = datetime.fromtimestamp(files.folder.stat().st_mtime, UTC)
    try:
        # In this order, because a trial that ends meanwhile writes them the other way round.
        result, params, events = files.result(), files.params(), files.events()
        if params is None:
            logger.warning("skipping %s: it has no params.json yet", files.folder)
            return None
        trial = _unfinished(params, events, known) if result is None else _finished(result, known)
    except UNREADABLE as error:
        logger.warning("%s: cannot be read (%r)", files.folder, error)
        trial, events = create_trial(state=TrialState.FAIL, user_attrs={"state": "unreadable"}), []
    trial.datetime_start = _time_of("start", events) or changed
    if trial.state.is_finished():
        trial.datetime_complete = _time_of("finish", events[::-1]) or changed
    return trial


def _finished(result: Mapping[str, Any], known: Mapping[str, BaseDistribution]) -> FrozenTrial:
    columns = COLUMNS | MACHINE_COLUMNS
    attributes = {name: columns[name](result) for name in ATTRIBUTES}
    return create_trial(
        state=STATES[result["state"]],
        value=result["validation_log_loss"],
        params=result["hyperparameters"],
        distributions=dict(known),
        user_attrs={name: value for name, value in attributes.items() if value is not None},
        intermediate_values=_losses(result["curve"]),
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
        intermediate_values=_losses([event for event in events if event["event"] == "epoch"]),
    )


def _losses(records: list[dict[str, Any]]) -> dict[int, float]:
    # An epoch that was computed again after a power cut stands in the events twice: the last one counts.
    return {record["epoch"]: record["validation"]["log_loss"] for record in records}


def _time_of(kind: str, events: list[dict[str, Any]]) -> datetime | None:
    times = (event["time"] for event in events if event["event"] == kind)
    return next((datetime.fromisoformat(time) for time in times), None)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        export(*(Path(argument) for argument in sys.argv[1:]))
    except SimmerError as error:
        sys.exit(str(error))
