"""What a check found: every problem names its file, its line, its rule and what was expected."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from simmer.base.errors import DataError
from simmer.base.text import printable

Severity = Literal["error", "warning"]

MAX_SHOWN_PER_RULE = 10


@dataclass(frozen=True)
class Problem:
    """One broken rule; `row` is the 1-based line of the file, or `None` when it concerns the whole file."""

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
    """Keep the first ten problems of each (file, rule, severity) and count the rest in one more."""
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


def refuse_errors(problems: Iterable[Problem], *, what: str) -> None:
    """Raise one error that lists every problem of severity "error"; warnings pass.

    Raises:
        DataError: when there is at least one such problem.
    """
    errors = [str(problem) for problem in problems if problem.severity == "error"]
    if errors:
        listing = "\n  ".join(errors)
        raise DataError(f"{what} cannot be used; fix the file and run again:\n  {listing}")
