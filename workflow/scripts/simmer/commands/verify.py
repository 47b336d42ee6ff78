"""Verify environment, machine and data: one table, for which every file of every manifest is read.

Reads everything and changes nothing, so it may run beside a campaign.

python -m simmer.commands.verify DATA --project pyproject.toml --constraints constraints.txt
"""

import argparse
import platform
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

from simmer.base.checks import CheckResult, CheckStatus, CheckTable
from simmer.base.errors import DataError
from simmer.data.manifest import MANIFEST_NAME, read_manifest, sidecar_path
from simmer.data.pending import PendingRegistrations, pending_registrations, tables_below
from simmer.data.validation import validate_manifest
from simmer.machine.facts import Machine, inspect_machine
from simmer.machine.preflight_heat import check_temperature_source
from simmer.thermal.sensors import find_sensors

# The folders of data that have a manifest; the last two are written by every run.
PARTS = ("snapshots", "raw", "processed")


def verify(
    data: Path, machine: Machine, *, installed: Mapping[str, str], pinned: Mapping[str, str]
) -> CheckTable:
    """Check versions, machine and all data below a folder.

    Args:
        data: the folder with snapshots/, raw/ and processed/.
        machine: this machine.
        installed: versions by package; `pinned` are those that the project is tested with.
    """
    return CheckTable(
        title=f"verification of {data}, its environment and its machine",
        checks=(
            *_check_versions(installed, pinned),
            _check_accelerator(machine),
            check_temperature_source(machine.readings, require_sensor=False),
            *(row for part in PARTS for row in _check_manifest(data / part / MANIFEST_NAME, part)),
            *_check_origins(data),
            *_check_pending(data),
        ),
        error=DataError,
        complaint="not all is in order",
    )


def verify_here(
    data: Path, *, project: Path, constraints: Path, sysfs_root: Path = Path("/sys")
) -> CheckTable:
    """Check this machine, the data below a folder, and the versions of what `project` depends on.

    Args:
        data: the folder with snapshots/, raw/ and processed/.
        project: a pyproject.toml.
        constraints: the pinned versions.
        sysfs_root: where temperature sources are looked for.
    """
    dependencies = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    names = [re.split("[=<>!~ ]", dependency)[0] for dependency in dependencies]
    lines = constraints.read_text(encoding="utf-8").splitlines()
    machine = inspect_machine(data, sysfs_root, sensors=find_sensors(sysfs_root))
    return verify(
        data,
        machine,
        installed={"python": platform.python_version()} | {name: metadata.version(name) for name in names},
        pinned=dict(line.split("==") for line in lines if "==" in line),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table; exit status 1 when a row failed."""
    parser = argparse.ArgumentParser(prog="python -m simmer.commands.verify", description=__doc__)
    parser.add_argument("data", type=Path, help="folder with snapshots/, raw/ and processed/")
    parser.add_argument("--project", type=Path, default=Path("pyproject.toml"))
    parser.add_argument("--constraints", type=Path, default=Path("constraints.txt"))
    given = parser.parse_args(arguments)
    found = verify_here(given.data, project=given.project, constraints=given.constraints)
    sys.stdout.write(found.as_text())
    sys.exit(not found.ok)


def _check_versions(installed: Mapping[str, str], pinned: Mapping[str, str]) -> Iterator[CheckResult]:
    for name, version in installed.items():
        wanted = pinned.get(name)
        fits = wanted in (None, version.split("+")[0])  # 2.13.0+cpu is another build of 2.13.0
        yield CheckResult.judged(
            name,
            otherwise=CheckStatus.WARN,
            measured=version,
            needed=wanted,
            source="installed",
            fix=None if fits else "results may differ from those it is tested with: make setup",
        )


def _check_accelerator(machine: Machine) -> CheckResult:
    found = machine.accelerator
    name = None if found is None else found.name or found.kind
    problem = "torch is not installed: make setup" if found is None else found.problem
    return CheckResult.judged(
        "accelerator", measured=name, needed="one that computes", source="torch", fix=problem
    )


def _check_manifest(manifest: Path, part: str) -> Iterator[CheckResult]:
    if part == "snapshots" and not manifest.exists():
        return  # the bundled bars need none
    if part != "snapshots" and not _is_built(manifest.parents[1]):
        yield CheckResult(
            id=part,
            status=CheckStatus.WARN,
            measured="nothing built yet",
            needed="tables",
            source="manifest",
            fix="a run of the campaign makes it",
        )
        return
    found = validate_manifest(manifest, kinds={}, calendar=None)
    # What no manifest names has rows of its own.
    problems = tuple(problem for problem in found.problems if problem.rule != "unregistered")
    for check in replace(found, problems=problems).table().checks:
        yield replace(check, id=f"{part}/{check.id}")


def _check_pending(data: Path) -> Iterator[CheckResult]:
    try:
        pending = pending_registrations(data, [data / part / MANIFEST_NAME for part in PARTS])
    except DataError:
        pending = PendingRegistrations((), (), ())  # the broken manifest has a row of its own
    unknown = 0
    for path in pending.unlisted:
        # What the chain made has an entry beside it, so this was made for another configuration.
        left_over = sidecar_path(data / path).exists() and not path.startswith("snapshots/")
        unknown += not left_over
        fix = "made for another configuration: switch back to it, or remove it with its .resource.json"
        if not left_over:
            fix = "no manifest names it: make register FILE=<it> TICKER=<its ticker>, or remove it"
        yield CheckResult(
            id=path,
            status=CheckStatus.WARN if left_over else CheckStatus.FAIL,
            measured="unregistered",
            needed="registered",
            source="pending",
            fix=fix,
        )
    gone = pending.missing if _is_built(data) else ()
    counts = f"{len(pending.unlisted)} unregistered, {len(gone)} gone, {len(pending.changed)} changed"
    disorder = bool(unknown or gone or pending.changed)
    fix = "what is gone or changed is acquired and built again by a run of the campaign" if disorder else None
    yield CheckResult.judged(
        "pending registrations", measured=counts, needed="none", source="manifests", fix=fix
    )


def _check_origins(data: Path) -> Iterator[CheckResult]:
    """Each table was made of the very tables that are there now."""
    hashes = {part: _hashes(data / part / MANIFEST_NAME) for part in PARTS}
    for part, made_of in (("processed", "raw"), ("raw", "snapshots")):
        key = "path" if part == "processed" else "snapshot"
        for path, _, sources in hashes[part] if _is_built(data) else []:
            for source in sources:
                name = source.get(key)
                now = [known for at, known, _ in hashes[made_of] if name in (at, PurePosixPath(at).stem)]
                if name is not None and source.get("hash") not in now:
                    yield CheckResult.judged(
                        f"{part}/{path}",
                        measured=name,
                        needed="as made",
                        source="sources",
                        fix=f"{made_of} has another {name} now: a run of the campaign makes this again",
                    )


def _is_built(data: Path) -> bool:
    return any(tables_below(data / part) for part in ("raw", "processed"))


def _hashes(manifest: Path) -> list[tuple[str, object, list[Mapping[str, Any]]]]:
    try:
        entries = read_manifest(manifest)["resources"] if manifest.exists() else []
    except DataError:
        return []  # the broken manifest has a row of its own
    return [
        (str(entry.get("path")), entry.get("hash"), [one for one in sources if isinstance(one, dict)])
        for entry in entries
        if isinstance(sources := entry.get("sources"), list)
    ]


if __name__ == "__main__":
    main()
