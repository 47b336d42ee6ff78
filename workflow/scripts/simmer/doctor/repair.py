"""Restore what has a whole copy, publish what differs, and remove temporary files of ended processes.

Nothing is trained. Nothing that may hold a computed value is deleted: damaged files are renamed.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from simmer.base.errors import DamagedError, SimmerError
from simmer.base.files import user_facing_os_errors
from simmer.base.locks import holder_of, try_lock
from simmer.doctor.checkup import Checkup
from simmer.doctor.runs import CheckedRun
from simmer.doctor.studies import CheckedStudy
from simmer.evidence.looks import incomplete_copies, restore_looks
from simmer.ledger.address import looks_in
from simmer.ledger.preparation import prepare
from simmer.ledger.published_models import models_in
from simmer.ledger.published_run import run_published_at
from simmer.ledger.run_files import RunFiles
from simmer.ledger.study_file import keeps_digests

LIBRARY = "simmer"


def repair(found: Checkup) -> list[str]:
    """Repair what was found, and return a line about each thing done and each thing that was left.

    The caller holds the campaign's lock.
    """
    done: list[str] = []
    with _recorded(done):
        for study in found.studies:
            _attempt(done, lambda study=study: _prepare(study, done))
        lost = [study for study in found.studies if not study.home.is_dir()]
        # Everything is restored before anything is published, because a published result may be a copy.
        for run in (run for study in found.studies for run in study.runs if run.findings and run.restorable):
            _attempt(done, lambda run=run: _restore(run, done))
        for study in lost:
            _attempt(done, lambda study=study: _prepare(study, done))
        for run in (run for study in found.studies for run in study.runs if _is_due(run)):
            _attempt(done, lambda run=run: _publish(found.results, run, done))
    _attempt(done, lambda: _copy_weights(found.results, done))
    _attempt(done, lambda: _complete_looks(looks_in(found.results), done))
    for path in found.leftovers.temporary:
        _attempt(done, lambda path=path: _remove(path, done))
    return done


def _attempt(done: list[str], action: Callable[[], None]) -> None:
    """Do one thing; an error becomes a line, so that the others are done nevertheless."""
    try:
        action()
    except SimmerError as error:
        done.append(f"not done: {error}")
    except OSError as error:
        done.append(f"not done: cannot read {error.filename}: {error.strerror or error}")


@contextmanager
def _recorded(done: list[str]) -> Iterator[None]:
    """Append the library's warnings, which say what was restored."""
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: done.append(record.getMessage())
    library = logging.getLogger(LIBRARY)
    propagate, library.propagate = library.propagate, False
    library.addHandler(handler)
    try:
        yield
    finally:
        library.removeHandler(handler)
        library.propagate = propagate


def _prepare(study: CheckedStudy, done: list[str]) -> None:
    if study.ledger is None or not study.home.is_dir():
        return
    prepare(study.ledger)
    if not study.with_digests and keeps_digests(study.home):
        done.append(f"{study.home}: digests and copies are added to the records of an older version")


def _restore(run: CheckedRun, done: list[str]) -> None:
    with _held(run, done) as held:
        if held:
            run.files.restore()


def _is_due(run: CheckedRun) -> bool:
    return bool(run.must_be_published and run.finished and run.restorable and run.findings)


def _publish(results: Path, run: CheckedRun, done: list[str]) -> None:
    """Publish a run again, unless that would overwrite the only copy of another run's result."""
    result, log = (results / run.files.address.published(ending) for ending in ("json", "jsonl"))
    with _held(run, done) as held:
        if not held or run.files.is_published():
            return
        if _is_only_copy(results, run.files):
            done.append(f"{result} is left as it is: the ledger lacks it, and {run.name} would replace it")
            return
        run.files.append_event({"event": "republish"})
        run.files.publish(result=result, log=log)
        done.append(f"{result}: published again from the ledger")


def _copy_weights(results: Path, done: list[str]) -> None:
    """Copy the weights of published models again where they are damaged or missing."""
    for model in models_in(results):
        found = model.problems()
        for member in model.card.members:
            file = model.folder / member.file
            if file in found and model.weights(member).publish(member.stored):
                done.append(f"{file}: published again from the ledger")


def _is_only_copy(results: Path, own: RunFiles) -> bool:
    try:
        other = run_published_at(own.address, results)
    except DamagedError:
        return False
    return other is not None and other.folder != own.folder and other.lacks_result()


@contextmanager
def _held(run: CheckedRun, done: list[str]) -> Iterator[bool]:
    """Hold the lock of a run; yield False if another process holds it."""
    lock = try_lock(run.files.lock_path)
    if lock is None:
        done.append(f"{run.name} is left as it is: {holder_of(run.files.lock_path)} is at work on it")
        yield False
        return
    with lock:
        yield True


def _complete_looks(path: Path, done: list[str]) -> None:
    if any(missing for missing, _ in incomplete_copies(path).values()):
        restore_looks(path)
        done.append(f"{path}: looks that one copy lacked are appended")


def _remove(path: Path, done: list[str]) -> None:
    with user_facing_os_errors(path):
        path.unlink(missing_ok=True)
    done.append(f"{path}: removed, its process has ended")
