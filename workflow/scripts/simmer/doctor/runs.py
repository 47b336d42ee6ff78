"""Check the files of one run: records, events, checkpoints, and what is published."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from simmer.base.errors import DamagedError, LedgerError
from simmer.base.words import count
from simmer.doctor.findings import (
    COMPUTED,
    LEFT_OUT,
    LOST_WEIGHTS,
    PUBLISHED,
    RESTORED,
    Finding,
    without_path,
)
from simmer.ledger.copies import first_whole, if_whole, problems
from simmer.ledger.run_files import RunFiles
from simmer.status.holders import Holder, holder_at

_RESULT = "result.json"
_CHECKPOINT = re.compile(r"checkpoint_(\d+)")


@dataclass(frozen=True, kw_only=True)
class CheckedRun:
    """A run and what is wrong with it.

    Attributes:
        files: its files.
        findings: what is wrong.
        finished: True if a copy of its result is whole.
        restorable: False if a record has no whole copy or two copies may both be right, or files cannot be
            read; such a run is left as it is.
        must_be_published: True if its results belong at the published path.
        resumes_at: step of the newest whole checkpoint of an unfinished run; None without one.
        holder: the process that its lock names.
    """

    files: RunFiles
    findings: tuple[Finding, ...] = ()
    finished: bool = False
    restorable: bool = True
    must_be_published: bool = False
    resumes_at: int | None = None
    holder: Holder | None = None

    @property
    def name(self) -> str:
        """Study and run in messages, such as `2M/h3 trial_004`."""
        return f"{self.files.address.study.name} {self.files.name}"

    @property
    def at_work(self) -> bool:
        """True if a process on this machine is training it now."""
        return self.holder is not None and self.holder.alive is True


def check_run(files: RunFiles, *, with_digests: bool, must_be_published: bool) -> CheckedRun:
    """Check all files of a run; they are only read.

    Args:
        files: the run.
        with_digests: False for a run of an older version, whose records have neither digests nor copies.
        must_be_published: True if its results belong at the published path.
    """
    try:
        return _check(files, with_digests=with_digests, must_be_published=must_be_published)
    except (LedgerError, OSError) as error:
        return CheckedRun(files=files, findings=(Finding.unreadable(files.folder, error),), restorable=False)


def _check(files: RunFiles, *, with_digests: bool, must_be_published: bool) -> CheckedRun:
    holder = holder_at(files.lock_path)
    findings, lost = _records(files, with_digests=with_digests)
    finished = not lost and files.result() is not None
    contradictions = list(_contradictions(files, with_digests=with_digests)) if finished else []
    events = list(_events(files))
    publication = []
    is_restored_first = any(one.path.name == _RESULT for one in (*findings, *contradictions))
    if finished and must_be_published and not is_restored_first:
        publication = [one for one in _publication(files) if not events or one.path.suffix == ".json"]
    if not finished and not lost and files.params() is None and files.events():
        then = "the next run chooses them again, from the configuration and earlier results"
        findings.append(Finding(path=files.folder / "params.json", what="missing", then=then))
    checkpoints = {}
    if not finished and not (holder and holder.alive):
        from simmer.training.checkpoint import CheckpointStore  # imports torch

        store = CheckpointStore(files.folder)
        checkpoints = store.check() if any(files.folder.glob("checkpoint*")) else {}
    if checkpoints and not files.events():
        findings.append(Finding(path=files.folder / "events.jsonl", what="has no whole line", then=LEFT_OUT))
    return CheckedRun(
        files=files,
        findings=(
            *findings,
            *contradictions,
            *events,
            *publication,
            *_checkpoints(checkpoints),
            *(_weights(files) if finished else ()),
        ),
        finished=finished,
        restorable=not lost and not contradictions,
        must_be_published=must_be_published,
        resumes_at=max((_step(path) or 0 for path, whole in checkpoints.items() if whole), default=None),
        holder=holder,
    )


def _records(files: RunFiles, *, with_digests: bool) -> tuple[list[Finding], bool]:
    """Return what is wrong with the records, and True if one of them has no whole copy."""
    found: list[tuple[Path, str]] = []
    lost = False
    for copies, others in files.records():
        wrong = problems(copies)
        try:
            # Without a whole result, the records that could be restored from it have only their own copies.
            known = first_whole([*copies.values(), *([] if lost else others)]) is not None
        except DamagedError:
            known, lost = True, True
        for path, message in wrong.items() if known else ():
            is_old_copy = not with_digests and not path.exists() and path.name != _RESULT
            if not is_old_copy:
                found.append((path, without_path(message, path)))
    then = COMPUTED if lost else RESTORED
    return [Finding(path=path, what=what, then=then) for path, what in found], lost


def _contradictions(files: RunFiles, *, with_digests: bool) -> Iterator[Finding]:
    """Yield findings that no program can decide: the copies are whole, but one of them must be wrong."""
    ((copies, others), *_) = files.records()
    (path,) = copies
    own, published = if_whole(copies[path]), if_whole(others[0])
    if not with_digests and own is not None and published is not None and own != published:
        yield Finding(
            path=path,
            what="differs from the published result, and neither has a digest",
            then="the next run of its study stops here: move the wrong one to another folder",
        )


def _events(files: RunFiles) -> Iterator[Finding]:
    path, compared = files.events_beside_copy()
    if not compared.damaged and not compared.missing:
        return
    if not path.is_file():
        yield Finding(path=path, what="missing", then=RESTORED)
        return
    counts = {"damaged": compared.damaged, "missing": compared.missing}
    what = " and ".join(count(number, f"{kind} line") for kind, number in counts.items() if number)
    yield Finding(path=path, what=what, then=RESTORED if compared.missing else LEFT_OUT)


def _publication(files: RunFiles) -> Iterator[Finding]:
    for path, message in files.unpublished().items():
        what = without_path(message, path)
        normal = ("not published", "of another study or winner")
        yield Finding(path=path, what=what, then=PUBLISHED, damage=what not in normal)


def _weights(files: RunFiles) -> Iterator[Finding]:
    stored = files.kept_weights()
    if stored is None:
        return
    own, found = files.weights.path(stored), files.weights.problems(stored)
    if own in found:
        then = LOST_WEIGHTS if files.weights.published in found else RESTORED
        yield Finding(path=own, what=found[own], then=then)


def _checkpoints(checkpoints: dict[Path, bool]) -> Iterator[Finding]:
    steps = [step for path, whole in checkpoints.items() if whole and (step := _step(path)) is not None]
    for path, whole in checkpoints.items():
        if not whole:
            then = f"the run resumes at step {max(steps)}" if steps else "the run begins again"
            yield Finding(path=path, what="damaged", then=then)


def _step(path: Path) -> int | None:
    match = _CHECKPOINT.match(path.name)
    return None if match is None else int(match[1])
