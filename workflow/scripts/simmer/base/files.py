"""Files that are either whole or absent: written aside, flushed, renamed."""

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simmer.base.errors import LedgerError


@contextmanager
def user_facing_os_errors(path: Path) -> Iterator[None]:
    """Turn a full disk or a read-only folder into a message that says what to do.

    Raises:
        LedgerError: for any `OSError` met while `path` was written.
    """
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            advice = "no space is left on this disk: free some and run the same command again"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            advice = "the folder cannot be written: give write permission and run the same command again"
        else:
            advice = "mend the cause and run the same command again"
        raise LedgerError(
            f"cannot write {path}: {error.strerror or error}; {advice}. What was finished before is kept."
        ) from error


def write_through(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then flush it to disk and rename it into place.

    Raises:
        LedgerError: when the disk is full or the folder cannot be written; `path` is then untouched.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with user_facing_os_errors(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(aside)
            with aside.open("rb+") as file:
                os.fsync(file.fileno())
            aside.replace(path)
            _flush_folder(path.parent)
        finally:
            aside.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    write_through(path, lambda aside: aside.write_bytes(content))


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, whole or not at all."""
    write_bytes(path, text.encode())


def to_json(value: Any) -> str:
    """Return `value` as JSON whose bytes depend on its content only; NaN and infinity are refused."""
    text = json.dumps(value, sort_keys=True, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    # Half a character of UTF-16, as a file's name may hold, is in no UTF-8 file; in JSON it is its escape.
    return text.encode(errors="backslashreplace").decode()


def write_json(path: Path, value: Any) -> None:
    """Write `value` as stable JSON to `path`, whole or not at all."""
    write_text(path, to_json(value))


def read_json(path: Path) -> Any:
    """Return the JSON value stored at `path`."""
    return json.loads(path.read_text(encoding="utf-8"))


def sha256_of_bytes(content: bytes) -> str:
    """Return the SHA-256 of `content` in lower-case hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush_folder(folder: Path) -> None:
    # A rename is durable only once the folder's own entry is on disk (fsync(2)).
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
