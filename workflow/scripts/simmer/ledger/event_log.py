"""Events of a run: a file of one JSON object per line, appended only, each line with a digest.

Lines of older versions have no digest. They are accepted before the first line with one.
"""

import json
import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simmer.base.errors import DamagedError
from simmer.base.files import user_facing_os_errors, write_bytes
from simmer.base.records import DIGEST, parse_record, with_digest
from simmer.ledger.copies import set_aside

logger = logging.getLogger(__name__)


def append_event(path: Path, event: dict[str, Any]) -> None:
    """Append an event with its time and flush it to disk; an incomplete last line is removed first."""
    stamp = {"time": datetime.now(UTC).isoformat(timespec="milliseconds")}
    line = json.dumps(with_digest(stamp | event), allow_nan=False) + "\n"
    with user_facing_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            _drop_torn_tail(file.fileno())
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())


def read_events(path: Path) -> list[dict[str, Any]]:
    """Return all whole events, oldest first; a missing log has none."""
    return [json.loads(line) for line in whole_lines(complete_lines(path))]


def complete_lines(path: Path) -> list[bytes]:
    """Return all lines that end in a line feed; text after the last one was cut off."""
    content = path.read_bytes() if path.is_file() else b""
    # Split at line feeds only: `splitlines` would also split at other characters.
    return [line + b"\n" for line in content.split(b"\n")[:-1]]


def whole_lines(lines: Iterable[bytes]) -> list[bytes]:
    """Return the lines that are not damaged."""
    whole, digest = [], False
    for line in lines:
        try:
            event = parse_record(line, where="event", advice="", digest=digest)
        except DamagedError:
            continue
        if isinstance(event.get("event"), str) and _is_time(event.get("time")):
            whole.append(line)
            digest = digest or f'"{DIGEST}"'.encode() in line
    return whole


@dataclass(frozen=True, kw_only=True)
class ComparedEvents:
    """A log compared with its copy.

    Attributes:
        damaged: number of its lines that are damaged.
        missing: number of whole lines that only the copy has.
        merged: all whole lines of both, oldest first.
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
    lines, copied = complete_lines(path), whole_lines(complete_lines(copy))
    whole = whole_lines(lines)
    if not is_copy and set(whole).isdisjoint(copied):
        copied = []
    known = set(whole)
    return ComparedEvents(
        damaged=len(lines) - len(whole),
        missing=sum(line not in known for line in copied),
        merged=sorted(dict.fromkeys([*copied, *whole]), key=lambda line: json.loads(line)["time"]),
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
