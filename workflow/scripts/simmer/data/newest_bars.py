"""The complete bars of a file that need not be the campaign's, and how they differ from the campaign's."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from simmer.base.errors import DataError
from simmer.base.words import count
from simmer.data.adjustment import bars_of
from simmer.data.bars import check_bars
from simmer.data.bars_csv import read_bars
from simmer.data.changes import compare_vintages
from simmer.data.choices import NO_CHOICES, Choices, choices_of
from simmer.data.layouts.reading import read_any_layout
from simmer.data.problems import refuse_errors
from simmer.data.registration import at_lines
from simmer.data.sessions import last_complete_session, sessions
from simmer.data.settings import DataSettings
from simmer.data.tickers import TickerSpec
from simmer.data.untrusted_files import is_there, read_own_file

_MOST_CHANGES = 3


@dataclass(frozen=True, kw_only=True)
class NewestBars:
    """Bars of complete sessions.

    Attributes:
        frame: `COLUMNS`, checked by the rules of their kind.
        source: the file that they are from.
        notes: what a person should know of them, a sentence each.
        choices: those of the ticker's entry that count for them.
    """

    frame: pd.DataFrame
    source: Path
    notes: tuple[str, ...]
    choices: Choices = NO_CHOICES


def newest_bars(
    file: Path | None,
    *,
    campaign: Path,
    ticker: str,
    kind: str,
    calendar: str,
    now: datetime,
    settings: DataSettings | None = None,
) -> NewestBars:
    """Return the complete bars of a file; nothing is written, and no snapshot is kept.

    Args:
        file: a user's CSV file, in any layout; None for the bars of the campaign.
        campaign: the file of the campaign's bars.
        ticker, kind, calendar: of the bars.
        now: with a time zone; a bar whose session is not over then is left out.
        settings: config block `data`, with the adjustment, and how the ticker's files are read.

    Raises:
        DataError: when a file cannot be read, or the bars break a rule.
    """
    known = read_bars(campaign) if is_there(campaign) else None
    source, lines = campaign if file is None else file, None
    spec = _entry(settings, ticker, kind)
    choices = choices_of(spec)
    if file is not None:
        frame, lines = _read(file, spec, calendar)
        frame, _ = bars_of(frame, settings.adjustment if settings else "dividends")
    elif known is not None:
        frame = known
    else:
        raise DataError(f"found no {campaign}; expected the campaign's bars of {ticker}: name a file of bars")
    days = frame["Date"].to_numpy().astype("datetime64[D]")
    last = last_complete_session(calendar, now)
    complete = frame[days <= last].reset_index(drop=True)
    lines = None if lines is None else lines[days <= last]
    if complete.empty:
        raise DataError(f"found no bar of {ticker} up to {last}, the last complete session, in {source}")
    problems = check_bars(
        complete, file_name=source.name, kind=kind, calendar=calendar, ticker=ticker, choices=choices
    )
    refuse_errors(at_lines(problems, lines), what=f"the bars of {ticker}")
    notes = []
    if len(complete) < len(frame):
        left_out = count(len(frame) - len(complete), "bar")
        notes.append(f"{source}: {left_out} after {last} left out, because the session was not over")
    if file is not None and known is not None:
        notes += _differences(known, complete, source)
    return NewestBars(frame=complete, source=source, notes=tuple(notes), choices=choices)


def age_of(day: date, calendar: str, now: datetime) -> tuple[int, int]:
    """Return how many sessions have ended since that of a day, and how many days ago it is."""
    first, last = np.datetime64(day) + np.timedelta64(1, "D"), last_complete_session(calendar, now)
    since = len(sessions(calendar, first, last)) if first <= last else 0
    return since, (now.date() - day).days


def _entry(settings: DataSettings | None, ticker: str, kind: str) -> TickerSpec:
    entries = {spec.ticker: spec for spec in settings.tickers} if settings else {}
    # Newer bars than the campaign's are wanted, so its end does not count.
    return replace(entries.get(ticker, TickerSpec(ticker, kind)), kind=kind, end=None)


def _read(file: Path, spec: TickerSpec, calendar: str) -> tuple[pd.DataFrame, np.ndarray | None]:
    try:
        content = read_own_file(file.parent, file.name)
    except DataError as error:
        raise DataError(f"the bars of {spec.ticker} cannot be read: {file}: {error}") from error
    table = read_any_layout(content, file_name=file.name, spec=spec, calendar=calendar)
    refuse_errors(table.problems, what=f"the bars of {spec.ticker}")
    return table.frame, table.lines


def _differences(campaign: pd.DataFrame, given: pd.DataFrame, source: Path) -> Iterator[str]:
    campaign = campaign[campaign["Date"] <= given["Date"].iloc[-1]]
    changes = compare_vintages(campaign, given)
    common = len(campaign) - len(changes.removed)
    if not common:
        yield f"{source} has no day of the campaign's bars: these may be bars of another ticker"
        return
    if changes.changed:
        shown = "; ".join(map(str, changes.changed[:_MOST_CHANGES]))
        more = ", ..." if len(changes.changed) > _MOST_CHANGES else ""
        yield (
            f"{source} DIFFERS from the campaign's bars on {changes.revised:,} of {common:,} common days "
            f"({shown}{more}). Indicators that remember earlier days, such as OBV, differ too: give bars "
            "that are adjusted as the campaign's"
        )
    if changes.removed:
        yield (
            f"{source} lacks {count(len(changes.removed), 'day')} of the campaign's bars, "
            f"{changes.removed[0]} to {changes.removed[-1]}. Indicators that remember earlier days, such as "
            "OBV, differ: give bars that begin with the campaign's"
        )
