"""What a user's file holds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from simmer.data.bars_csv import FIRST_LINE
from simmer.data.choices import NO_CHOICES, Choices
from simmer.data.layouts.record import Reading
from simmer.data.problems import Problem


@dataclass(frozen=True, kw_only=True)
class OwnTable:
    """What a file holds.

    Attributes:
        frame: the whole table, `COLUMNS` or `VENDOR_COLUMNS`, oldest first if the file is newest first; None
            if something is wrong with the file.
        bars: the bars of the sound rows (`COLUMNS`), to be checked by the rules; None if there are none.
        lines: the line of each of these rows in the file, [n] int64.
        broken_days: the days of rows that are not sound, [k] datetime64[D]; None if some are not known.
        reading: how the file was read; None for the workflow's own layout.
        choices: with the rows that they left out.
        problems: everything that is wrong, in the order in which one mends it, and warnings.
    """

    problems: tuple[Problem, ...]
    frame: pd.DataFrame | None = None
    bars: pd.DataFrame | None = None
    lines: np.ndarray | None = None
    broken_days: np.ndarray | None = None
    reading: Reading | None = None
    choices: Choices = NO_CHOICES


def chosen_rows(
    frame: pd.DataFrame, problems: Sequence[Problem], *, file_name: str, choices: Choices
) -> OwnTable:
    """Return the rows of a table that are used; row i is line i + 2 of its file."""
    used, rows = choices.cut(frame)
    if not len(rows):
        days = frame["Date"].to_numpy().astype("datetime64[D]")
        nothing = Problem(file_name, None, "span", choices.nothing_left(days))
        return OwnTable(problems=(*problems, nothing))
    left_out = len(frame) - len(rows)
    return OwnTable(
        problems=tuple(problems),
        frame=used,
        bars=used,
        lines=rows + FIRST_LINE,
        broken_days=np.array([], dtype="datetime64[D]"),
        choices=replace(choices, bars_left_out=left_out) if left_out else choices,
    )
