"""One bad input: the stage it is for, the damage that makes it, and the outcome expected."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Damage = Callable[[Path], object]  # changes a data folder that was in order
FileDamage = Callable[[Path], object]  # changes or makes one file
Outcome = str  # "error", "warning" or "accepted"


@dataclass(frozen=True)
class Case:
    """One bad input.

    Attributes:
        where: the stage that gets it, a key of `STAGES`.
        name: what is bad.
        spoil: makes it in a data folder in order.
        words: parts of the message expected.
        outcome: the outcome expected.
        file: the name of the user's file in the configuration.
    """

    where: str
    name: str
    spoil: Damage
    words: tuple[str, ...]
    outcome: Outcome = "error"
    file: str = "bad.csv"
