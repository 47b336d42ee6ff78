"""A catalogue of bad inputs by stage, with the expected outcome and message of each."""

from support.hostile import (
    own_file,
    pending,
    processed_manifest,
    raw_bars,
    raw_entry,
    raw_manifest,
    registered_file,
    snapshot,
)
from support.hostile.case import Case
from support.hostile.folder import ROWS, make_good, remove
from support.hostile.rights import can_meet_permissions
from support.hostile.stages import STAGES, met

__all__ = ("CASES", "ROWS", "STAGES", "Case", "can_meet_permissions", "make_good", "met", "remove")

CASES = (
    *own_file.CASES,
    *registered_file.CASES,
    *raw_entry.CASES,
    *raw_bars.CASES,
    *raw_manifest.CASES,
    *processed_manifest.CASES,
    *snapshot.CASES,
    *pending.CASES,
)
