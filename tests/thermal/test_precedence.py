"""Which sensors a machine has, and which of two possible ones is used."""

import platform
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simmer.thermal import sensors as package
from simmer.thermal.provider import get_macos_temperature
from simmer.thermal.readings import PressureLevel, Reading
from simmer.thermal.sensors import Sensor, find_sensors
from simmer.thermal.sensors.nvidia_smi import NvidiaSmiSensor
from simmer.thermal.sensors.tools import Tools
from support.macos import SMC, THERMAL

HIDDEN = {"CUDA_VISIBLE_DEVICES": ""}
MACMON = '{"temp":{"cpu_temp_avg":43.5,"gpu_temp_avg":36.9},"all_power":0.2}'

Programs = Callable[..., Tools]


class FakeSensor:
    interval_s = 0.0

    def __init__(self, name: str, **fields: object) -> None:
        self.name = name
        self.fields = fields

    def read(self) -> Reading | None:
        return Reading(self.name, **self.fields) if self.fields else None


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    """Write programs that print a text and return their paths; each run is appended to a file `runs`."""

    def write(**texts: str) -> Tools:
        scripts = {name: f"cat <<'.'\n{text}\n.\n" for name, text in texts.items()}
        if "powermetrics" in scripts:
            scripts["sudo"] = '[ "$1" = -n ] && shift && exec "$@"\n'
        for name in ("sudo", "powermetrics", "macmon"):
            program = tmp_path / name
            program.unlink(missing_ok=True)
            if name in scripts:
                program.write_text(f"#!/bin/sh\necho {name} >> {tmp_path}/runs\n{scripts[name]}")
                program.chmod(0o755)
        return Tools(
            sudo=tmp_path / "sudo", powermetrics=tmp_path / "powermetrics", macmon=(tmp_path / "macmon",)
        )

    return write


@pytest.fixture
def smc(monkeypatch: pytest.MonkeyPatch) -> list[Sensor]:
    """The sensors of the SMC; empty until a test adds some."""
    found: list[Sensor] = []
    monkeypatch.setattr(package, "find_smc_sensors", lambda: found)
    return found


@pytest.fixture
def pressure(monkeypatch: pytest.MonkeyPatch) -> Sensor:
    sensor = FakeSensor("level", level=PressureLevel.HEAVY)
    monkeypatch.setattr(package, "find_pressure_sensors", lambda: [sensor])
    return sensor


def names(found: list[Sensor]) -> list[str]:
    return [sensor.name for sensor in found]


def runs(tmp_path: Path) -> list[str]:
    file = tmp_path / "runs"
    return file.read_text().split() if file.exists() else []


def test_linux_asks_sysfs_and_windows_and_macos_do_not(
    write_files: Callable[..., Path], tmp_path: Path, smc: list[Sensor]
) -> None:
    write_files("class/hwmon/hwmon0", name="coretemp", temp1_label="Package id 0", temp1_input=50000)
    no_tools = Tools(nvidia_smi=tmp_path / "absent", macmon=())
    found = {
        name: find_sensors(tmp_path, platform=name, environment=HIDDEN, tools=no_tools)
        for name in ("linux", "win32", "darwin")
    }
    assert names(found["linux"]) == ["coretemp@hwmon0"]
    assert found["win32"] == []
    if sys.platform != "darwin":
        assert found["darwin"] == []


def test_a_machine_without_sensors_has_an_empty_list(tmp_path: Path) -> None:
    tools = Tools(nvidia_smi=tmp_path / "absent")
    assert find_sensors(tmp_path, platform="linux", environment=HIDDEN, tools=tools) == []


def test_nvidia_smi_is_used_only_if_nvml_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smi = NvidiaSmiSensor(tmp_path / "nvidia-smi", 0, "clocks_event_reasons.active")
    asked = []
    monkeypatch.setattr(
        package, "find_nvidia_smi_sensors", lambda environment, program: asked.append(program) or [smi]
    )
    tools = Tools(nvidia_smi=tmp_path / "nvidia-smi")
    for boards, expected in (
        ([], []),
        ([FakeSensor("nvml:gpu0")], ["nvml:gpu0"]),
        (None, ["nvidia-smi:gpu0"]),
    ):
        monkeypatch.setattr(package, "find_nvml_sensors", lambda environment, boards=boards: boards)
        assert names(find_sensors(tmp_path, platform="linux", environment={}, tools=tools)) == expected
    assert asked == [tmp_path / "nvidia-smi"]
    assert find_sensors(tmp_path, platform="win32", environment={}, tools=tools) == []


