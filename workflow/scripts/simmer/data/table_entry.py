"""The entry of a table in its manifest, as the table's job wrote it; read without pandas."""

from pathlib import Path
from typing import Any

from simmer.base.errors import DataError
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


def request_in(entry: Path) -> str | None:
    """Return the digest of the request that raw bars were acquired for; None if it is not known."""
    try:
        found: Any = strict_json(entry.read_bytes())["request"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return found if isinstance(found, str) else None
