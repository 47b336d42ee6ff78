"""Try what a run would acquire for a ticker: its bars, and every problem with them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pandas as pd

from simmer.base.errors import SimmerError
from simmer.data.layouts.record import reading_in
from simmer.data.manifest import Provenance
from simmer.data.own_files import file_of, own_file
from simmer.data.problems import BrokenRules, refuse_errors
from simmer.data.reading_store import ReadingStore
from simmer.data.settings import DataSettings
from simmer.data.sources import acquire
from simmer.data.tickers import TickerSpec

_LIBRARY = "simmer.data"


@dataclass(frozen=True, kw_only=True)
class InspectedBars:
    """The bars of a ticker that a run would use.

    Attributes:
        frame: None if they cannot be used.
        source: where they come from, in a few words; None if they cannot be used.
        errors: a line for each problem that would stop a run, and what to write.
        warnings: a line for each other problem.
    """

    spec: TickerSpec
    frame: pd.DataFrame | None
    source: str | None
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def inspect_bars(settings: DataSettings, spec: TickerSpec, store: ReadingStore) -> InspectedBars:
    """Return the bars of a ticker as a run would acquire them, without keeping a snapshot."""
    frame, source, errors = None, None, ()
    with _collected_warnings() as warnings:
        try:
            acquired = acquire(settings, spec.ticker, store)
            problems = acquired.problems(spec, settings, file_name=file_of(spec))
            refuse_errors(problems, what=f"the bars of {spec.ticker}")
            warnings += map(str, problems)
            frame, source = acquired.frame, _source(acquired.provenance, settings, store)
            source = "; ".join(filter(None, [source, acquired.choices.in_words()]))
        except BrokenRules as error:
            errors = (*map(str, error.problems), *error.advice)
        except SimmerError as error:
            errors = (str(error),)
    return InspectedBars(
        spec=spec, frame=frame, source=source, errors=errors, warnings=tuple(dict.fromkeys(warnings))
    )


def _source(provenance: Provenance, settings: DataSettings, store: ReadingStore) -> str:
    origin, ticker = provenance.sources[0], provenance.ticker
    snapshot = origin.get("snapshot")
    if snapshot is None:
        return origin["title"].split(",")[0]
    reading = reading_in(origin)
    how = f", {reading}" if reading is not None else ""
    if (store.root / ticker / f"{snapshot}.csv").exists():
        return f"snapshot {snapshot}{how}"
    folder, name = own_file(settings, settings.ticker(ticker))
    return f"{(folder / name).absolute()}{how}"


@contextmanager
def _collected_warnings() -> Iterator[list[str]]:
    """Collect what the library warns of, which is then not shown."""
    found: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: found.append(record.getMessage())
    library = logging.getLogger(_LIBRARY)
    library.addHandler(handler)
    passes, library.propagate = library.propagate, False
    try:
        yield found
    finally:
        library.removeHandler(handler)
        library.propagate = passes
