"""The page of all cases, made from the real messages.

PYTHONPATH=workflow/scripts:tests .venv/bin/python -m support.hostile > tests/HOSTILE_INPUT.md
"""

import re
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from support.hostile import CASES
from support.hostile.case import Case, Outcome
from support.hostile.folder import make_good, remove
from support.hostile.stages import met


def table() -> str:
    """Return the page, with the outcome of every case."""
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        # A snapshot's entry names the folder of its file, so cases run where the good folder was made.
        good, folder = Path(scratch) / "good", Path(scratch) / "tried"
        make_good(folder)
        folder.rename(good)
        for case in CASES:
            shutil.copytree(good, folder)
            case.spoil(folder)
            outcome, said = met(case, folder)
            rows.append(row(case, outcome, said, folder))
            remove(folder)
    return "\n".join([*heading(), *rows]) + "\n"


def heading() -> list[str]:
    """Return the lines above the rows."""
    outcomes = Counter(case.outcome for case in CASES)
    counts = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.items())
    return [
        f"# Hostile input: {len(CASES)} cases, {counts}",
        "",
        "Bad inputs and what each gives. None gave anything but a sentence, took more than ten seconds, or",
        "changed a file that was there before (`tests/data/test_hostile.py`). Made by",
        "`PYTHONPATH=workflow/scripts:tests .venv/bin/python -m support.hostile > tests/HOSTILE_INPUT.md`.",
        "",
        "| what | is | gives | which says |",
        "|---|---|---|---|",
    ]


def row(case: Case, outcome: Outcome, said: str, folder: Path) -> str:
    """Return the row of a case that ended with this outcome and message in this folder."""
    return f"{row_start(case, outcome)} {_short(said, folder, case)} |"


def row_start(case: Case, outcome: Outcome) -> str:
    """Return a row up to its message."""
    return f"| {case.where} | {case.name} | {outcome} |"


def _short(said: str, folder: Path, case: Case) -> str:
    """Return the line of a message that has the expected words, without what changes from run to run."""
    wanted = case.words[0] if case.words else ""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or [""]
    text = next((line for line in lines if wanted in line), lines[0])
    text = re.sub(r"\s{2,}", " ", text.replace(str(folder), "…"))
    text = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
    text = re.sub(r"1900-01-01\.\.\d{4}-\d\d-\d\d", "1900-01-01..today", text)
    # Features are computed, so their last bits depend on the processor, and their hashes with them.
    text = re.sub(r"(?=[0-9]*[a-f])[0-9a-f]{12,}", "HASH", text)
    text = text.replace("|", "\\|").replace("<", "&lt;")
    return text if len(text) <= 170 else text[:167] + "..."
