"""Verify environment, machine, data and models: read every file in every manifest and print one check table.

Changes nothing, so it may run during a campaign.

python -m simmer.commands.verify DATA --project pyproject.toml --constraints constraints.txt
"""

import argparse
import os
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
from simmer.base.errors import DataError, LedgerError
from simmer.base.files import typed_path
from simmer.base.words import count
from simmer.data.manifest import MANIFEST_NAME, read_manifest, sidecar_path
from simmer.data.pending import PendingRegistrations, pending_registrations, tables_below
from simmer.data.untrusted_files import is_manifest_path
from simmer.data.validation import validate_manifest
from simmer.ledger.address import RESULTS
from simmer.ledger.published_models import cards_in, read_model
from simmer.machine.facts import Machine, inspect_machine
from simmer.machine.preflight_heat import check_temperature_source
from simmer.thermal.sensors import find_sensors

# Folders of data with a manifest; every run writes the last two.
PARTS = ("snapshots", "raw", "processed")


def verify(
    data: Path, machine: Machine, *, installed: Mapping[str, str], pinned: Mapping[str, str]
) -> CheckTable:
    """Check versions, machine and all data below a folder.

    Args:
        data: the folder with snapshots/, raw/ and processed/.
        machine: this machine.
        installed: installed versions by package.
        pinned: tested versions by package.
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
            *_check_models(data.parent / RESULTS),
        ),
        error=DataError,
        complaint="verification failed",
    )


def verify_here(
    data: Path, *, project: Path, constraints: Path, sysfs_root: Path = Path("/sys")
) -> CheckTable:
    """Check this machine, the data below a folder, and the versions of what `project` depends on.

    Args:
        data: the folder with snapshots/, raw/ and processed/.
        project: path of pyproject.toml.
        constraints: file with the pinned versions.
        sysfs_root: root of the search for temperature sources.
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
    """Print the check table; exit status 1 if a check failed."""
    parser = argparse.ArgumentParser(prog="python -m simmer.commands.verify", description=__doc__)
    parser.add_argument("data", type=typed_path, help="folder with snapshots/, raw/ and processed/")
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
            fix=None if fits else "results may differ from those of the tested version: run make setup",
        )


def _check_accelerator(machine: Machine) -> CheckResult:
    found = machine.accelerator
    name = None if found is None else found.name or found.kind
    problem = "torch is not installed: run make setup" if found is None else found.problem
    return CheckResult.judged(
        "accelerator", measured=name, needed="a working device", source="torch", fix=problem
    )


def _check_manifest(manifest: Path, part: str) -> Iterator[CheckResult]:
    if part == "snapshots" and not manifest.exists():
        return  # bundled bars have no snapshots
    if part != "snapshots" and not _is_built(manifest.parents[1]):
        yield CheckResult(
            id=part,
            status=CheckStatus.WARN,
            measured="nothing built yet",
            needed="tables",
            source="manifest",
            fix="run the campaign to build it",
        )
        return
    if part == "processed" and not manifest.exists():
        yield _not_made(f"{part}/{MANIFEST_NAME}", f"data/{part}/{MANIFEST_NAME}")
        return
    found = validate_manifest(manifest, kinds={}, calendars=None)
    later = _not_made_yet(manifest)
    for name in later:
        yield _not_made(f"{part}/{name}", f"data/{part}/{name}")
    # Unlisted files have rows of their own.
    problems = tuple(
        problem for problem in found.problems if problem.rule != "unregistered" and problem.file not in later
    )
    for check in replace(found, problems=problems).table().checks:
        yield replace(check, id=f"{part}/{check.id}")


def _not_made_yet(manifest: Path) -> list[str]:
    """Return the listed tables that no job has made here: the workflow writes a sidecar beside each.

    The repository tracks the manifests of the shipped campaign, and another campaign needs only some of them.
    """
    folder = manifest.parent
    if folder.name == "snapshots":
        return []
    listed = [path for path, *_ in _hashes(manifest) if is_manifest_path(path)]
    made = [(folder / path, sidecar_path(folder / path)) for path in listed]
    return [path for path, files in zip(listed, made, strict=True) if not any(map(os.path.lexists, files))]


