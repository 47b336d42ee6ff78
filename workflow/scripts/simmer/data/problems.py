"""Problems found in data files, each with its file, line, rule and message."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from simmer.base.errors import DataError
from simmer.base.text import printable

Severity = Literal["error", "warning"]


class Finding(NamedTuple):
    """A broken rule in a table; `row` is 0-based, None for the whole table.

    `day` is the day (datetime64[D]) for which a person can vouch; None if nobody can.
    """

    row: int | None
    rule: str
    message: str
    severity: Severity
    day: np.datetime64 | None = None


MAX_SHOWN_PER_RULE = 10
_VOUCH = "if single days are right, vouch for them: `exceptions: {2020-10-01: the vendor has no bar}`"
# By rule, what to write in the ticker's entry if the bars are right.
_ADVICE = {
    "no_volume": (
        "if days without volume are right, write `kind: stock` for a share or `kind: index`; for a level "
        "that never has volume, such as the VIX, `kind: no_volume_index`, for a rate `kind: currency`",
        _VOUCH,
    ),
    "flat": ("if days without a range are right, write `kind: stock` for a share or `kind: index`", _VOUCH),
    "decimals": ("if volumes have decimals because this is a cryptocurrency, write `kind: crypto`",),
    "weekend": ("if the ticker trades on every day, write `calendar: 24/7`", _VOUCH),
    "missing_session": (
        "if the ticker trades on another exchange, write that calendar: `calendar: XETR`",
        _VOUCH,
    ),
}


@dataclass(frozen=True)
class Problem:
    """A broken rule; `row` is the line of the file, from 1, or `None` for the whole file."""

    file: str
    row: int | None
    rule: str
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        file = printable(self.file)
        place = file if self.row is None else f"{file}, line {self.row}"
        return f"{place}: {self.message} [{self.rule}]"


def shorten(problems: Iterable[Problem]) -> list[Problem]:
    """Return the first ten problems of each (file, rule, severity) and one with the number of the others."""
    seen: Counter[tuple[str, str, Severity]] = Counter()
    kept = []
    for problem in problems:
        group = (problem.file, problem.rule, problem.severity)
        seen[group] += 1
        if seen[group] <= MAX_SHOWN_PER_RULE:
            kept.append(problem)
    for (file, rule, severity), count in seen.items():
        if count > MAX_SHOWN_PER_RULE:
            message = f"{count - MAX_SHOWN_PER_RULE} more of the same kind, {count} in all"
            kept.append(Problem(file, None, rule, message, severity))
    return kept


class BrokenRules(DataError):
    """Data break rules; `problems` are those of severity "error".

    `advice` says what to write in the ticker's entry if the bars are right.
    """

    def __init__(self, what: str, problems: Sequence[Problem]) -> None:
        listing = "\n  ".join(map(str, problems))
        self.problems = tuple(problems)
        self.advice = tuple(
            dict.fromkeys(line for problem in problems for line in _ADVICE.get(problem.rule, ()))
        )
        advice = "".join(f"\n{line}" for line in self.advice)
        super().__init__(f"{what} cannot be used; fix the file and run again:\n  {listing}{advice}")


def refuse_errors(problems: Iterable[Problem], *, what: str) -> None:
    """Raise `BrokenRules` with all problems of severity "error", if there are any."""
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise BrokenRules(what, errors)
