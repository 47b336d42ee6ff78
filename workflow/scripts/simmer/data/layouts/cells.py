"""Lines of separated fields as columns of text, with the line of each row and every line that is broken."""

import io
import re
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow
import pyarrow.compute
import pyarrow.csv

from simmer.base.text import quote
from simmer.data.layouts.form import Sheet
from simmer.data.problems import Problem

_MISSING = ("", "nan", "null", "none", "n/a", "na", "-", ".", "nat", "<na>")


def columns_of(
    lines: Sequence[str], sheet: Sheet, wanted: Mapping[str, int], *, file_name: str
) -> tuple[dict[str, pyarrow.Array], np.ndarray, list[Problem]]:
    """Split the lines below the header into columns of text.

    Args:
        lines: all lines of the file, without the empty ones at its end.
        sheet: its form.
        wanted: by meaning, the place of a column in a line.
        file_name: name of the file in the problems.

    Returns:
        By meaning, the text of each row without blanks around it (arrow string, [n]); the line of each row,
        [n] int64; and a problem for each line that is broken.
    """
    whole = _whole_line(sheet.separator)
    kept, numbers, problems = [], [], []
    for number, line in enumerate(lines[sheet.header_lines :], start=sheet.header_lines + 1):
        fault = _fault(line, sheet.width, whole)
        if fault is None:
            kept.append(line)
            numbers.append(number)
        else:
            problems.append(Problem(file_name, number, "fields", fault))
    wrong: list[tuple[int, str]] = []

    def skip(row: pyarrow.csv.InvalidRow) -> str:
        number = numbers[row.number - 1]
        wrong.append((row.number - 1, _wrong_width(lines[number - 1], row.actual_columns, sheet.width)))
        return "skip"

    if not kept:
        empty = {meaning: pyarrow.array([], pyarrow.string()) for meaning in wanted}
        return empty, np.array([], dtype=np.int64), problems
    content = ("\n".join(kept) + "\n").encode()
    names = [str(place) for place in range(sheet.width)]
    table = pyarrow.csv.read_csv(
        io.BytesIO(content),
        # One block, because a line must not cross the border of two; in one thread rows are numbered.
        read_options=pyarrow.csv.ReadOptions(
            use_threads=False, column_names=names, block_size=len(content) + 1
        ),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=sheet.separator, ignore_empty_lines=False, invalid_row_handler=skip
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pyarrow.string()),
            strings_can_be_null=False,
            include_columns=sorted({str(place) for place in wanted.values()}),
        ),
    )
    problems += [Problem(file_name, numbers[row], "fields", message) for row, message in wrong]
    rows = np.delete(np.array(numbers, dtype=np.int64), [row for row, _ in wrong])
    columns = {
        meaning: pyarrow.compute.ascii_trim_whitespace(table.column(str(place)).combine_chunks())
        for meaning, place in wanted.items()
    }
    return columns, rows, sorted(problems, key=lambda problem: problem.row or 0)


def is_missing(texts: pyarrow.Array) -> np.ndarray:
    """Return where a text stands for a value that is missing, such as `nan` or nothing, [n] bool."""
    lower = pyarrow.compute.ascii_lower(texts)
    found = pyarrow.compute.is_in(lower, value_set=pyarrow.array(_MISSING, pyarrow.string()))
    return found.to_numpy(zero_copy_only=False)


def _whole_line(separator: str) -> re.Pattern[str]:
    field = rf'(?:\s*"[^"]*(?:""[^"]*)*"\s*|[^"{separator}]*)'
    return re.compile(rf"{field}(?:{separator}{field})*")


def _fault(line: str, width: int, whole: re.Pattern[str]) -> str | None:
    if not line.strip():
        return f"an empty line; expected {width} fields"
    if "\r" in line:
        return f"a carriage return in {quote(line)}; save the file with line feeds as line ends"
    # The parser would join lines with an open quote, and drop a quote in mid-field.
    if '"' in line and not whole.fullmatch(line):
        return f"a quote that does not enclose a whole field in {quote(line)}; save the file again"
    return None


def _wrong_width(line: str, found: int, width: int) -> str:
    advice = "a decimal comma or a thousands separator outside quotes?" if found > width else "cut off?"
    return f"{found} fields in {quote(line)}; expected {width}, as in the header ({advice})"
