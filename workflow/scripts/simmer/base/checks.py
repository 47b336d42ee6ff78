"""Check results and the check table: as text, as JSON and as an error."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from simmer.base.errors import SimmerError
from simmer.base.text import plain, plain_lines

logger = logging.getLogger(__name__)


class CheckStatus(StrEnum):
    """Status of a check; SKIP means that it could not run."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"
    SKIP = "SKIP"


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """Row of a check table; `measured` and `needed` are in `unit`, `fix` says what to do and why."""

    id: str
    status: CheckStatus
    measured: float | str | None
    needed: float | str | None
    unit: str | None = None
    source: str
    fix: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the row as plain JSON values; the key of the status is `verdict`."""
        return {"verdict" if name == "status" else name: value for name, value in asdict(self).items()}

    @classmethod
    def judged(
        cls, name: str, *, fix: str | None, otherwise: CheckStatus = CheckStatus.FAIL, **columns: Any
    ) -> "CheckResult":
        """Return a row with the status OK if `fix` is empty, else `otherwise`."""
        return cls(id=name, status=otherwise if fix else CheckStatus.OK, fix=fix, **columns)


@dataclass(frozen=True, kw_only=True)
class CheckTable:
    """All checks of one machine, dataset or folder.

    Attributes:
        title: first line of the text.
        checks: the rows, in order.
        error: class of the error raised when a check failed.
        complaint: how that error begins.
        facts: further keys of the JSON file.
    """

    title: str
    checks: tuple[CheckResult, ...]
    error: type[SimmerError]
    complaint: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.status is CheckStatus.FAIL)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to do about each check with the status WARN, line by line.

        What was measured is left out: it differs between jobs that meet the same warning.
        """
        warned = [check for check in self.checks if check.status is CheckStatus.WARN]
        lines = [line for check in warned for line in (check.fix or check.id).split("\n")]
        return tuple(f"warning: {line.removeprefix('warning: ')}" for line in lines)

    @property
    def ok(self) -> bool:
        """True if no check failed."""
        return not self.failed

    def as_json(self) -> dict[str, Any]:
        """Return the check table as plain JSON values."""
        return {**self.facts, "ok": self.ok, "checks": [check.as_json() for check in self.checks]}

    def as_text(self) -> str:
        """Return the title, an aligned table with each fix below its row, and the number of each status."""
        count = {status: sum(check.status is status for check in self.checks) for status in CheckStatus}
        counts = ", ".join(f"{number} {status}" for status, number in count.items() if number)
        end = "all in order" if self.ok else "not in order"
        return f"{plain(self.title)}\n{as_table(self.checks)}{counts}: {end}\n"

    def raise_if_failed(self) -> None:
        """Raise `error`, with each failed check and its fix, if a check failed."""
        if self.failed:
            raise self.error(f"{self.complaint}:\n" + "\n".join(map(_failure, self.failed)))


def log_checks(table: CheckTable) -> None:
    """Log the whole table, and each check with the status WARN as a separate warning."""
    logger.info("%s", table.as_text().rstrip())
    for warning in table.warnings:
        logger.warning("%s", warning)


def as_table(checks: Iterable[CheckResult]) -> str:
    """Return checks as an aligned table, each fix below its row; columns without any value are left out."""
    checks = list(checks)
    columns = {"id": "check"} | {name: name for name in ("status", "measured", "needed", "unit", "source")}
    columns = {
        name: head
        for name, head in columns.items()
        if any(getattr(check, name) is not None for check in checks)
    }
    rows = [[_cell(getattr(check, name)) for name in columns] for check in checks]
    widths = [max(map(len, column)) for column in zip(columns.values(), *rows, strict=True)]
    lines = [_aligned([*columns.values()], widths)]
    for check, row in zip(checks, rows, strict=True):
        lines += [_aligned(row, widths), *_fix_lines(check)]
    return "\n".join(lines) + "\n"


def _failure(check: CheckResult) -> str:
    unit = f" ({check.unit})" if check.unit else ""
    said = [
        *([] if check.measured is None else [f"found {_cell(check.measured)}"]),
        *([] if check.needed is None else [f"expected {_cell(check.needed)}{unit}"]),
    ]
    return "\n".join([f"  {check.id}: {check.status}, {', '.join(said)}", *_fix_lines(check)])


def _fix_lines(check: CheckResult) -> list[str]:
    return [f"    -> {line}" for line in plain_lines(check.fix).split("\n")] if check.fix else []


def _cell(value: float | str | None) -> str:
    return "-" if value is None else plain(str(value))


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
