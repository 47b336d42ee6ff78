"""Acquired bars: what every source returns."""

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd

from simmer.base.errors import DataError
from simmer.base.logs import PROGRESS
from simmer.data.adjustment import bars_of
from simmer.data.bars import check_bars
from simmer.data.choices import NO_CHOICES, Choices, choices_in, choices_of
from simmer.data.layouts.record import declared_in, reading_in
from simmer.data.layouts.rows import is_of
from simmer.data.manifest import Provenance
from simmer.data.problems import Problem, refuse_errors
from simmer.data.registration import CheckedFile, at_lines, check_file, read_kept
from simmer.data.settings import DataSettings
from simmer.data.snapshots import Snapshot
from simmer.data.tickers import TickerSpec

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AcquiredBars:
    """Bars from a source (`COLUMNS`, dtypes of `parse_bars`) and their provenance.

    `lines` has the line of each row in the file they come from, [n] int64; None if row i is line i + 2.
    `choices` are those of the ticker's entry, with the rows that they left out.
    """

    frame: pd.DataFrame
    provenance: Provenance
    lines: np.ndarray | None = None
    choices: Choices = NO_CHOICES

    def problems(self, spec: TickerSpec, settings: DataSettings, *, file_name: str) -> list[Problem]:
        """Return what the rules find, with the lines of the file they come from."""
        found = check_bars(
            self.frame,
            file_name=file_name,
            kind=spec.kind,
            calendar=settings.calendar_of(spec),
            ticker=spec.ticker,
            choices=self.choices,
        )
        return at_lines(found, self.lines)


def from_snapshot(snapshot: Snapshot, spec: TickerSpec, settings: DataSettings) -> AcquiredBars:
    """Return the bars of a snapshot, adjusted for dividends if the settings say so."""
    entry, found = snapshot.entry, _read(snapshot, spec, settings)
    if found.choices != choices_in(entry) and (said := found.choices.in_words()) is not None:
        logger.log(PROGRESS, "%s: %s", spec.ticker, said)
    frame, by_us = bars_of(found.frame, settings.adjustment)
    reading = found.reading
    adjustment = str(entry["adjustment"]) if reading is None else reading.adjustment or "unknown"
    adjustment += ", for dividends by us" if by_us else ""
    source = {**entry["sources"][0], "hash": str(entry["hash"]), "snapshot": snapshot.id}
    source |= {"reading": reading.as_json()} if reading is not None else {}
    return AcquiredBars(
        frame,
        lines=found.lines,
        choices=found.choices,
        provenance=Provenance(
            ticker=spec.ticker,
            kind=spec.kind,
            adjustment=adjustment,
            tool=str(entry["tool"]),
            sources=(source,),
            calendar=settings.calendar_of(spec),
            retrieved_at=str(entry["retrieved_at"]),
            choices=found.choices.as_json(),
        ),
    )


def _read(snapshot: Snapshot, spec: TickerSpec, settings: DataSettings) -> CheckedFile:
    """Return the table in a snapshot as it was read when it was kept, or as the ticker's entry says now."""
    name, reading = snapshot.path.name, reading_in(snapshot.entry)
    declared = declared_in(spec)
    is_otherwise = declared and (reading is None or declared != reading.declared)
    # The entry may name other rows of a file of several tickers now.
    is_other = reading is not None and reading.ticker and spec.symbol and not is_of(reading.ticker, spec)
    if is_otherwise or is_other:
        calendar = settings.calendar_of(spec)
        found = check_file(snapshot.read(), spec=spec, file_name=name, calendar=calendar)
    else:
        found = read_kept(snapshot.read(), snapshot.entry, file_name=name, choices=choices_of(spec))
    refuse_errors(found.problems, what=f"snapshot {snapshot.id}")
    if found.frame is None:
        raise DataError(f"snapshot {snapshot.id} of {spec.ticker} holds no bars; register the file again")
    return found
