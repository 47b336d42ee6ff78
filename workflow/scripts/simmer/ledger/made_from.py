"""What published files were made from, so that files that no longer match are found without file times.

<ledger>/made_from/<first output of a job>.json holds the digests of the job's settings, inputs and outputs. A
job's parameters are its settings. Trials and refits are compared with the ledger instead.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Protocol, Self

from simmer.base.errors import DamagedError
from simmer.base.files import sha256_of_bytes, sha256_of_file, to_json
from simmer.base.records import read_record, write_record
from simmer.base.typed_json import as_json, from_values
from simmer.ledger.address import RESULTS, made_from_in
from simmer.ledger.pages import without_mark


class Job(Protocol):
    """A job, as the workflow engine describes it to its script."""

    input: Iterable[str]
    output: Any
    params: Any


@dataclass(frozen=True, kw_only=True)
class MadeFrom:
    """Digests of a job: of its settings, and of its inputs and outputs by path."""

    settings: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return the record in a file; None if there is none.

        Raises:
            DamagedError: when it is damaged.
            LedgerError: when it must not be read.
        """
        advice = "run the same command again: what it describes is made again"
        values = read_record(path, advice=advice, digest=True)
        return None if values is None else from_values(cls, values, where=path, advice=advice)

    def has_changed_inputs(self, digests: "Digests") -> bool:
        """Return True if an input has changed since; absent inputs do not count."""
        return any(digests[name] is not None for name in digests.changed(self.inputs))


@dataclass
class Digests:
    """SHA-256 of files, each computed once; `place` turns a recorded path into that of the file.

    The mark of an outdated report page does not count, and of weights only their size.
    """

    place: Callable[[str], Path] = Path
    known: dict[str, str | None] = field(default_factory=dict)

    def __getitem__(self, path: str) -> str | None:
        """Return the digest of a file; None if it cannot be read."""
        if path not in self.known:
            try:
                self.known[path] = _digest(self.place(path))
            except OSError:
                self.known[path] = None
        return self.known[path]

    def changed(self, recorded: Mapping[str, str]) -> list[str]:
        """Return the files whose digest is not the recorded one, absent ones included."""
        return [name for name, sha256 in recorded.items() if self[name] != sha256]


@contextmanager
def made_from(job: Job) -> Iterator[list[Path]]:
    """Run the body of a job, then record what its outputs were made from.

    Yields a list, to which the body adds files that belong to the outputs but are not declared.
    """
    beside: list[Path] = []
    yield beside
    outputs = [str(path) for path in (*job.output, *beside)]
    record = MadeFrom(
        settings=settings_digest(dict(job.params.items())),
        inputs={str(path): sha256_of_file(Path(path)) for path in job.input},
        outputs={path: _digest(Path(path)) for path in outputs},
    )
    write_record(record_of(outputs[0]), as_json(record))


def is_current(
    outputs: Sequence[str], *, inputs: Iterable[str], params: Mapping[str, Any], digests: Digests
) -> bool:
    """Return True if unchanged outputs were made from these parameters and these unchanged inputs.

    Outputs without a record, which older versions published, count as current; absent inputs do not count.

    Raises:
        LedgerError: when the record must not be read.
    """
    try:
        record = MadeFrom.read(record_of(outputs[0]))
    except DamagedError:
        return False
    return record is None or (
        record.settings == settings_digest(params)
        and record.inputs.keys() == set(inputs)
        and record.outputs.keys() >= set(outputs)
        and not digests.changed(record.outputs)
        and not record.has_changed_inputs(digests)
    )


def settings_digest(params: Mapping[str, Any]) -> str:
    """Return the digest of a job's parameters."""
    return sha256_of_bytes(to_json(params).encode())


def record_of(output: Path | str, *, results: Path = RESULTS) -> Path:
    """Return the path of the record of the job that made an output."""
    return made_from_in(results) / f"{output}.json"


def place_in(results: Path, recorded: str) -> Path:
    """Return where a recorded path lies, for any folder of results."""
    path = PurePath(recorded)
    return results / path.relative_to(RESULTS) if path.is_relative_to(RESULTS) else results.parent / path


def _digest(path: Path) -> str:
    if path.suffix == ".safetensors":
        # Gigabytes, at each start of a run. Their SHA-256 is in the card, for whoever reads them.
        return f"{path.stat().st_size} bytes"
    if path.suffix in (".html", ".md"):
        return sha256_of_bytes(without_mark(path.read_bytes()))
    return sha256_of_file(path)
