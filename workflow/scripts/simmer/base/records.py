"""Records: JSON objects that carry their SHA-256, so that accidental damage is found when they are read.

The digest, under the key `sha256`, covers the rest of the record as JSON with sorted keys and without white
space. It detects accidents, not malice: whoever edits a record can also compute its digest.
"""

import errno
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Never

from simmer.base.errors import DamagedError, LedgerError
from simmer.base.files import sha256_of_bytes, write_json
from simmer.base.text import quote

DIGEST = "sha256"


def with_digest(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a record and their digest."""
    plain = without_digest(values)
    return plain | {DIGEST: _digest(plain)}


def without_digest(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a record without its digest."""
    return {key: value for key, value in values.items() if key != DIGEST}


def parse_record(content: bytes, *, where: object, advice: str, digest: bool = False) -> dict[str, Any]:
    """Return the values of a record, without its digest.

    Args:
        content: the JSON.
        where: name of the record in messages.
        advice: what to do if it is damaged.
        digest: True to refuse a record without a digest, which older versions wrote.

    Raises:
        DamagedError: when it is not a JSON object, or its digest does not match.
    """
    try:
        values = strict_json(content)
        if not isinstance(values, dict):
            raise ValueError(f"found {quote(values)}; expected an object")
        found = values.pop(DIGEST, None)
        if found is None and digest:
            raise ValueError(f"found no key {DIGEST}; expected the digest of its values")
        # Computed for old records too, because it refuses numbers that are not finite, such as 1e999.
        computed = _digest(values)
        if found is not None and found != computed:
            raise ValueError(f"its values do not match its {DIGEST}")
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"found {where} damaged ({error})", advice) from error
    return values


def read_record(path: Path, *, advice: str, digest: bool = False) -> dict[str, Any] | None:
    """Return the values of the record in a file, None if there is no file; arguments as `parse_record`.

    Raises:
        DamagedError: as `parse_record`, and as `read_file`.
        LedgerError: as `read_file`.
    """
    content = read_file(path, advice=advice)
    return None if content is None else parse_record(content, where=path, advice=advice, digest=digest)


def read_file(path: Path, *, advice: str) -> bytes | None:
    """Return the content of a file; None if there is none.

    Args:
        path: the file.
        advice: what to do if it is damaged.

    Raises:
        DamagedError: when the disk cannot read it, or it is a folder.
        LedgerError: when it must not be read.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        problem = f"cannot read {path}: {error.strerror or error}"
        if error.errno in (errno.EIO, errno.EISDIR):
            raise DamagedError(problem, advice) from error
        raise LedgerError(f"{problem}; give read permission and run the same command again") from error


def write_record(path: Path, values: Mapping[str, Any]) -> None:
    """Write a record with its digest to `path` atomically."""
    write_json(path, with_digest(values))


def strict_json(content: bytes) -> Any:
    """Return a JSON value from its UTF-8 text.

    Raises:
        ValueError: when it is not JSON, has a key twice, or has NaN or infinity, which JSON does not know.
    """
    return json.loads(content.decode(), object_pairs_hook=_unique, parse_constant=_refuse_constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"found the key {quote(twice)} twice in one object")
    return values


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"found {name}, which is not JSON")


def _digest(values: Mapping[str, Any]) -> str:
    return sha256_of_bytes(
        json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    )
