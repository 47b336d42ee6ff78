"""One bad input: its stage, the damage that makes it, and the expected outcome."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Damage = Callable[[Path], object]  # damages an intact data folder
FileDamage = Callable[[Path], object]  # changes or makes one file
Outcome = str  # "error", "warning" or "accepted"


@dataclass(frozen=True)
class Case:
    """One bad input.

    Attributes:
        where: its stage, a key of `STAGES`.
        name: for the page and the test id.
        spoil: damages an intact data folder.
        words: expected parts of the message.
        file: the name of the user's file in the configuration.
    """

    where: str
    name: str
    spoil: Damage
    words: tuple[str, ...]
    outcome: Outcome = "error"
    file: str = "bad.csv"
