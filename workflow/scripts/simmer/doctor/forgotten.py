"""Move a study out of the ledger and out of what is published; nothing is deleted."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from itertools import count
from pathlib import Path

from simmer.base.errors import LedgerError
from simmer.base.files import user_facing_os_errors
from simmer.base.locks import lock_or_refuse
from simmer.doctor.campaign_lock import campaign_locked
from simmer.doctor.published import read_published
from simmer.ledger.address import LOCKS, StudyAddress
from simmer.ledger.published_models import models_in

_FORGOTTEN = "forgotten"


def forget(home: Path, study: StudyAddress, results: Path, *, today: date) -> Path:
    """Move a study aside, as `results/forgotten/<fingerprint>-<date>`, and return its folder there.

    Args:
        home: its folder in the ledger.
        study: its scale and horizon.
        results: the folder of results.
        today: for the name.

    Raises:
        BusyError: when a run is at work in the folder, or a trial of this scale and horizon.
        LedgerError: when the study is gone, or cannot be moved.
    """
    with campaign_locked(results), ExitStack() as locks:
        for path in sorted((home.parent / LOCKS / study.folder).rglob("*.lock")):
            locks.enter_context(lock_or_refuse(path, what=f"{study.name} {path.stem}"))
        if not home.is_dir():
            raise LedgerError(f"found no folder {home}; expected a study: another process has moved it")
        target = _free(results / _FORGOTTEN / f"{home.name}-{today.isoformat()}")
        # The ledger comes last, so that a kill in between leaves a whole study, which is published again.
        for path in (*list(_published(home, results)), home):
            moved = target / path.relative_to(results)
            with user_facing_os_errors(moved):
                moved.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(path, moved)
        return moved


def forgotten_in(results: Path) -> list[Path]:
    """Return the folders of the studies that were moved aside, by name."""
    return sorted((results / _FORGOTTEN).glob("*/ledger/*"))


def _published(home: Path, results: Path) -> Iterator[Path]:
    for model in models_in(results):
        if model.home == home:
            yield from model.files()
    for path, files in read_published(results).whole.items():
        if files.home == home:
            yield path
            if path.with_suffix(".jsonl").is_file():
                yield path.with_suffix(".jsonl")


def _free(folder: Path) -> Path:
    names = (folder.name if number == 1 else f"{folder.name}-{number}" for number in count(1))
    return next(path for name in names if not (path := folder.with_name(name)).exists())
