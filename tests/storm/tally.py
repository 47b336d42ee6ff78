"""The tally of a storm: a line per case, appended at once, so that a storm may be cut off."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HELD = "held"


class Tally:
    """Cases by kind, in a file.

    Args:
        path: of the file, JSON lines with `kind`, `outcome` (`held`, or what went wrong) and facts.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, kind: str, outcome: str = HELD, **facts: Any) -> None:
        """Append a case."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, "outcome": outcome} | facts) + "\n")

    def cases(self) -> Iterator[dict[str, Any]]:
        """Yield all cases, oldest first."""
        if self.path.exists():
            yield from map(json.loads, self.path.read_text(encoding="utf-8").splitlines())

    def failures(self) -> list[dict[str, Any]]:
        """Return the cases that did not hold."""
        return [case for case in self.cases() if case["outcome"] != HELD]

    def count(self, prefix: str = "") -> int:
        """Return the number of cases whose kind begins with `prefix`."""
        return sum(case["kind"].startswith(prefix) for case in self.cases())

    def text(self) -> str:
        """Return the tally by kind, and the failures, as text."""
        every = Counter(case["kind"] for case in self.cases())
        failed = Counter(case["kind"] for case in self.failures())
        lines = [
            f"{every[kind]:6d}  {kind}" + (f"  ({failed[kind]} FAILED)" if failed[kind] else "")
            for kind in sorted(every)
        ]
        lines += [f"FAILED {case['kind']}: {case['outcome']}" for case in self.failures()]
        return "\n".join([*lines, f"{every.total():6d}  in all, {failed.total()} failed"])
