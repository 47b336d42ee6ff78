"""List every study of a results folder, export all trials as a table, or move a study aside.

python -m simmer.commands.studies RESULTS [--export FILE.parquet] [--forget ID [--confirm NAME]]
"""

import argparse
import io
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from simmer.base.errors import LedgerError, SimmerError
from simmer.base.files import typed_path, write_text, write_through
from simmer.base.text import csv_text, plain, quote
from simmer.base.words import count
from simmer.doctor.forgotten import forget, forgotten_in
from simmer.ledger.address import RESULTS, ledger_in
from simmer.search.space import COLUMNS
from simmer.status.catalogue import ListedStudy, listed_studies, unreadable_homes
from simmer.status.catalogue_screen import describe, screen
from simmer.status.command import screen_width
from simmer.status.overview import results_of_tickers
from simmer.status.trial_rows import trial_rows

_ENDINGS = (".parquet", ".csv")

Ask = Callable[[str], str]


def main(
    arguments: Sequence[str] | None = None,
    *,
    clock: Callable[[], float] = time.time,
    ask: Ask | None = None,
) -> None:
    """Show the studies of the folder named on the command line; exit with a message on errors.

    Args:
        arguments: of the command line; None for those of this process.
        clock: seconds since 1970.
        ask: shows a question and returns the answer; None to ask on the terminal, if there is one.
    """
    parser = argparse.ArgumentParser(prog="python -m simmer.commands.studies", description=__doc__)
    parser.add_argument("results", type=typed_path, help="folder of results")
    parser.add_argument("--export", type=typed_path, metavar="FILE", help="write all trials: .parquet, .csv")
    parser.add_argument("--forget", metavar="ID", help="move the study with this id aside")
    parser.add_argument("--confirm", metavar="NAME", help="its name, such as 2M/h3, in place of a question")
    given = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        places = [given.results, *results_of_tickers(given.results)]
        found = {study.study.home.name: study for place in places for study in listed_studies(place)}
        studies = list(found.values())  # of copies in the folder of a ticker and here, the one there
        if given.forget:
            ask = ask or (input if sys.stdin.isatty() else None)
            _show(_forgotten(given, studies, clock(), ask))
            return
        exported = [export(studies, given.export)] if given.export else []
        width = screen_width() if sys.stdout.isatty() else None
        shown = screen(studies, width=width, now_s=clock()) if studies else []
        notes = [*(note for place in places for note in _notes(place, studies)), *exported]
        _show([*shown, *([""] if shown and notes else []), *notes])
    except (SimmerError, OSError) as error:
        sys.exit(str(error))


def export(studies: Sequence[ListedStudy], file: Path) -> str:
    """Write a row per trial to a Parquet or CSV file, and return a sentence about it.

    Raises:
        LedgerError: when the name has another ending, or the file cannot be written.
    """
    if file.suffix not in _ENDINGS:
        raise LedgerError(f"found the name {quote(str(file))}; expected one that ends in .parquet or .csv")
    rows = list(trial_rows(studies, COLUMNS))
    if file.suffix == ".csv":
        columns = dict.fromkeys(name for row in rows for name in row)
        write_text(file, csv_text([columns, *([row.get(name) for name in columns] for row in rows)]))
    else:
        import pandas as pd

        frame = pd.DataFrame(rows)
        write_through(file, lambda aside: frame.to_parquet(aside, index=False))
    return f"wrote {count(len(rows), 'trial')} to {file}"


def _forgotten(
    given: argparse.Namespace, studies: Sequence[ListedStudy], now_s: float, ask: Ask | None
) -> list[str]:
    """Move a study aside, if its name is given, and return what was done."""
    listed = _named(given.forget, studies)
    places = [given.results, *results_of_tickers(given.results)]
    results = next(place for place in places if listed.study.home.is_relative_to(ledger_in(place)))
    answer = _answer(listed, results, ask) if given.confirm is None else given.confirm
    if answer.strip() != listed.name:
        raise LedgerError(f"found {quote(answer)}, expected {listed.name}: nothing was moved")
    home, today = listed.study.home, datetime.fromtimestamp(now_s, UTC).astimezone().date()
    moved = forget(home, listed.study.address, results, today=today)
    return [
        f"moved {describe(listed)} to {moved.parents[1]}",
        "Its published trials and refits are there, too; tables and figures stay until the next run.",
        f"To get it back, without a training: {shlex.join(['mv', str(moved), f'{home.parent}/'])}",
    ]


def _answer(listed: ListedStudy, results: Path, ask: Ask | None) -> str:
    if ask is None:
        there = "" if results == RESULTS else f" RESULTS={shlex.quote(str(results))}"
        command = f"make studies{there} FORGET={listed.short}"
        raise LedgerError(
            f"found no terminal to ask on; expected the name of the study. To move {describe(listed)} aside: "
            f"{command} CONFIRM={listed.name}"
        )
    try:
        return ask(
            f"{plain(describe(listed))}\n"
            "Nothing is deleted, but a run of its configuration trains it again.\n"
            f"Type {listed.name} to move it aside: "
        )
    except (EOFError, KeyboardInterrupt):
        return ""


def _named(prefix: str, studies: Sequence[ListedStudy]) -> ListedStudy:
    found = [each for each in studies if each.study.home.name.startswith(prefix)]
    if len(found) != 1:
        known = ", ".join(f"{each.short} ({each.name})" for each in found or studies)
        raise LedgerError(
            f"found {'several studies' if found else 'no study'} whose id begins with {quote(prefix)}; "
            f"expected one of {known or 'the ledger, which has none'}"
        )
    return found[0]


def _notes(results: Path, studies: Sequence[ListedStudy]) -> Iterator[str]:
    if not studies:
        yield f"found no study in {ledger_in(results)}: no search was begun there"
        yield "Those of another folder: make studies FOLDER=demo"
    for home in unreadable_homes(results, studies):
        yield f"not shown: {home}, whose study.json is damaged or absent (make doctor)"
    for home in forgotten_in(results):
        yield f"moved aside: {home}"


def _show(lines: Sequence[str]) -> None:
    sys.stdout.write("".join(f"{plain(line)}\n" for line in lines))


if __name__ == "__main__":
    main()
