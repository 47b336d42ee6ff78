"""What a user's file holds."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

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
        problems: everything that is wrong, in the order in which one mends it, and warnings.
    """

    problems: tuple[Problem, ...]
    frame: pd.DataFrame | None = None
    bars: pd.DataFrame | None = None
    lines: np.ndarray | None = None
    broken_days: np.ndarray | None = None
    reading: Reading | None = None
