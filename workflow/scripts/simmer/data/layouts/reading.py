"""Read bars from a CSV file of any common layout: what is ambiguous is refused, never guessed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute

from simmer.base.errors import DataError
from simmer.base.text import quote
from simmer.base.words import count
from simmer.data.bars_csv import COLUMNS, PRICES, parse_bars, text_of
from simmer.data.choices import NO_CHOICES, Choices, choices_of
from simmer.data.layouts.adjusted import Adjusted, adjusted_by_file
from simmer.data.layouts.cells import columns_of, is_missing
from simmer.data.layouts.date_column import dates_of
from simmer.data.layouts.dates import Stamps
from simmer.data.layouts.days import interval_of, interval_of_days
from simmer.data.layouts.form import Sheet, sheet_of
from simmer.data.layouts.meanings import Meanings, meanings_of
from simmer.data.layouts.names import PERIOD, TICKER, TICKS, TIME, key_of, layout_of
from simmer.data.layouts.number_columns import numbers_of
from simmer.data.layouts.own_table import OwnTable, chosen_rows
from simmer.data.layouts.record import Reading, declared_in
from simmer.data.layouts.rows import chosen_ticker
from simmer.data.problems import Problem
from simmer.data.sessions import sessions
from simmer.data.tables import DATE_DTYPE
from simmer.data.tickers import TickerSpec

_DAILY = ("d", "1d", "daily", "1440", "day")


def read_layout(
    content: bytes,
    *,
    file_name: str,
    spec: TickerSpec | None,
    calendar: str,
    kept: Reading | None = None,
    choices: Choices = NO_CHOICES,
) -> OwnTable:
    """Read a user's file.

    Args:
        content: its bytes.
        file_name: its name in the problems.
        spec: the ticker of the bars; its keys may decide how the file is read. None with `kept`.
        calendar: exchange_calendars name of its exchange.
        kept: the record of an earlier reading of these bytes, which is done again.
        choices: rows outside their span, and without prices on a day vouched for, are left out.

    Raises:
        ConfigError: for an unknown calendar.
    """
    return _Reader(file_name, spec, calendar, kept, choices).read(content)


def read_any_layout(content: bytes, *, file_name: str, spec: TickerSpec, calendar: str) -> OwnTable:
    """Read a user's file; one in the workflow's own layout, with ascending dates, needs no record.

    Args: as of `read_layout`; the choices are those of `spec`.
    """
    choices = choices_of(spec)
    if not declared_in(spec):
        frame, problems = parse_bars(content, file_name)
        days = np.array([]) if frame is None else frame["Date"].to_numpy().astype("datetime64[D]")
        if len(days) and (days[1:] >= days[:-1]).all() and interval_of_days(days) is None:
            return chosen_rows(frame, problems, file_name=file_name, choices=choices)
    return read_layout(content, file_name=file_name, spec=spec, calendar=calendar, choices=choices)


class _Refused(Exception):
    """Nothing more can be found out about the file."""


class _Reader:
    """One reading; `problems` grow with each step."""

    def __init__(
        self,
        file_name: str,
        spec: TickerSpec | None,
        calendar: str,
        kept: Reading | None,
        choices: Choices,
    ) -> None:
        self.file_name, self.spec, self.calendar, self.kept = file_name, spec, calendar, kept
        self.choices = choices
        self.declared: Mapping[str, Any] = vars(kept) if kept is not None else declared_in(spec)
        self.problems: list[Problem] = []
        self.left_out: dict[str, Any] = {}
        self.notes: list[str] = []

    def read(self, content: bytes) -> OwnTable:
        try:
            return self._read(content)
        except _Refused:
            return OwnTable(problems=tuple(self.problems))

    def _read(self, content: bytes) -> OwnTable:
        lines = self._lines(content)
        sheet, ticker = self._sheet(lines)
        found = meanings_of(sheet, self.declared.get("columns"))
        for message in found.problems:
            self._add(1, "header", message)
        if not {"Date", *PRICES} <= found.places.keys():
            raise _Refused
        texts, lines_of = self._cells(lines, sheet, found)
        texts, lines_of, ticker = self._rows_of_ticker(texts, lines_of, ticker)
        self._refuse_periods(texts)
        has_broken_lines = any(problem.rule == "fields" for problem in self.problems)
        dates = dates_of(texts, lines_of, calendar=self.calendar, declared=self.declared)
        is_read = dates.stamps.read
        is_outside = self._outside(dates.days, is_read)
        is_empty = np.logical_and.reduce([is_missing(texts[name]) for name in PRICES]) | is_outside
        number = numbers_of(
            texts,
            lines_of,
            separator=sheet.separator,
            wanted=~is_empty,
            declared=self.declared.get("decimal"),
        )
        self._add_all(sorted([*dates.faults, *number.faults], key=lambda one: one[0] or 0))
        self._refuse_other_intervals(dates.stamps.at(is_read & ~is_empty))
        is_sound = is_read & number.is_read & ~is_empty
        if dates.days is None or not is_sound.any():
            if not self.problems:
                self._add(None, "empty", "no row has prices; expected one bar a day")
            raise _Refused
        self._leave_out_empty(is_empty & is_read & ~is_outside, dates.days, lines_of)
        order = self._order(dates.days[is_sound])
        rows = np.flatnonzero(is_sound)[:: -1 if order == "newest_first" else 1]
        table = pd.DataFrame(
            {"Date": dates.days[rows].astype(DATE_DTYPE)}
            | {name: column[rows] for name, column in number.values.items()}
        )
        places = dict(found.places)
        if number.volume == "ticks":
            places["Volume"] = places.pop(TICKS)
        names = {meaning: sheet.names[place] for meaning, place in places.items()}
        done = self._adjusted(table, names, found)
        used = {*COLUMNS, TIME, TICKER, PERIOD, *done.used}
        unused = [
            name
            for place, name in enumerate(sheet.names)
            if key_of(name) and place not in {place for meaning, place in places.items() if meaning in used}
        ]
        reading = Reading(
            layout=sheet.layout or layout_of(sheet.names),
            columns={meaning: name for meaning, name in names.items() if meaning in used},
            date_format=dates.form,
            decimal=number.decimal,
            separator=sheet.separator,
            order=order,
            timezone=dates.zone,
            ticker=ticker,
            volume=number.volume,
            left_out=({"columns": unused} if unused else {}) | self.left_out,
            adjustment=done.words,
            notes=(*self.notes, *filter(None, [done.note])),
            declared=self.kept.declared if self.kept is not None else self.declared,
        )
        return OwnTable(
            problems=tuple(self.problems),
            frame=done.frame,
            # After the splits that the file names, which are no moves of the price.
            bars=(done.frame if done.frame is not None and "Stock Splits" in done.frame else table)[
                list(COLUMNS)
            ],
            lines=lines_of[rows],
            broken_days=(
                dates.days[~is_sound & ~is_outside] if is_read.all() and not has_broken_lines else None
            ),
            reading=reading,
            choices=self.choices,
        )

    def _adjusted(self, table: pd.DataFrame, names: Mapping[str, str], found: Meanings) -> Adjusted:
        is_broken = any(problem.severity == "error" for problem in self.problems)
        if is_broken or not (table["Date"].is_monotonic_increasing and table["Date"].is_unique):
            # The rules for bars say what is wrong with the dates.
            return Adjusted(frame=None if is_broken else table[list(COLUMNS)])
        declared = "Adj Close" in (self.declared.get("columns") or {})
        done = adjusted_by_file(table, names, by_vendor=found.is_adjusted, declared=declared)
        if done.problem is not None:
            self._add(1, "adjustment", done.problem)
        return done

    def _add(self, line: int | None, rule: str, message: str) -> None:
        self.problems.append(Problem(self.file_name, line, rule, message))

    def _add_all(self, faults: Iterable[tuple[int | None, str, str]]) -> None:
        for fault in faults:
            self._add(*fault)

    def _refuse(self, line: int | None, rule: str, message: str) -> None:
        self._add(line, rule, message)
        raise _Refused

    # ---- the form -----------------------------------------------------------------------------

    def _lines(self, content: bytes) -> list[str]:
        text, self.problems = text_of(content, self.file_name)
        if text is None:
            raise _Refused
        lines = [line.removesuffix("\r") for line in text.split("\n")]
        # Spreadsheets end files with lines of nothing but separators.
        while lines and not lines[-1].strip(' \t\r,;"'):
            lines.pop()
        return lines

    def _sheet(self, lines: Sequence[str]) -> tuple[Sheet, str | None]:
        """Return the form of the file, and the ticker that its header names."""
        separator = self.declared.get("separator")
        sheet, wrong = sheet_of(lines, "\t" if separator == "tab" else separator)
        if sheet is None:
            self._refuse(1, "header", wrong or "")
        if len(lines) <= sheet.header_lines:
            self._refuse(None, "empty", "there is a header but no rows; expected one bar a day")
        if sheet.tickers is None:
            return sheet, None
        tickers = list(dict.fromkeys(filter(None, sheet.tickers)))
        ticker = self._chosen(tickers, line=2)
        if len(tickers) > 1:
            self.notes.append(f"columns of {count(len(tickers) - 1, 'other ticker')} left out")
        return sheet.only([0, *(at for at, of in enumerate(sheet.tickers) if at and of == ticker)]), ticker

    def _chosen(self, tickers: Sequence[str], *, line: int | None) -> str:
        if self.spec is None:
            ticker = self.kept.ticker if self.kept.ticker in tickers else None
            wrong = f"the file does not name the ticker {quote(self.kept.ticker)} of its record"
        else:
            ticker, wrong = chosen_ticker(tickers, self.spec)
        if ticker is None:
            self._refuse(line, "ticker", wrong or "")
        return ticker

    def _cells(
        self, lines: Sequence[str], sheet: Sheet, found: Meanings
    ) -> tuple[dict[str, pyarrow.Array], np.ndarray]:
        unnamed = {str(at): sheet.positions[at] for at in found.unnamed}
        wanted = {name: sheet.positions[at] for name, at in found.places.items()} | unnamed
        texts, numbers, problems = columns_of(lines, sheet, wanted, file_name=self.file_name)
        self.problems += problems
        for at in found.unnamed:
            column = texts.pop(str(at))
            if not (is_missing(column).all() or _counts(column)):
                self._add(
                    1, "header", f"column {at + 1} has no name and holds values, {quote(column[0].as_py())}; "
                    "name it in the header, or delete it"
                )  # fmt: skip
        if len(numbers) == 0:
            raise _Refused
        return texts, numbers

    def _rows_of_ticker(
        self, texts: dict[str, pyarrow.Array], numbers: np.ndarray, ticker: str | None
    ) -> tuple[dict[str, pyarrow.Array], np.ndarray, str | None]:
        if TICKER not in texts:
            return texts, numbers, ticker
        column = texts.pop(TICKER)
        ticker = self._chosen(pyarrow.compute.unique(column).to_pylist(), line=None)
        chosen = pyarrow.compute.equal(column, ticker)
        mask = chosen.to_numpy(zero_copy_only=False)
        if not mask.all():
            self.left_out["rows_of_other_tickers"] = int((~mask).sum())
            of_others = set(numbers[~mask].tolist())
            # A broken number of another ticker's row is never read; a broken line of any may be of this one.
            texts = {name: each.filter(chosen) for name, each in texts.items()}
            self.problems = [one for one in self.problems if one.row not in of_others]
        return texts, numbers[mask], ticker

    def _refuse_periods(self, texts: dict[str, pyarrow.Array]) -> None:
        if PERIOD not in texts:
            return
        found = pyarrow.compute.unique(texts.pop(PERIOD)).to_pylist()
        others = [text for text in found if text.lower() not in _DAILY]
        if others:
            shown = ", ".join(map(quote, others[:5]))
            self._refuse(None, "interval", f"the period of the bars is {shown}; expected daily bars, D")

    # ---- the rows ------------------------------------------------------------------------------

    def _refuse_other_intervals(self, stamps: Stamps) -> None:
        interval = interval_of(stamps)
        if interval is not None:
            self.problems = [one for one in self.problems if one.rule != "timezone"]
            self._refuse(None, "interval", f"the bars are {interval}; expected one bar a day: get daily bars")

    def _outside(self, days: np.ndarray | None, is_read: np.ndarray) -> np.ndarray:
        """Return which rows are not used, [n] bool; `days` is None if they are ambiguous."""
        if days is None:
            return np.zeros_like(is_read)
        outside = self.choices.are_outside(days) & is_read
        if outside.any() and outside.all():
            self._refuse(None, "span", self.choices.nothing_left(days))
        self.choices = replace(self.choices, bars_left_out=int(outside.sum()))
        return outside

    def _leave_out_empty(self, is_empty: np.ndarray, days: np.ndarray, numbers: np.ndarray) -> None:
        """Leave out rows without values on days without a session; on another day they are a problem.

        They are none on a day that is vouched for.
        """
        excepted = is_empty & self.choices.excepted(days)
        without_prices = tuple(map(str, np.unique(days[excepted])))
        self.choices = replace(self.choices, days_without_prices=without_prices)
        rows = np.flatnonzero(is_empty & ~excepted)
        if len(rows) == 0:
            return
        is_open = np.zeros(len(rows), dtype=bool)
        if self.kept is None:
            try:
                open_days = sessions(self.calendar, days[rows].min(), days[rows].max())
                is_open = np.isin(days[rows], open_days)
            except DataError:
                is_open[:] = True
        for row in rows[is_open]:
            message = (
                f"{days[row]} has no prices, as vendors write a day whose bar is missing or not there yet; "
                "download the file again, or vouch for the day: "
                f"`exceptions: {{{days[row]}: the vendor has no bar}}`"
            )
            self._add(int(numbers[row]), "no_prices", message)
        if not is_open.all():
            self.left_out["empty_rows"] = int((~is_open).sum())

    def _order(self, days: np.ndarray) -> str:
        steps = np.diff(days).astype(np.int64)
        found = "newest_first" if (steps < 0).sum() > (steps > 0).sum() else "oldest_first"
        declared = self.declared.get("order")
        if declared is not None and len(steps) and declared != found:
            self._add(
                None, "order", f"the file is {found.replace('_', ' ')}; the entry says order: {declared}"
            )
        return found if len(steps) else declared or found


def _counts(column: pyarrow.Array) -> bool:
    """True if a column counts the rows, as the index of a table does."""
    texts = column.to_pylist()
    if not all(text.isascii() and text.isdigit() and len(text) < 10 for text in texts):
        return False
    steps = np.diff(np.array(list(map(int, texts)), dtype=np.int64))
    return bool((steps == 1).all() or (steps == -1).all())
