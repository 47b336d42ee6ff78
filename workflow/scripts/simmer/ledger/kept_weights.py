"""Weights that refits keep: a file in the ledger, and its copy in the published model.

The ledger's file has its SHA-256 in its name, so new weights never overwrite older ones: the record that
names them, written in between, always names a whole file.
"""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

from simmer.base.files import sha256_of_file, user_facing_os_errors, write_through
from simmer.ledger.copies import set_aside
from simmer.ledger.results import StoredWeights

_FILES = "weights_*.safetensors"
MISSING = "missing"

logger = logging.getLogger(__name__)


class KeptWeights:
    """The weights of the best epoch of one refit.

    Args:
        folder: of the refit in the ledger.
        published: path of the copy in the published model.
    """

    def __init__(self, folder: Path, published: Path) -> None:
        self.folder, self.published = folder, published

    def path(self, stored: StoredWeights) -> Path:
        """Return the path of the ledger's file."""
        return self.folder / f"weights_{stored.sha256}.safetensors"

    def store(self, write: Callable[[Path], object]) -> StoredWeights:
        """Store weights durably beside those that were stored before.

        Args:
            write: writes the file at a path.

        Raises:
            LedgerError: when the disk is full or the folder cannot be written.
        """
        path = write_through(
            self.folder / "weights.saving",
            write,
            final=lambda aside: self.folder / f"weights_{sha256_of_file(aside)}.safetensors",
        )
        return StoredWeights(sha256=path.stem.removeprefix("weights_"), bytes=path.stat().st_size)

    def remove_others(self, stored: StoredWeights | None) -> None:
        """Remove the weights of earlier epochs from the ledger."""
        kept = None if stored is None else self.path(stored)
        for path in self.folder.glob(_FILES):
            if path != kept:
                with user_facing_os_errors(path):
                    path.unlink()

    def problems(self, stored: StoredWeights) -> dict[Path, str]:
        """Return what is wrong with each of the two files, in a few words."""
        both = (self.path(stored), self.published)
        return {path: problem for path in both if (problem := problem_of(path, stored)) is not None}

    def restore(self, stored: StoredWeights) -> bool:
        """Write the ledger's file again from its copy if need be; return True if it is whole then."""
        own = self.path(stored)
        problem = problem_of(own, stored)
        if problem is None:
            return True
        if problem_of(self.published, stored) is not None:
            return False
        if own.exists():
            set_aside(own)
        _copy(self.published, own)
        logger.warning("found %s %s: written again from its copy", own, problem)
        return True

    def publish(self, stored: StoredWeights) -> bool:
        """Copy the weights to the published model; return False if neither file is whole."""
        if not self.restore(stored):
            return False
        if problem_of(self.published, stored) is not None:
            _copy(self.path(stored), self.published)
        return True


def problem_of(path: Path, stored: StoredWeights) -> str | None:
    """Return what is wrong with a file of weights, in a few words; None if it is whole."""
    try:
        if path.stat().st_size == stored.bytes and sha256_of_file(path) == stored.sha256:
            return None
    except FileNotFoundError:
        return MISSING
    except OSError as error:
        return f"unreadable ({error.strerror or error})"
    return "damaged"


def _copy(source: Path, target: Path) -> None:
    write_through(target, lambda aside: shutil.copyfile(source, aside))