def test_a_mac_has_the_smc_and_always_the_level(
    tmp_path: Path, programs: Programs, smc: list[Sensor], pressure: Sensor
) -> None:
    smc += [FakeSensor("smc:TCMz", celsius=80.0), FakeSensor("smc:gpu", celsius=70.0)]
    tools = programs(macmon=MACMON, powermetrics=THERMAL)
    assert names(find_sensors(tmp_path, platform="darwin", tools=tools)) == ["smc:TCMz", "smc:gpu", "level"]
    assert runs(tmp_path) == []


def test_a_mac_without_a_readable_smc_has_the_averages_of_macmon(
    tmp_path: Path, programs: Programs, smc: list[Sensor], pressure: Sensor
) -> None:
    found = find_sensors(tmp_path, platform="darwin", tools=programs(macmon=MACMON))
    assert names(found) == ["macmon:average", "level"]
    assert names(find_sensors(tmp_path, platform="darwin", tools=programs())) == ["level"]


def test_powermetrics_is_there_by_consent_only(
    tmp_path: Path, programs: Programs, smc: list[Sensor], pressure: Sensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = programs(powermetrics=THERMAL)
    for machine, name in (("arm64", "powermetrics:thermal"), ("x86_64", "powermetrics:smc")):
        monkeypatch.setattr(platform, "machine", lambda machine=machine: machine)
        found = find_sensors(tmp_path, platform="darwin", tools=tools, allow_sudo_powermetrics=True)
        assert names(found) == ["level", name]
    for sensor in find_sensors(tmp_path, platform="darwin", tools=tools):
        sensor.read()
    assert runs(tmp_path) == []


def test_the_temperature_sources_of_a_mac_are_tried_in_order(
    tmp_path: Path, programs: Programs, smc: list[Sensor]
) -> None:
    tools = programs(macmon=MACMON, powermetrics=SMC)
    smc += [FakeSensor("smc:TCMz", celsius=80.0), FakeSensor("smc:gpu", celsius=81.5)]
    assert get_macos_temperature(allow_sudo_powermetrics=True, tools=tools) == 81.5
    assert runs(tmp_path) == []
    smc[:] = [FakeSensor("smc:TCMz")]
    assert get_macos_temperature(allow_sudo_powermetrics=True, tools=tools) == 43.5
    assert runs(tmp_path) == ["macmon"]
    tools = programs(macmon="broken", powermetrics=SMC)
    assert get_macos_temperature(allow_sudo_powermetrics=True, tools=tools) == 47.42


def test_sudo_is_not_run_unless_allowed(tmp_path: Path, programs: Programs, smc: list[Sensor]) -> None:
    tools = programs(powermetrics=SMC)
    assert get_macos_temperature(tools=tools) == -1.0
    assert runs(tmp_path) == []
    assert get_macos_temperature(allow_sudo_powermetrics=True, tools=tools) == 47.42
    assert runs(tmp_path) == ["sudo", "powermetrics"]


def test_the_temperature_is_minus_one_when_only_a_level_is_printed(
    programs: Programs, smc: list[Sensor]
) -> None:
    tools = programs(powermetrics=THERMAL)
    assert get_macos_temperature(allow_sudo_powermetrics=True, tools=tools) == -1.0


@pytest.mark.skipif(sys.platform == "darwin", reason="on a Mac there may be a temperature")
def test_the_temperature_elsewhere_is_minus_one() -> None:
    assert get_macos_temperature() == -1.0


def test_every_path_is_absolute() -> None:
    tools = Tools()
    paths = (tools.sudo, tools.powermetrics, tools.nvidia_smi, *tools.macmon)
    assert all(path.is_absolute() for path in paths)
