"""Atomic file writes: write to a temporary file, flush to disk, rename. Stable JSON and hashes."""

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from simmer.base.errors import LedgerError


def typed_path(text: str) -> Path:
    """Return the path that a user typed; `~` is the home folder, also where no shell has expanded it."""
    # Unlike `Path.expanduser`, which raises an error for the home folder of an unknown user.
    return Path(os.path.expanduser(text))  # noqa: PTH111


@contextmanager
def user_facing_os_errors(path: Path) -> Iterator[None]:
    """Turn an `OSError` raised while `path` is written into a `LedgerError` that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            advice = "no space is left on this disk: free some and run the same command again"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            advice = "give write permission to the folder and run the same command again"
        else:
            advice = "fix the cause and run the same command again"
        raise LedgerError(
            f"cannot write {path}: {error.strerror or error}; {advice}. Finished results are kept."
        ) from error


def write_through(
    path: Path, write: Callable[[Path], object], *, final: Callable[[Path], Path] | None = None
) -> Path:
    """Call `write` with a temporary file next to `path`, flush that file to disk and rename it to `path`.

    Args:
        path: the file.
        write: writes the temporary file.
        final: returns the path to use instead, given the temporary file.

    Returns:
        The path of the file.

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
            written = aside.replace(path if final is None else final(aside))
            _flush_folder(path.parent)
            return written
        finally:
            aside.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically."""
    write_through(path, lambda aside: aside.write_bytes(content))


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path` atomically."""
    write_bytes(path, text.encode())


def to_json(value: Any) -> str:
    """Return `value` as JSON with sorted keys; NaN and infinity raise a `ValueError`."""
    text = json.dumps(value, sort_keys=True, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    # A file name may hold a lone surrogate, which UTF-8 cannot encode; JSON writes it as an escape.
    return text.encode(errors="backslashreplace").decode()


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON with sorted keys to `path` atomically."""
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


def bytes_below(folder: Path) -> int:
    """Return the size of all files below a folder, in bytes; files that vanish meanwhile do not count."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += Path(parent, name).lstat().st_size
    return total


def _flush_folder(folder: Path) -> None:
    # A rename is durable only once the folder's own entry is on disk (fsync(2)).
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Not every file system can flush a folder. There a power cut may lose a rename, but never half of it.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise
    finally:
        os.close(handle)
