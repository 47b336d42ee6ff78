"""The file study.json: the settings behind a fingerprint, which is their digest.

With the key `sha256` it also says that all records of the study have digests: one without is damaged. The key
`about` names campaign and ticker; no trial depends on it, so it is not in the fingerprint. Studies of older
versions lack both keys until `simmer.ledger.preparation.prepare`.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from simmer.base.errors import DamagedError
from simmer.base.files import sha256_of_bytes, to_json
from simmer.base.records import DIGEST, read_record, strict_json, write_record
from simmer.base.typed_json import from_values
from simmer.ledger.about import About

STUDY_FILE = "study.json"
FINGERPRINT_DIGITS = 12
_ABOUT = "about"
_ADVICE = "run the same command again: it is written again"


def short_digest(values: Mapping[str, Any]) -> str:
    """Return the digest of settings that names them in the ledger."""
    return sha256_of_bytes(to_json(values).encode())[:FINGERPRINT_DIGITS]


def read_study_file(home: Path) -> dict[str, Any] | None:
    """Return the settings and `features_sha256` behind a fingerprint; None if they are not recorded.

    Args:
        home: folder of the fingerprint.

    Raises:
        DamagedError: when the file is damaged, or another study's.
        LedgerError: when it must not be read.
    """
    values = read_record(home / STUDY_FILE, advice=_ADVICE)
    if values is None:
        return None
    values.pop(_ABOUT, None)
    if short_digest(values) != home.name:
        raise DamagedError(
            f"found {home / STUDY_FILE} damaged (its values do not match the folder's name)", _ADVICE
        )
    return values


def read_about(home: Path) -> About:
    """Return what the study in `home` is about; errors as `read_study_file`."""
    path = home / STUDY_FILE
    values = read_record(path, advice=_ADVICE) or {}
    recorded = from_values(About, values.get(_ABOUT, {}), where=path, advice=_ADVICE)
    label = values.get("label", {})
    return replace(recorded, threshold=label.get("threshold"), basis=label.get("basis"))


def keeps_digests(home: Path) -> bool:
    """Return True if all records of the study in `home` must have a digest."""
    try:
        return DIGEST in strict_json((home / STUDY_FILE).read_bytes())
    except (OSError, ValueError, TypeError, RecursionError):
        return False


def write_study_file(home: Path, values: Mapping[str, Any], about: About) -> None:
    """Record the settings behind a fingerprint, and that the records of its study have digests."""
    write_record(home / STUDY_FILE, {**values, **({_ABOUT: about.recorded} if about.recorded else {})})
