"""What is wrong with a file, and what happens to it."""

from dataclasses import dataclass
from pathlib import Path

from simmer.base.errors import LedgerError

RESTORED = "FIX=yes or the next run of its study restores it from its copy"
PUBLISHED = "FIX=yes or the next run publishes it again from the ledger"
COMPUTED = "no copy is whole: the next run computes it again"
COPIED = "FIX=yes copies it again from the ledger"
LOST_WEIGHTS = "no copy is whole: the model of its study does without this member"
MADE_AGAIN = "the next run makes it again"
LEFT_OUT = "no copy has it, so it is left out"
UNREADABLE = "give read permission and run this again"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A file that is not as it should be.

    Attributes:
        path: the file or folder.
        what: what is wrong with it.
        then: what happens to it.
        damage: False if this can happen without damage, such as a result that is not published yet.
    """

    path: Path
    what: str
    then: str
    damage: bool = True

    @classmethod
    def unreadable(cls, path: Path, error: OSError | LedgerError) -> "Finding":
        """Return the finding for a file or folder that the system refuses to read."""
        refused = error if isinstance(error, OSError) else error.__cause__
        if not isinstance(refused, OSError):
            return cls(path=path, what=str(error), then=UNREADABLE)
        return cls(
            path=Path(refused.filename or path),
            what=f"cannot be read ({refused.strerror or refused})",
            then=UNREADABLE,
        )


def without_path(message: str, path: Path) -> str:
    """Return the message of a `LedgerError` about a file in a few words, without its path."""
    if message == f"found no {path}":
        return "missing"
    return message.replace(f" {path}", "", 1).removeprefix("found ")
