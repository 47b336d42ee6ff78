"""The sensors with fake programs mounted at the real absolute paths."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.configs import ROOT
from support.macos import SMC, THERMAL
from support.namespaces import overlay, private_mounts, why_no_namespaces

BIN = Path("/usr/bin")
LINE = "88, 92, 318.20, 450.00, 0x0000000000000040"

CHILD = """
import dataclasses, json, platform, sys
from pathlib import Path
from simmer.thermal.sensors import find_sensors

system, machine, consent = json.loads(sys.argv[1])
platform.machine = lambda: machine
found = find_sensors(Path("/no sysfs"), platform=system, environment={}, allow_sudo_powermetrics=consent)
readings = {sensor.name: sensor.read() for sensor in found}
answers = {name: reading and dataclasses.asdict(reading) for name, reading in readings.items()}
json.dump(answers, sys.stdout)
"""

# Without -n it asks, as sudo does, and hangs: a forgotten -n makes the reading time out.
SUDO = """#!/bin/sh
echo "sudo $*" >> {log}
if [ "$1" = -n ]; then shift; exec "$@"; fi
printf Password: > /dev/tty 2> /dev/null
exec sleep 600
"""
POWERMETRICS = """#!/bin/sh
case "$*" in
    '--samplers thermal -n 1 -i 200') cat <<'.'
{thermal}.
    ;;
    '--samplers smc -n 1 -i 200') cat <<'.'
{smc}.
    ;;
    *) exit 1 ;;
esac
"""
NVIDIA_SMI = """#!/bin/sh
echo "nvidia-smi $*" >> {log}
echo '{line}'
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def host_untouched() -> object:
    before = listing()
    yield
    assert listing() == before


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command with fake sudo, powermetrics and nvidia-smi; extra setup lines come last."""
    scratch, fakes = tmp_path / "scratch", tmp_path / "fakes"
    scratch.mkdir()
    fakes.mkdir()
    setup = overlay(str(BIN), scratch)
    if reason := why_no_namespaces(setup):
        pytest.skip(reason)
    heavy = THERMAL.replace("Mac14,2", "Mac16,5").replace("Nominal", "Heavy")
    for name, text in (("sudo", SUDO), ("powermetrics", POWERMETRICS), ("nvidia-smi", NVIDIA_SMI)):
        program = fakes / name
        program.write_text(text.format(log=tmp_path / "log", thermal=heavy, smc=SMC, line=LINE))
        program.chmod(0o755)
    setup += f"\nrm -f {BIN}/sudo {BIN}/powermetrics {BIN}/nvidia-smi\ncp {fakes}/* {BIN}/"

    def run(*command: str, more: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*private_mounts(f"{setup}\n{more}"), *command],
            env=os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def listing() -> dict[str, tuple[int, int, int]]:
    states = {entry.name: entry.stat(follow_symlinks=False) for entry in os.scandir(BIN)}
    return {name: (state.st_ino, state.st_size, state.st_mtime_ns) for name, state in states.items()}


def read(
    run: Run, system: str, machine: str = "arm64", *, consent: bool = False, more: str = ""
) -> dict[str, dict | None]:
    answered = run(sys.executable, "-c", CHILD, json.dumps([system, machine, consent]), more=more)
    assert answered.returncode == 0, answered.stderr
    return json.loads(answered.stdout)


def log(tmp_path: Path) -> list[str]:
    file = tmp_path / "log"
    return file.read_text().splitlines() if file.exists() else []


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac has sensors of its own")
@pytest.mark.parametrize(
    ("machine", "sampler", "celsius", "level"),
    [("arm64", "thermal", None, 2), ("x86_64", "smc", 47.42, None)],
)
def test_powermetrics_by_consent(
    run: Run, tmp_path: Path, machine: str, sampler: str, celsius: float | None, level: int | None
) -> None:
    found = read(run, "darwin", machine, consent=True)
    assert list(found) == [f"powermetrics:{sampler}"]
    reading = found[f"powermetrics:{sampler}"]
    assert reading is not None
    assert (reading["celsius"], reading["level"]) == (celsius, level)
    assert log(tmp_path) == [f"sudo -n /usr/bin/powermetrics --samplers {sampler} -n 1 -i 200"]


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac has sensors of its own")
def test_without_consent_sudo_is_not_run(run: Run, tmp_path: Path) -> None:
    assert read(run, "darwin") == {}
    assert log(tmp_path) == []


@pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="NVML would answer on this machine")
def test_nvidia_smi_where_nvml_does_not_start(run: Run, tmp_path: Path) -> None:
    reading = read(run, "linux")["nvidia-smi:gpu0"]
    assert reading is not None
    assert (reading["celsius"], reading["memory_c"], reading["brakes"]) == (88.0, 92.0, ["thermal"])
    assert (reading["power_w"], reading["power_limit_w"]) == (318.2, 450.0)
    assert len(log(tmp_path)) == 2


@pytest.mark.parametrize("more", [f"chmod g+w {BIN}/nvidia-smi", f"chmod o+w {BIN}"])
def test_a_program_that_others_can_replace_is_not_run(run: Run, tmp_path: Path, more: str) -> None:
    assert read(run, "linux", more=more) == {}
    assert log(tmp_path) == []


def test_a_password_prompt_ends_with_the_time_limit(run: Run) -> None:
    script = (
        "from simmer.thermal.sensors.command import run_command as run\n"
        "print(run(('/usr/bin/sudo', '/usr/bin/powermetrics'), timeout_s=0.5))"
    )
    answered = run(sys.executable, "-c", script)
    assert (answered.returncode, answered.stdout) == (0, "None\n"), answered.stderr


def test_mounts_are_refused_in_the_namespace_of_the_host(tmp_path: Path) -> None:
    if reason := why_no_namespaces():
        pytest.skip(reason)
    command = private_mounts(f"touch {tmp_path}/mounted")
    bare = command[command.index("--") + 1 :]
    refused = subprocess.run([*bare, "true"], capture_output=True, text=True, check=False)
    assert refused.returncode == 97
    assert "nothing is mounted" in refused.stderr
    assert not (tmp_path / "mounted").exists()


def test_a_setup_that_fails_starts_nothing(tmp_path: Path) -> None:
    if reason := why_no_namespaces():
        pytest.skip(reason)
    command = [*private_mounts("false"), "touch", str(tmp_path / "started")]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
    assert not (tmp_path / "started").exists()
