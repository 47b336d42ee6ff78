"""The page of all cases, with their real messages.

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
        # A snapshot's entry holds the path of its file, so cases run at the path of the good folder.
        good, folder = Path(scratch) / "good", Path(scratch) / "tried"
        make_good(folder)
        folder.rename(good)
        for case in CASES:
            shutil.copytree(good, folder)
            case.spoil(folder)
            outcome, message = met(case, folder)
            rows.append(row(case, outcome, message, folder))
            remove(folder)
    return "\n".join([*heading(), *rows]) + "\n"


def heading() -> list[str]:
    """Return the lines above the rows."""
    outcomes = Counter(case.outcome for case in CASES)
    counts = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.items())
    return [
        f"# Hostile input: {len(CASES)} cases, {counts}",
        "",
        "Bad inputs and the outcome of each. Each is accepted or ends in one message within ten seconds, and",
        "none changes an existing file (`tests/data/test_hostile.py`). Made by",
        "`PYTHONPATH=workflow/scripts:tests .venv/bin/python -m support.hostile > tests/HOSTILE_INPUT.md`.",
        "",
        "| stage | input | outcome | message |",
        "|---|---|---|---|",
    ]


def row(case: Case, outcome: Outcome, message: str, folder: Path) -> str:
    """Return the row of a case that ended with this outcome and message in this folder."""
    return f"{row_start(case, outcome)} {_short(message, folder, case)} |"


def row_start(case: Case, outcome: Outcome) -> str:
    """Return a row up to its message."""
    return f"| {case.where} | {case.name} | {outcome} |"


def _short(message: str, folder: Path, case: Case) -> str:
    """Return the line of a message with the expected words, without parts that change between runs."""
    wanted = case.words[0] if case.words else ""
    lines = [line.strip() for line in message.splitlines() if line.strip()] or [""]
    text = next((line for line in lines if wanted in line), lines[0])
    text = re.sub(r"\s{2,}", " ", text.replace(str(folder), "…"))
    text = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
    text = re.sub(r"1900-01-01\.\.\d{4}-\d\d-\d\d", "1900-01-01..today", text)
    # The last bits of features, and so their hashes, depend on the processor.
    text = re.sub(r"(?=[0-9]*[a-f])[0-9a-f]{12,}", "HASH", text)
    text = text.replace("|", "\\|").replace("<", "&lt;")
    return text if len(text) <= 170 else text[:167] + "..."
