"""Result of validating a folder against its manifest, as plain values and as a check table."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from simmer.base.checks import CheckResult, CheckStatus, CheckTable
from simmer.base.errors import DataError
from simmer.base.text import printable
from simmer.base.words import count
from simmer.data.kinds import RULES
from simmer.data.problems import Problem


@dataclass(frozen=True, kw_only=True)
class CheckedFile:
    """Facts about a file that was checked; dates are ISO, `sha256` is the hash of the checked bytes.

    `choices` says what a person left out, vouched for and accepted.
    """

    path: str
    ticker: str
    kind: str
    rows: int
    date_min: str
    date_max: str
    bytes: int
    sha256: str
    choices: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the facts as plain values, without `choices` if there are none."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Validation:
    """Result of `validate_manifest` for the manifest named `manifest` in `folder`."""

    folder: str
    manifest: str
    problems: tuple[Problem, ...]
    checked: tuple[CheckedFile, ...]

    @property
    def ok(self) -> bool:
        """True if no problem is an error."""
        return all(problem.severity != "error" for problem in self.problems)

    def as_json(self) -> dict[str, Any]:
        """Return the result as plain JSON values."""
        return {
            "manifest": self.manifest,
            "ok": self.ok,
            "checked": [file.as_json() for file in self.checked],
            "problems": [asdict(problem) for problem in self.problems],
        }

    def table(self) -> CheckTable:
        """Return a check table with a row for each file that was checked or has a problem."""
        by_file: dict[str, list[Problem]] = {file.path: [] for file in self.checked}
        for problem in self.problems:
            by_file.setdefault(problem.file, []).append(problem)
        files = {file.path: file for file in self.checked}
        errors = sum(problem.severity == "error" for problem in self.problems)
        warnings = count(len(self.problems) - errors, "warning")
        counts = f"{count(len(self.checked), 'file')} read, {count(errors, 'error')}, {warnings}"
        return CheckTable(
            title=f"{self.manifest}: {counts}",
            checks=tuple(_row(name, files.get(name), problems) for name, problems in by_file.items()),
            error=DataError,
            complaint=f"the data of {self.folder} are not valid ({counts})",
        )


def _row(name: str, file: CheckedFile | None, problems: Iterable[Problem]) -> CheckResult:
    errors = [str(problem) for problem in problems if problem.severity == "error"]
    warnings = [f"warning: {problem}" for problem in problems if problem.severity == "warning"]
    volume = "" if file is None or RULES[file.kind].volume else " (no features of volume)"
    facts = file and f"{file.kind}{volume}, {count(file.rows, 'row')}, {file.date_min} to {file.date_max}"
    facts = "; ".join(filter(None, [facts, file.choices])) if file else None
    source = f"sha256 {file.sha256[:12]}" if file else "manifest"
    status = CheckStatus.FAIL if errors else CheckStatus.WARN if warnings else CheckStatus.OK
    return CheckResult(
        id=printable(name),
        status=status,
        measured=facts,
        needed="hash, facts, rules",
        source=source,
        fix="\n".join([*errors, *warnings]) or None,
    )
