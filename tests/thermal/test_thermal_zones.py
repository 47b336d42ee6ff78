from collections.abc import Callable
from pathlib import Path

import pytest

from simmer.thermal.sensors import find_sensors
from simmer.thermal.sensors.thermal_zones import find_zone_sensors

Write = Callable[..., Path]
NO_BOARDS = {"CUDA_VISIBLE_DEVICES": ""}


def test_zones_serve_where_hwmon_has_no_cpu(write_files: Write, tmp_path: Path) -> None:
    write_files("class/hwmon/hwmon0", name="nvme", temp1_label="Composite", temp1_input=38850)
    write_files("class/hwmon/hwmon1", name="amdgpu", temp1_label="edge", temp1_input=40000)
    write_files("class/thermal/thermal_zone0", type="acpitz", temp=27800)
    write_files(
        "class/thermal/thermal_zone1", type="x86_pkg_temp", temp=71000,
        trip_point_0_type="passive", trip_point_0_temp=0,
        trip_point_1_type="critical", trip_point_1_temp=105000,
    )  # fmt: skip
    found = find_sensors(tmp_path, platform="linux", environment=NO_BOARDS)
    readings = [sensor.read() for sensor in found]
    assert [reading and reading.source for reading in readings] == [
        "hwmon:amdgpu:edge",
        "thermal_zone:x86_pkg_temp",
    ]
    assert readings[1] is not None
    assert (readings[1].celsius, readings[1].critical_c) == (71.0, 105.0)


def test_zones_are_not_used_if_hwmon_has_the_cpu(write_files: Write, tmp_path: Path) -> None:
    write_files("class/hwmon/hwmon0", name="coretemp", temp1_label="Package id 0", temp1_input=50000)
    write_files("class/thermal/thermal_zone1", type="x86_pkg_temp", temp=71000)
    found = find_sensors(tmp_path, platform="linux", environment=NO_BOARDS)
    assert [sensor.name for sensor in found] == ["coretemp@hwmon0"]


@pytest.mark.parametrize("kind", ["acpitz", "nvme", "iwlwifi_1", "BAT0", "pch_skylake", "gpu-thermal", ""])
def test_zones_of_other_parts_are_left_out(kind: str, write_files: Write, tmp_path: Path) -> None:
    write_files("class/thermal/thermal_zone0", type=kind, temp=91000)
    assert find_zone_sensors(tmp_path) == []


@pytest.mark.parametrize("kind", ["cpu-thermal", "soc_thermal", "cpu0-thermal"])
def test_zones_of_arm_count(kind: str, write_files: Write, tmp_path: Path) -> None:
    write_files("class/thermal/thermal_zone0", type=kind, temp=52000)
    assert [sensor.name for sensor in find_zone_sensors(tmp_path)] == [f"{kind}@thermal_zone0"]


@pytest.mark.parametrize(
    "implausible", ["0", "-273000", "127000", "65261850", "hot", "", "71", "710", "71000000"]
)
def test_a_zone_with_an_implausible_value_has_no_reading(
    implausible: str, write_files: Write, tmp_path: Path
) -> None:
    folder = write_files(
        "class/thermal/thermal_zone0", type="x86_pkg_temp", temp=71000,
        trip_point_0_type="critical", trip_point_0_temp=implausible,
    )  # fmt: skip
    (sensor,) = find_zone_sensors(tmp_path)
    reading = sensor.read()
    assert reading is not None
    assert (reading.celsius, reading.critical_c) == (71.0, None)
    (folder / "temp").write_text(implausible)
    assert sensor.read() is None


def test_a_zone_that_disappears_has_no_reading(write_files: Write, tmp_path: Path) -> None:
    folder = write_files("class/thermal/thermal_zone0", type="x86_pkg_temp", temp=71000)
    (sensor,) = find_zone_sensors(tmp_path)
    (folder / "temp").unlink()
    assert sensor.read() is None
