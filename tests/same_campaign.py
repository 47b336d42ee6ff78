"""Compare the results of two campaign folders made by two versions of the code on one machine.

python tests/same_campaign.py OLD NEW
"""

import csv
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

COMPARED = (
    "data/raw/datapackage.json",
    "data/processed/datapackage.json",
    "results/data_validation.json",
    "results/dataset.json",
    "results/data_dictionary.csv",
    "results/hpo/*/trials.csv",
    "results/hpo/*/best.json",
    "results/hpo/*/*/trial_*.json",
    "results/ledger/*/study.json",
    "results/ledger/*/*/*/*/params.json",
    "results/figures/search_importances_*.json",
    "results/races/*/*/*.json",
    "results/refits/*/*/refit_*.json",
    "results/baselines/*.json",
    "results/leakage_controls.json",
    "results/leakage_audit.json",
    "results/final/*.json",
    "results/evidence.json",
    "results/summary.csv",
)

# JSON keys and CSV columns that may differ, at any depth.
IGNORED = {
    # Digests of the source text, which differs between two versions.
    "code",
    "code_digest",
    "code_digests",
    # Digests of records, which include all of the following.
    *("sha256", "result_sha256"),
    # Versions of simmer and its dependencies.
    "tool",
    "versions",
    "sklearn_version",
    # Times, and counts that depend on them.
    "train_s",
    "checkpoint_s",
    "last_job_s",
    "seconds",
    "retrieved_at",  # time at which a snapshot was taken
    "checkpoints",  # written every so many seconds
    # State of the machine: memory, and the guard's records (temperature, time without readings or asleep).
    "peak_memory_bytes",
    "guard",
    *("slept_s", "paused_s", "blind_s", "warning_s", "critical_s", "braked_s"),  # the guard's, in trials.csv
    *("aborts", "energy_wh", "max_temperature_c", "temperature_source"),
}
# The audit's line about a control ends with the seconds of its training.
TOOK = re.compile(r"(?<= epochs), \d+ s$")
LONGEST = 80  # characters of a value that are shown

_ABSENT = object()


def differences(old: Path, new: Path) -> Iterator[str]:
    """Yield a line for each difference: file, place in it, old value and new value."""
    for name in compared_files(old, new):
        if not ((old / name).is_file() and (new / name).is_file()):
            yield f"{name}: only in {new if (new / name).is_file() else old}"
            continue
        for place, before, after in _differing(_read(old / name), _read(new / name)):
            yield f"{name}: {place or 'all of it'}: {_shown(before)} became {_shown(after)}"


def compared_files(*folders: Path) -> list[str]:
    """Return the files to compare that are in any of the folders, as paths within it."""
    found = {
        path.relative_to(folder) for folder in folders for name in COMPARED for path in folder.glob(name)
    }
    return sorted(path.as_posix() for path in found)


def _read(path: Path) -> Any:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        names = [name for name in header if name not in IGNORED]
        return {"header": names, "rows": [dict(zip(header, row, strict=True)) for row in rows]}
    return json.loads(path.read_text(encoding="utf-8"))


def _differing(before: Any, after: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted((before.keys() | after.keys()) - IGNORED):
            inner = f"{place}.{key}" if place else key
            yield from _differing(before.get(key, _ABSENT), after.get(key, _ABSENT), inner)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differing(one, other, f"{place}[{number}]")
    elif type(before) is not type(after) or _timeless(before) != _timeless(after):
        yield place, before, after


def _timeless(value: Any) -> Any:
    return TOOK.sub("", value) if isinstance(value, str) else value


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    text = json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def main(arguments: list[str]) -> int:
    """Print every difference and their number; return 1 if there are any, or no file to compare."""
    if len(arguments) != 2:
        sys.stderr.write(f"found {len(arguments)} arguments, expected two campaign folders: OLD NEW\n")
        return 2
    old, new = map(Path, arguments)
    files, found = compared_files(old, new), list(differences(old, new))
    sys.stdout.writelines(f"{line}\n" for line in found)
    sys.stdout.write(f"{len(files)} files compared, {len(found)} differences\n")
    return int(bool(found) or not files)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