def _not_made(name: str, target: str) -> CheckResult:
    return CheckResult(
        id=name,
        status=CheckStatus.WARN,
        measured="not made yet",
        needed="-",
        source="manifest",
        fix=f"nothing has asked for it; a run with the target {target} or `make report` makes it, if its "
        "configuration has it",
    )


def _check_pending(data: Path) -> Iterator[CheckResult]:
    try:
        pending = pending_registrations(data, [data / part / MANIFEST_NAME for part in PARTS])
    except DataError:
        pending = PendingRegistrations((), (), ())  # the damaged manifest has its own row
    unknown = 0
    for path in pending.unlisted:
        # A table with a sidecar was written by the workflow, so it belongs to another configuration.
        left_over = sidecar_path(data / path).exists() and not path.startswith("snapshots/")
        unknown += not left_over
        fix = "made for another configuration: switch back to it, or remove it with its .resource.json"
        if left_over and not (data / path).with_name(MANIFEST_NAME).exists():
            continue  # its manifest was not made yet, which has a row
        if not left_over:
            fix = "no manifest lists it: make register FILE=<file> TICKER=<ticker>, or remove it"
        yield CheckResult(
            id=path,
            status=CheckStatus.WARN if left_over else CheckStatus.FAIL,
            measured="not listed",
            needed="listed",
            source="manifests",
            fix=fix,
        )
    later = [f"{part}/{path}" for part in PARTS for path in _not_made_yet(data / part / MANIFEST_NAME)]
    missing = [path for path in pending.missing if path not in later]
    counts = f"{len(pending.unlisted)} not listed, {len(missing)} missing, {len(pending.changed)} changed"
    failed = bool(unknown or missing or pending.changed)
    fix = "run the campaign to acquire and build missing and changed tables again" if failed else None
    yield CheckResult.judged(
        "pending registrations", measured=counts, needed="none", source="manifests", fix=fix
    )


def _check_origins(data: Path) -> Iterator[CheckResult]:
    """Check that each table was made of the present version of its sources."""
    hashes = {part: _hashes(data / part / MANIFEST_NAME) for part in PARTS}
    for part, made_of in (("processed", "raw"), ("raw", "snapshots")):
        key = "path" if part == "processed" else "snapshot"
        later = _not_made_yet(data / part / MANIFEST_NAME)
        for path, _, sources in hashes[part] if _is_built(data) else []:
            for source in sources if path not in later else []:
                name = source.get(key)
                now = [known for at, known, _ in hashes[made_of] if name in (at, PurePosixPath(at).stem)]
                if name is not None and source.get("hash") not in now:
                    yield CheckResult.judged(
                        f"{part}/{path}",
                        measured=name,
                        needed="unchanged",
                        source="sources",
                        fix=f"{made_of} has another version of {name} now: run the campaign to rebuild it",
                    )


def _check_models(results: Path) -> Iterator[CheckResult]:
    for path in cards_in(results):
        try:
            model = read_model(path, results)
            wrong = {} if model is None else model.problems()
            fix = "\n".join(f"{file.name} is {what}: make doctor FIX=yes" for file, what in wrong.items())
        except LedgerError as error:
            model, fix = None, str(error)
        if model is not None or fix:
            measured = None if model is None else count(len(model.card.members), "member")
            name = path.parent.relative_to(results).as_posix()
            yield CheckResult.judged(
                name, measured=measured, needed="whole", source="card.json", fix=fix or None
            )


def _is_built(data: Path) -> bool:
    return any(tables_below(data / part) for part in ("raw", "processed"))


def _hashes(manifest: Path) -> list[tuple[str, object, list[Mapping[str, Any]]]]:
    try:
        entries = read_manifest(manifest)["resources"] if manifest.exists() else []
    except DataError:
        return []  # the damaged manifest has its own row
    return [
        (str(entry.get("path")), entry.get("hash"), [one for one in sources if isinstance(one, dict)])
        for entry in entries
        if isinstance(sources := entry.get("sources"), list)
    ]


if __name__ == "__main__":
    main()
