"""The result of a preflight, as an error, as JSON and as a table for people."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from simmer.base.errors import PreflightError
from simmer.base.text import plain, plain_lines


class CheckVerdict(StrEnum):
    """How a check ended; SKIP means it could not be made, which is no tick."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"
    SKIP = "SKIP"


@dataclass(frozen=True)
class CheckResult:
    """One row of the report; `measured` and `needed` are in `unit`, `fix` is None when all is well."""

    id: str
    verdict: CheckVerdict
    measured: float | str | None
    needed: float | str | None
    unit: str | None
    source: str
    fix: str | None


@dataclass(frozen=True)
class PreflightReport:
    """All checks of one scale on one machine; `time` is ISO 8601 in UTC."""

    scale: str
    host: str
    time: str
    checks: tuple[CheckResult, ...]

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return all(check.verdict is not CheckVerdict.FAIL for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """Return the report as a value that JSON can hold."""
        return {"schema": "simmer-preflight-1", "ok": self.ok, **asdict(self)}

    def as_text(self) -> str:
        """Return the report as an aligned table, fixes below the rows they belong to."""
        return f"preflight {plain(self.scale)} on {plain(self.host)}, {self.time}\n{as_table(self.checks)}"

    def raise_if_failed(self) -> None:
        """Stop here when a check failed.

        Raises:
            PreflightError: naming every failed check and how to mend it.
        """
        refuse_failures(self.scale, self.checks)


def as_table(checks: Sequence[CheckResult]) -> str:
    """Return checks as an aligned table, fixes below the rows they belong to, ending in a line feed."""
    heads = ("check", "verdict", "measured", "needed", "unit", "source")
    rows = [[_cell(getattr(check, name)) for name in ("id", *heads[1:])] for check in checks]
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    lines = [_aligned(heads, widths)]
    for check, row in zip(checks, rows, strict=True):
        lines.append(_aligned(row, widths))
        if check.fix:
            lines.append(f"    -> {plain_lines(check.fix)}")
    return "\n".join(lines) + "\n"


def refuse_failures(scale: str, checks: Iterable[CheckResult]) -> None:
    """Stop here when one of these checks failed.

    Raises:
        PreflightError: naming every failed check and how to mend it.
    """
    failed = [check for check in checks if check.verdict is CheckVerdict.FAIL]
    if failed:
        rows = "\n".join(
            f"  {check.id}: {_cell(check.measured)} found, {_cell(check.needed)} needed"
            f"{f' ({check.unit})' if check.unit else ''}; {check.fix}"
            for check in failed
        )
        raise PreflightError(f"this machine cannot run {scale} as configured:\n{rows}")


def _cell(value: Any) -> str:
    return "-" if value is None else plain(str(value))


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
