"""The entry of a table in its manifest, as the table's job wrote it; read without pandas."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from simmer.base.errors import DataError
from simmer.base.files import sha256_of_bytes
from simmer.base.records import strict_json


def content_sha256_in(entry: Path) -> str:
    """Return the digest of a table's values from its manifest entry.

    Raises:
        DataError: when the entry cannot be read or has no digest.
    """
    try:
        found: Any = strict_json(entry.read_bytes())["content_sha256"]
        if not isinstance(found, str):
            raise TypeError(f"content_sha256 is {type(found).__name__}, not a text")
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise DataError(
            f"cannot read content_sha256 in {entry} ({error}); expected the digest of the table's values: "
            "delete the file and run the same command again"
        ) from error
    return found


def combined_sha256(digests: Sequence[str]) -> str:
    """Return the digest of one or more tables from those of their values, in order; of one table its own."""
    return digests[0] if len(digests) == 1 else sha256_of_bytes("\n".join(digests).encode())


def features_sha256_in(entries: Iterable[Path]) -> str:
    """Return the digest of the tables that a search learns from, the ticker's own first.

    Raises:
        DataError: as `content_sha256_in`.
    """
    return combined_sha256([content_sha256_in(entry) for entry in entries])


def request_in(entry: Path) -> str | None:
    """Return the digest of the request that raw bars were acquired for; None if it is not known."""
    try:
        found: Any = strict_json(entry.read_bytes())["request"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return found if isinstance(found, str) else None
