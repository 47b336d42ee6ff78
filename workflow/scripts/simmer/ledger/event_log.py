"""Events of a run: a file of one JSON object per line, appended only, each line with a digest.

Lines of older versions have no digest. They are accepted while no line of the file has one.
"""

import json
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simmer.base.errors import DamagedError
from simmer.base.files import user_facing_os_errors, write_bytes
from simmer.base.records import DIGEST, parse_record, read_file, with_digest
from simmer.ledger.copies import set_aside

logger = logging.getLogger(__name__)


def append_event(path: Path, event: dict[str, Any]) -> None:
    """Append an event with its time and flush it to disk; an incomplete last line is removed first."""
    stamp = {"time": datetime.now(UTC).isoformat(timespec="milliseconds")}
    line = _line(stamp | event)
    with user_facing_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            _drop_torn_tail(file.fileno())
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


def read_events(path: Path) -> list[dict[str, Any]]:
    """Return all whole events, oldest first; a missing log has none."""
    return [json.loads(line) for line in whole_lines(complete_lines(path))]


def complete_lines(path: Path) -> list[bytes]:
    """Return all lines that end in a line feed; text after the last one was cut off."""
    content = read_file(path, advice="move it to another folder and run the same command again") or b""
    # Split at line feeds only: `splitlines` would also split at other characters.
    return [line + b"\n" for line in content.split(b"\n")[:-1]]


def whole_lines(lines: Iterable[bytes]) -> list[bytes]:
    """Return the lines that are not damaged."""
    found = [(line, *_parsed(line)) for line in lines]
    with_digests = any(has_digest for _, _, has_digest in found)
    return [line for line, event, has_digest in found if event is not None and has_digest >= with_digests]


def upgrade_events(path: Path) -> None:
    """Give digests to the lines of an older version; damaged lines stay as they are."""
    lines = complete_lines(path)
    found = [_parsed(line) for line in lines]
    if lines and not any(has_digest for _, has_digest in found):
        pairs = zip(lines, found, strict=True)
        write_bytes(path, b"".join(line if event is None else _line(event) for line, (event, _) in pairs))


def same_events(path: Path, copy: Path) -> bool:
    """Return True if a log and its copy hold the same events, with digests or without.

    Raises:
        LedgerError: when one of them cannot be read.
    """
    lines, copied = complete_lines(path), complete_lines(copy)
    return lines == copied or [_parsed(line)[0] for line in lines] == [_parsed(line)[0] for line in copied]


@dataclass(frozen=True, kw_only=True)
class ComparedEvents:
    """A log compared with its copy.

    Attributes:
        damaged: number of its lines that are damaged.
        missing: number of whole lines that only the copy has.
        merged: all whole lines: those of the copy, which is earlier, then what only the log has.
    """

    damaged: int
    missing: int
    merged: list[bytes]


def compare_events(path: Path, *, copy: Path, is_copy: bool) -> ComparedEvents:
    """Compare a log with its copy.

    Args:
        path: the log.
        copy: an earlier copy of it, whole or not.
        is_copy: True if `copy` is known to be one; else one common line shows it.
    """
    lines = complete_lines(path)
    whole, copied = (
        [_line(json.loads(line)) for line in whole_lines(found)] for found in (lines, complete_lines(copy))
    )
    if not is_copy and set(whole).isdisjoint(copied):
        copied = []
    known = set(whole)
    return ComparedEvents(
        damaged=len(lines) - len(whole),
        missing=sum(line not in known for line in copied),
        merged=list(dict.fromkeys([*copied, *whole])),
    )


def restore_events(path: Path, *, copy: Path, is_copy: bool) -> None:
    """Write the log again without damaged lines and with those that only its copy has, and log it.

    Arguments as `compare_events`.
    """
    found = compare_events(path, copy=copy, is_copy=is_copy)
    if not found.damaged and not found.missing:
        return
    if path.is_file():
        set_aside(path)
    write_bytes(path, b"".join(found.merged))
    logger.warning(
        "found %d damaged and %d missing lines in %s: written again with the %d whole ones",
        found.damaged,
        found.missing,
        path,
        len(found.merged),
    )


def _line(event: Mapping[str, Any]) -> bytes:
    return json.dumps(with_digest(event), allow_nan=False).encode() + b"\n"


def _parsed(line: bytes) -> tuple[dict[str, Any] | None, bool]:
    """Return the event of a line, None if it is damaged, and True if it has a digest."""
    try:
        event = parse_record(line, where="event", advice="")
    except DamagedError:
        return None, False
    usable = isinstance(event.get("event"), str) and _is_time(event.get("time"))
    return event if usable else None, f'"{DIGEST}"'.encode() in line


def _is_time(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _drop_torn_tail(descriptor: int) -> None:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n":
        return
    content = os.pread(descriptor, size, 0)
    os.ftruncate(descriptor, content.rfind(b"\n") + 1)
