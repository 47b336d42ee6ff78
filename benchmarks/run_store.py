"""Finished runs in a file of one JSON line each, found again by the digest of all that they depend on."""

from pathlib import Path
from typing import Any, Protocol

from simmer.ledger.event_log import append_event, read_events

DIGITS = 7  # of a stored loss or probability

Facts = dict[str, Any]


class Job(Protocol):
    """One run whose result is stored; it is sent to another process."""

    @property
    def digest(self) -> str:
        """The digest of everything that its result depends on."""
        ...

    def facts(self) -> Facts:
        """Return what it is, for people who read the stored line."""
        ...

    def run(self) -> Facts:
        """Return its result."""
        ...


class RunStore:
    """The results in one file; lines with a digest of other code, data or settings stay and are not used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found = {line["digest"]: line for line in read_events(path)}

    def result(self, job: Job) -> Facts | None:
        """Return the stored result of a job, or None."""
        return self._found.get(job.digest)

    def keep(self, job: Job, result: Facts) -> None:
        """Store the result of a job."""
        line = {"event": type(job).__name__.lower(), **job.facts(), "digest": job.digest, **result}
        append_event(self._path, line)
        self._found[line["digest"]] = line
