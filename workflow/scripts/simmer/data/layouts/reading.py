"""Read bars from a CSV file of any common layout: what is ambiguous is refused, never guessed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute

from simmer.base.errors import DataError
from simmer.base.text import quote
from simmer.base.words import count
from simmer.data.bars_csv import COLUMNS, PRICES, advice_for, text_of
from simmer.data.layouts import adjusted
from simmer.data.layouts.cells import columns_of, is_missing
from simmer.data.layouts.dates import Stamps, possible_forms, read_dates
from simmer.data.layouts.days import Days, days_of, interval_of
from simmer.data.layouts.declared import to_write
from simmer.data.layouts.form import Sheet, sheet_of
from simmer.data.layouts.meanings import Meanings, meanings_of
from simmer.data.layouts.names import GAINS, PERIOD, TICKER, TICKS, TIME, layout_of
from simmer.data.layouts.numbers import decimal_in, read_numbers, read_volume
from simmer.data.layouts.record import Reading, declared_in
from simmer.data.layouts.rows import chosen_ticker
from simmer.data.problems import Problem
from simmer.data.sessions import sessions
from simmer.data.tables import DATE_DTYPE
from simmer.data.tickers import TickerSpec

_NUMBERS = (*PRICES, "Adj Close", "Dividends", "Stock Splits", GAINS)
_DAILY = ("d", "1d", "daily", "1440", "day")
_EXAMPLES = {"%Y-%m-%d": "2018-12-31", "%m/%d/%Y": "12/31/2018", "%d/%m/%Y": "31/12/2018"}


@dataclass(frozen=True, kw_only=True)
class OwnTable:
    """What a file holds.

    Attributes:
        frame: the whole table, `COLUMNS` or `VENDOR_COLUMNS`, dates ascending if they were descending; None if
            something is wrong with the file.
        bars: the bars of the sound rows (`COLUMNS`), to be checked by the rules; None if there are none.
        lines: the line of each of these rows in the file, [n] int64.
        broken_days: the days of rows that are not sound, [k] datetime64[D]; None if some date is not known.
        reading: how the file was read.
        problems: everything that is wrong, in the order in which one mends it, and warnings.
    """

    problems: tuple[Problem, ...]
    frame: pd.DataFrame | None = None
    bars: pd.DataFrame | None = None
    lines: np.ndarray | None = None
    broken_days: np.ndarray | None = None
    reading: Reading | None = None


def read_layout(
    content: bytes, *, file_name: str, spec: TickerSpec | None, calendar: str, kept: Reading | None = None
) -> OwnTable:
    """Read a user's file.

    Args:
        content: its bytes.
        file_name: its name in the problems.
        spec: the ticker of the bars; its keys may decide how the file is read. None with `kept`.
        calendar: exchange_calendars name of its exchange.
        kept: the record of an earlier reading of these bytes, which is done again.

    Raises:
        ConfigError: for an unknown calendar.
    """
    return _Reader(file_name, spec, calendar, kept).read(content)


class _Refused(Exception):
    """Nothing more can be found out about the file."""


class _Reader:
    """One reading; `problems` grow with each step."""

    def __init__(self, file_name: str, spec: TickerSpec | None, calendar: str, kept: Reading | None) -> None:
        self.file_name, self.spec, self.calendar, self.kept = file_name, spec, calendar, kept
        self.declared: Mapping[str, Any] = vars(kept) if kept is not None else declared_in(spec)
        self.problems: list[Problem] = []
        self.left_out: dict[str, Any] = {}
        self.notes: list[str] = []
        self.volume: str | None = None

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
        texts, numbers = self._cells(lines, sheet, found)
        texts, numbers, ticker = self._rows_of_ticker(texts, numbers, ticker)
        self._refuse_periods(texts)
        is_empty = np.logical_and.reduce([is_missing(texts[name]) for name in PRICES])
        form, stamps, days = self._dates(texts, numbers)
        decimal, values, is_number = self._numbers(texts, numbers, sheet.separator, ~is_empty)
        has_day = stamps.read & (days is not None)
        if days is not None:
            self._leave_out_empty(is_empty & has_day, days.days, numbers)
        self._refuse_other_intervals(stamps.at(stamps.read & ~is_empty))
        is_sound = has_day & is_number & ~is_empty
        if days is None or not is_sound.any():
            raise _Refused
        order = self._order(days.days[is_sound])
        rows = np.flatnonzero(is_sound)[:: -1 if order == "newest_first" else 1]
        table = pd.DataFrame(
            {"Date": days.days[rows].astype(DATE_DTYPE)}
            | {name: column[rows] for name, column in values.items()}
        )
        bars = table[list(COLUMNS)]
        frame, words, used = self._adjusted(table, found, sheet.names, is_broken=any(map(_is_error, self.problems)))
        reading = Reading(
            layout=sheet.layout or layout_of(sheet.names),
            columns={name: sheet.names[place] for name, place in found.places.items() if name in used},
            date_format=form,
            decimal=decimal,
            separator=sheet.separator,
            order=order,
            timezone=days.zone,
            ticker=ticker,
            volume=self.volume,
            left_out=self._left_out(found, sheet, used),
            adjustment=words,
            notes=tuple(self.notes),
            declared=self.kept.declared if self.kept is not None else self.declared,
        )
        broken = ~is_empty & ~is_sound
        return OwnTable(
            problems=tuple(self.problems),
            frame=frame,
            bars=bars,
            lines=numbers[rows],
            broken_days=days.days[broken] if stamps.read.all() else None,
            reading=reading,
        )

    def _add(self, line: int | None, rule: str, message: str) -> None:
        self.problems.append(Problem(self.file_name, line, rule, message))

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

    # ---- dates --------------------------------------------------------------------------------

    def _dates(
        self, texts: dict[str, pyarrow.Array], numbers: np.ndarray
    ) -> tuple[str, Stamps, Days | None]:
        column = texts["Date"]
        if TIME in texts:
            column = _with_time(column, texts[TIME])
        missing = is_missing(column)
        form = self.declared.get("date_format")
        if form is None:
            possible = possible_forms(column.filter(pyarrow.array(~missing)))
            form = next(iter(possible), None)
            if form is None:
                at = int(np.argmin(missing))
                found = column[at].as_py()
                self._add(
                    int(numbers[at]), "date_format", f"no date can be read, the first is {quote(found)}"
                    f"{advice_for(found)}; {to_write({'date_format': '%d.%m.%Y'})}, with the right form"
                )  # fmt: skip
                return "", read_dates(column, "%Y-%m-%d"), None
            if len(possible) > 1:
                self._add(
                    None, "date_format", f"dates such as {quote(column[int(np.argmin(missing))].as_py())} can be "
                    "read in more than one way, and no day above 12 decides; "
                    + to_write(*({"date_format": each} for each in possible))
                )  # fmt: skip
        else:
            possible = {form: None}
        stamps = read_dates(column, form)
        for row in np.flatnonzero(~stamps.read):
            found = column[int(row)].as_py()
            what = f"Date is {quote(found)}; expected a date like {_example(form)}{advice_for(found)}"
            self._add(int(numbers[row]), "date_format", what)
        if len(possible) > 1 or not stamps.read.any():
            return form, stamps, None
        zone = self.declared.get("timezone")
        of_read = days_of(stamps.at(stamps.read), calendar=self.calendar, declared=zone)
        if of_read.problem is not None:
            self._add(None, "timezone", of_read.problem)
        days = np.array(stamps.days)
        days[stamps.read] = of_read.days
        return form, stamps, Days(days=days, zone=of_read.zone)

    def _refuse_other_intervals(self, stamps: Stamps) -> None:
        interval = interval_of(stamps)
        if interval is not None:
            self.problems = [one for one in self.problems if one.rule not in ("timezone", "no_prices")]
            self._refuse(None, "interval", f"the bars are {interval}; expected one bar a day: get daily bars")

    def _leave_out_empty(self, is_empty: np.ndarray, days: np.ndarray, numbers: np.ndarray) -> None:
        """Leave out rows without values on days without a session; on another day they are a problem."""
        rows = np.flatnonzero(is_empty)
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
            self._add(
                int(numbers[row]), "no_prices", f"{days[row]} has no prices, as vendors write a day whose bar is "
                "missing or not there yet; delete the line or download the file again"
            )  # fmt: skip
        if not is_open.all():
            self.left_out["empty_rows"] = int((~is_open).sum())

    def _order(self, days: np.ndarray) -> str:
        steps = np.diff(days).astype(np.int64)
        found = "newest_first" if (steps < 0).sum() > (steps > 0).sum() else "oldest_first"
        declared = self.declared.get("order")
        if declared is not None and len(steps) and declared != found:
            self._add(None, "order", f"the file is {found.replace('_', ' ')}; the entry says order: {declared}")
        return declared or found

    # ---- numbers ------------------------------------------------------------------------------

    def _numbers(
        self, texts: dict[str, pyarrow.Array], numbers: np.ndarray, separator: str, wanted: np.ndarray
    ) -> tuple[str, dict[str, np.ndarray], np.ndarray]:
        """Return the sign for decimals, the numbers by column, and in which rows all of them are read."""
        columns = {name: texts[name] for name in _NUMBERS if name in texts}
        volume = self._volume_column(texts)
        decimal = self.declared.get("decimal")
        if decimal is None:
            seen = [column.filter(pyarrow.array(wanted)) for column in (*columns.values(), volume) if column]
            found = decimal_in(seen, separator)
            decimal = found.possible[0]
            if found.mixed:
                self._add(None, "decimal", "some numbers have a decimal point and some a decimal comma")
            elif len(found.possible) > 1:
                self._add(
                    None, "decimal", "numbers such as 1,234 or 1.234 have a decimal sign or one for thousands, and "
                    f"no number decides; {to_write({'decimal': '.'}, {'decimal': ','})}"
                )  # fmt: skip
        values: dict[str, np.ndarray] = {}
        is_number = np.ones(len(numbers), dtype=bool)
        for name, column in columns.items():
            values[name] = read_numbers(column, decimal)
            is_read = np.isfinite(values[name])
            self._complain(name, column, numbers, wanted & ~is_read, "a finite decimal number")
            is_number &= is_read
        if volume is None:
            values["Volume"], self.volume = np.zeros(len(numbers), dtype=np.int64), "none"
        else:
            values["Volume"], is_read, is_rounded = read_volume(volume, decimal)
            self.volume = "rounded" if is_rounded else None
            self._complain("Volume", volume, numbers, wanted & ~is_read, "a whole number of shares")
            is_number &= is_read
        self.problems.sort(key=lambda one: (one.row is not None, one.rule != "header", one.row or 0))
        return decimal, values, is_number

    def _volume_column(self, texts: dict[str, pyarrow.Array]) -> pyarrow.Array | None:
        volume, ticks = texts.get("Volume"), texts.get(TICKS)
        if ticks is not None and (volume is None or _is_zero(volume)):
            self.notes.append("volume in ticks, because the file has none in shares")
            return ticks
        return None if volume is None or is_missing(volume).all() else volume

    def _complain(
        self, name: str, column: pyarrow.Array, numbers: np.ndarray, broken: np.ndarray, wanted: str
    ) -> None:
        for row in np.flatnonzero(broken):
            text = column[int(row)].as_py()
            what = f"{name} is {quote(text)}; expected {wanted}{advice_for(text)}"
            self._add(int(numbers[row]), "number", what)

    # ---- adjustment ---------------------------------------------------------------------------

    def _adjusted(
        self, table: pd.DataFrame, found: Meanings, names: Sequence[str], *, is_broken: bool
    ) -> tuple[pd.DataFrame | None, str | None, set[str]]:
        """Return the table to use, how it is adjusted, and the meanings of the columns in use."""
        bars, has = table[list(COLUMNS)], set(table.columns)
        as_it_is = {"columns": {"Close": names[found.places["Close"]]}}
        used = {*COLUMNS, TIME, TICKER, PERIOD} & found.places.keys() | ({TICKS} & found.places.keys())
        if found.is_adjusted:
            self.notes.append("prices as the vendor adjusted them for dividends")
            return (None if is_broken else bars), "for splits and dividends by the vendor", used
        if is_broken or not bars["Date"].is_monotonic_increasing or not bars["Date"].is_unique:
            return (None if is_broken else bars), None, used
        actions = {"Dividends", "Stock Splits", GAINS} & has
        if {"Adj Close", "Dividends"} <= has:
            done = adjusted.with_dividends(table)
            if done.problem is not None:
                self._add(None, "adjustment", f"{done.problem}; to use the prices as they are, {to_write(as_it_is)}")
            self.notes += [done.note] if done.note else []
            return done.frame, done.words, used | actions | {"Adj Close"}
        if "Adj Close" in has and (self.declared.get("columns") or {}).get("Adj Close"):
            return adjusted.scaled(table), "by the file's adjusted close", used | {"Adj Close"}
        if "Adj Close" in has and not adjusted.is_equal(table):
            self._add(
                1, "adjustment", "the file has an adjusted close and no dividends: for prices as they are, returns "
                "without dividends, or all four multiplied by the adjusted close over the Close, "
                + to_write(as_it_is, {"columns": {"Adj Close": names[found.places["Adj Close"]]}})
            )  # fmt: skip
            return None, None, used
        if any((table[name] > (1 if name == "Stock Splits" else 0)).any() for name in actions):
            self._add(
                1, "adjustment", "the file has dividends or splits and no adjusted close, so whether its prices are "
                f"adjusted is ambiguous; to use the prices as they are, {to_write(as_it_is)}"
            )  # fmt: skip
            return None, None, used
        return bars, None, used

    def _left_out(self, found: Meanings, sheet: Sheet, used: set[str]) -> dict[str, Any]:
        unused = [sheet.names[at] for name, at in found.places.items() if name not in used]
        names = [*found.left_out, *unused]
        return ({"columns": names} if names else {}) | self.left_out


def _is_error(problem: Problem) -> bool:
    return problem.severity == "error"


def _counts(column: pyarrow.Array) -> bool:
    """True if a column counts the rows, as the index of a table does."""
    texts = column.to_pylist()
    if not all(text.isascii() and text.isdigit() and len(text) < 10 for text in texts):
        return False
    steps = np.diff(np.array(list(map(int, texts)), dtype=np.int64))
    return bool((steps == 1).all() or (steps == -1).all())


def _is_zero(column: pyarrow.Array) -> bool:
    return all(text in ("0", "0.0", "") for text in pyarrow.compute.unique(column).to_pylist())


def _with_time(dates: pyarrow.Array, times: pyarrow.Array) -> pyarrow.Array:
    compact = r"^([0-9]{2})([0-9]{2})([0-9]{2})$"
    spread = pyarrow.compute.replace_substring_regex(times, compact, r"\1:\2:\3")
    return pyarrow.compute.binary_join_element_wise(dates, spread, " ")


def _example(form: str) -> str:
    return _EXAMPLES.get(form, form)

