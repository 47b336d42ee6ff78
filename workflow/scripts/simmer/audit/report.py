"""The result of an audit, as an error, as JSON and as a table for people."""

from dataclasses import asdict, dataclass
from typing import Any

from simmer.base.checks import CheckResult, CheckVerdict, as_table
from simmer.base.errors import AuditError
from simmer.base.text import plain


@dataclass(frozen=True)
class AuditReport:
    """All checks of one ticker's dataset."""

    ticker: str
    checks: tuple[CheckResult, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the report as a value that JSON can hold."""
        return {
            "schema": "simmer-leakage-audit-1",
            "ok": not self.failed,
            "ticker": self.ticker,
            "checks": [asdict(check) for check in self.checks],
        }

    def as_text(self) -> str:
        """Return the report as an aligned table, fixes below the rows they belong to, and a last line."""
        count = {verdict: sum(check.verdict is verdict for check in self.checks) for verdict in CheckVerdict}
        summary = ", ".join(f"{number} {verdict}" for verdict, number in count.items() if number)
        return f"leakage audit of {plain(self.ticker)}\n{as_table(self.checks)}{summary}\n"

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.verdict is CheckVerdict.FAIL)

    def raise_if_failed(self) -> None:
        """Stop here when a check failed.

        Raises:
            AuditError: with the whole table, for nothing else remains of a job that failed.
        """
        if self.failed:
            names = ", ".join(check.id for check in self.failed)
            raise AuditError(f"the audit found leakage or a broken control ({names}):\n{self.as_text()}")
