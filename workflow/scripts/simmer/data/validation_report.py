"""What the check of a folder against its manifest came to: for people, and as plain values."""

from dataclasses import asdict, dataclass
from typing import Any

from simmer.base.text import plain
from simmer.data.problems import Problem


@dataclass(frozen=True)
class CheckedFile:
    """What was found in one file; dates are ISO, `sha256` is the hash of the bytes that were checked."""

    path: str
    ticker: str
    kind: str
    rows: int
    date_min: str
    date_max: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class ValidationReport:
    """The outcome of `validate_manifest`; `ok` when no problem is an error."""

    manifest: str
    problems: tuple[Problem, ...]
    checked: tuple[CheckedFile, ...]

    @property
    def ok(self) -> bool:
        """Whether the chain may go on."""
        return all(problem.severity != "error" for problem in self.problems)

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values for `simmer.base.files.write_json`."""
        return {
            "manifest": self.manifest,
            "ok": self.ok,
            "checked": [asdict(file) for file in self.checked],
            "problems": [asdict(problem) for problem in self.problems],
        }

    def as_text(self) -> str:
        """Return the report as aligned tables for people, ending in a line feed."""
        errors = sum(problem.severity == "error" for problem in self.problems)
        verdict = "valid" if self.ok else "NOT VALID"
        counts = f"{len(self.checked)} files read, {errors} errors, {len(self.problems) - errors} warnings"
        lines = [f"{plain(self.manifest)}: {verdict} ({counts})"]
        header = ("file", "ticker", "kind", "rows", "first", "last", "sha256")
        rows = [
            (f.path, f.ticker, f.kind, str(f.rows), f.date_min, f.date_max, f.sha256[:12])
            for f in self.checked
        ]
        if rows:
            lines += ["", *_align([header, *rows])]
        found = [(p.severity, p.file, str(p.row or "-"), p.rule, p.message) for p in self.problems]
        if found:
            lines += [
                "",
                *_align([("severity", "file", "line", "rule", "what and what was expected"), *found]),
            ]
        return "\n".join(lines) + "\n"


def _align(rows: list[tuple[str, ...]]) -> list[str]:
    rows = [tuple(map(plain, row)) for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
