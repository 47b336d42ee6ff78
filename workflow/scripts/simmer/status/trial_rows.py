"""All trials of a ledger as rows of one table, for a notebook."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from simmer.base.errors import LedgerError
from simmer.ledger.params import TrialParams
from simmer.ledger.results import TrialResult, Value
from simmer.ledger.table import trial_columns
from simmer.status.catalogue import ListedStudy
from simmer.status.trial_files import TrialProgress

_SPLIT_DATES = ("first_date", "last_date")


def trial_rows(
    studies: Sequence[ListedStudy], hyperparameters: Mapping[str, Value | None]
) -> Iterator[dict[str, Any]]:
    """Yield the row of each trial: the columns of trials.csv, the dates of its splits, and its times.

    A trial without a result has the state `begun`, its hyperparameters and what its log holds so far; one
    with unreadable files has the state `unreadable`.

    Args:
        studies: in the order of the rows.
        hyperparameters: by name, the value to show for older results that lack it.
    """
    for listed in studies:
        progress = listed.progress
        begun = [work.trial for work in progress.begun if work.trial.is_trial]
        columns = trial_columns(hyperparameters, listed.about)
        for trial in sorted((*progress.finished, *begun), key=lambda trial: trial.number):
            found = _read(listed, trial)
            if isinstance(found, TrialResult):
                row = {name: read(found) for name, read in columns.items()}
            else:
                row = dict.fromkeys(columns) | _unfinished(listed, trial, found)
            yield row | _dates(listed) | _times(trial)


def _read(listed: ListedStudy, trial: TrialProgress) -> TrialResult | TrialParams | None:
    files = listed.study.ledger.trial(trial.number)
    try:
        return files.params() if trial.state is None else files.result()
    except (LedgerError, OSError):
        return None


def _unfinished(listed: ListedStudy, trial: TrialProgress, params: TrialParams | None) -> dict[str, Any]:
    study = listed.study
    return {
        "scale": study.scale,
        "horizon_days": study.horizon_days,
        "trial": trial.number,
        "state": trial.state or "begun",
        "validation_log_loss": trial.loss,
        "epochs": trial.epochs,
        "train_s": trial.trained_s,
        "fingerprint": study.home.name,
        **listed.about.known,
        **({} if params is None else {"origin": params.origin, **params.hyperparameters}),
    }


def _dates(listed: ListedStudy) -> dict[str, str | None]:
    return {
        f"{split}_{name}": listed.dataset and getattr(getattr(listed.dataset, split), name)
        for split in ("train", "validation")
        for name in _SPLIT_DATES
    }


def _times(trial: TrialProgress) -> dict[str, datetime | None]:
    moments = {"begun_at": trial.begun_s, "ended_at": trial.finished_s}
    return {
        name: None if at_s is None else datetime.fromtimestamp(at_s, UTC) for name, at_s in moments.items()
    }
