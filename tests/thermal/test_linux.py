from collections.abc import Callable
from pathlib import Path

import pytest

from simmer.thermal.sensors import find_sensors
from simmer.thermal.sensors.linux import find_linux_sensors

Write = Callable[..., Path]


def test_coretemp_gives_the_hottest_of_package_and_cores_with_source_and_limit(
    write_files: Write, tmp_path: Path
) -> None:
    write_files(
        "class/hwmon/hwmon0", name="coretemp",
        temp1_label="Package id 0", temp1_input=61000, temp1_crit=100000,
        temp2_label="Core 0", temp2_input=64500, temp2_crit=100000,
        temp3_label="Something else", temp3_input=99000,
    )  # fmt: skip
    (sensor,) = find_linux_sensors(tmp_path)
    reading = sensor.read()
    assert reading is not None
    assert (reading.source, reading.celsius, reading.critical_c) == ("hwmon:coretemp:Core 0", 64.5, 100.0)


def test_a_sensor_reads_anew_each_time_and_is_absent_once_its_file_is_gone(
    write_files: Write, tmp_path: Path
) -> None:
    folder = write_files("class/hwmon/hwmon0", name="coretemp", temp1_label="Package id 0", temp1_input=70000)
    (sensor,) = find_linux_sensors(tmp_path)
    values = []
    for millidegrees in (70000, 84000, 88000):
        (folder / "temp1_input").write_text(f"{millidegrees}\n")
        reading = sensor.read()
        values.append(reading and reading.celsius)
    (folder / "temp1_input").unlink()
    assert values == [70.0, 84.0, 88.0]
    assert sensor.read() is None


@pytest.mark.parametrize("chip", ["k10temp", "zenpower"])
def test_tdie_is_preferred_to_tctl_although_it_is_cooler(
    chip: str, write_files: Write, tmp_path: Path
) -> None:
    write_files(
        "class/hwmon/hwmon0", name=chip,
        temp1_label="Tctl", temp1_input=87000, temp2_label="Tdie", temp2_input=60000,
    )  # fmt: skip
    (sensor,) = find_linux_sensors(tmp_path)
    reading = sensor.read()
    assert reading is not None
    assert (reading.source, reading.celsius) == (f"hwmon:{chip}:Tdie", 60.0)


def test_tctl_serves_where_there_is_no_tdie(write_files: Write, tmp_path: Path) -> None:
    write_files(
        "class/hwmon/hwmon0", name="k10temp",
        temp1_label="Tctl", temp1_input=66000, temp3_label="Tccd1", temp3_input=70000,
    )  # fmt: skip
    reading = find_linux_sensors(tmp_path)[0].read()
    assert reading is not None
    assert (reading.source, reading.celsius) == ("hwmon:k10temp:Tctl", 66.0)


def test_amdgpu_gives_edge_and_power(write_files: Write, tmp_path: Path) -> None:
    write_files(
        "class/hwmon/hwmon3", name="amdgpu", power1_average=143000000,
        temp1_label="edge", temp1_input=71000, temp1_crit=100000,
        temp2_label="junction", temp2_input=93000, temp2_crit=110000,
    )  # fmt: skip
    reading = find_linux_sensors(tmp_path)[0].read()
    assert reading is not None
    assert (reading.source, reading.celsius, reading.power_w) == ("hwmon:amdgpu:edge", 71.0, 143.0)


@pytest.mark.parametrize("chip", ["cpu_thermal", "soc_thermal", "bigcore0_thermal"])
def test_arm_chips_have_no_labels(chip: str, write_files: Write, tmp_path: Path) -> None:
    write_files("class/hwmon/hwmon0", name=chip, temp1_input=52000)
    reading = find_linux_sensors(tmp_path)[0].read()
    assert reading is not None
    assert (reading.source, reading.celsius) == (f"hwmon:{chip}", 52.0)


@pytest.mark.parametrize("chip", ["acpitz", "nvme", "iwlwifi_1", "BAT0", "drivetemp", "pch_cannonlake"])
def test_chips_with_other_limits_never_count(chip: str, write_files: Write, tmp_path: Path) -> None:
    write_files("class/hwmon/hwmon0", name=chip, temp1_label="Composite", temp1_input=91000)
    assert find_linux_sensors(tmp_path) == []


@pytest.mark.parametrize("sentinel", ["0", "-273000", "127000", "65261850", "garbage", ""])
def test_sentinels_are_no_reading(sentinel: str, write_files: Write, tmp_path: Path) -> None:
    write_files(
        "class/hwmon/hwmon0", name="coretemp",
        temp1_label="Package id 0", temp1_input=sentinel, temp1_crit=65261850,
        temp2_label="Core 0", temp2_input=55000, temp2_crit=65261850,
    )  # fmt: skip
    (sensor,) = find_linux_sensors(tmp_path)
    reading = sensor.read()
    assert reading is not None
    assert (reading.celsius, reading.critical_c) == (55.0, None)
    (tmp_path / "class/hwmon/hwmon0/temp2_input").write_text(sentinel)
    assert sensor.read() is None


def test_two_sockets_have_two_names(write_files: Write, tmp_path: Path) -> None:
    for number in (0, 1):
        write_files(
            f"class/hwmon/hwmon{number}",
            name="coretemp",
            temp1_label=f"Package id {number}",
            temp1_input=50000,
        )
    assert len({sensor.name for sensor in find_linux_sensors(tmp_path)}) == 2


def test_zones_serve_where_hwmon_has_no_cpu(write_files: Write, tmp_path: Path) -> None:
    write_files("class/hwmon/hwmon0", name="nvme", temp1_label="Composite", temp1_input=38850)
    write_files("class/hwmon/hwmon1", name="amdgpu", temp1_label="edge", temp1_input=40000)
    write_files("class/thermal/thermal_zone0", type="acpitz", temp=27800)
    write_files(
        "class/thermal/thermal_zone1", type="x86_pkg_temp", temp=71000,
        trip_point_0_type="passive", trip_point_0_temp=0,
        trip_point_1_type="critical", trip_point_1_temp=105000,
    )  # fmt: skip
    readings = [sensor.read() for sensor in find_linux_sensors(tmp_path)]
    assert [reading and reading.source for reading in readings] == [
        "hwmon:amdgpu:edge",
        "thermal_zone:x86_pkg_temp",
    ]
    assert readings[1] is not None
    assert (readings[1].celsius, readings[1].critical_c) == (71.0, 105.0)


def test_zones_are_left_alone_where_hwmon_knows_the_cpu(write_files: Write, tmp_path: Path) -> None:
    write_files("class/hwmon/hwmon0", name="coretemp", temp1_label="Package id 0", temp1_input=50000)
    write_files("class/thermal/thermal_zone1", type="x86_pkg_temp", temp=71000)
    assert [sensor.name for sensor in find_linux_sensors(tmp_path)] == ["coretemp@hwmon0"]


def test_a_machine_without_sensors_has_an_empty_list(tmp_path: Path) -> None:
    assert find_linux_sensors(tmp_path) == []


def test_each_platform_asks_its_own_sources(write_files: Write, tmp_path: Path) -> None:
    write_files("class/hwmon/hwmon0", name="coretemp", temp1_label="Package id 0", temp1_input=50000)
    hidden = {"CUDA_VISIBLE_DEVICES": ""}
    on_linux = find_sensors(tmp_path, platform="linux", environment=hidden)
    assert [sensor.name for sensor in on_linux] == ["coretemp@hwmon0"]
    assert find_sensors(tmp_path, platform="win32", environment=hidden) == []
