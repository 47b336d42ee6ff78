from collections.abc import Callable
from pathlib import Path

import pytest

from simmer.thermal.sensors.hwmon import find_hwmon_sensors

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
    (sensor,) = find_hwmon_sensors(tmp_path)
    reading = sensor.read()
    assert reading is not None
    assert (reading.source, reading.celsius, reading.critical_c) == ("hwmon:coretemp:Core 0", 64.5, 100.0)
    assert (reading.margin_c, reading.memory_c, reading.power_w, reading.power_limit_w) == (None,) * 4
    assert sensor.is_cpu


def test_a_sensor_reads_again_each_time_and_returns_none_once_its_file_is_gone(
    write_files: Write, tmp_path: Path
) -> None:
    folder = write_files("class/hwmon/hwmon0", name="coretemp", temp1_label="Package id 0", temp1_input=70000)
    (sensor,) = find_hwmon_sensors(tmp_path)
    values = []
    for millidegrees in (70000, 84000, 88000):
        (folder / "temp1_input").write_text(f"{millidegrees}\n")
        reading = sensor.read()
        values.append(reading and reading.celsius)
    (folder / "temp1_input").unlink()
    assert values == [70.0, 84.0, 88.0]
    assert sensor.read() is None
    (folder / "temp1_input").write_text("71000\n")
    reading = sensor.read()
    assert reading is not None
    assert reading.celsius == 71.0


@pytest.mark.parametrize("chip", ["k10temp", "zenpower"])
def test_tdie_is_preferred_to_tctl_although_it_is_cooler(
    chip: str, write_files: Write, tmp_path: Path
) -> None:
    write_files(
        "class/hwmon/hwmon0", name=chip,
        temp1_label="Tctl", temp1_input=87000, temp2_label="Tdie", temp2_input=60000,
    )  # fmt: skip
    (sensor,) = find_hwmon_sensors(tmp_path)
    reading = sensor.read()
    assert reading is not None
    assert (reading.source, reading.celsius) == (f"hwmon:{chip}:Tdie", 60.0)


def test_tctl_is_used_if_there_is_no_tdie(write_files: Write, tmp_path: Path) -> None:
    write_files(
        "class/hwmon/hwmon0", name="k10temp",
        temp1_label="Tctl", temp1_input=66000, temp3_label="Tccd1", temp3_input=70000,
    )  # fmt: skip
    reading = find_hwmon_sensors(tmp_path)[0].read()
    assert reading is not None
    assert (reading.source, reading.celsius) == ("hwmon:k10temp:Tctl", 66.0)


def write_amdgpu(write_files: Write, **more: object) -> Path:
    return write_files(
        "class/hwmon/hwmon3", name="amdgpu", power1_average=143000000, power1_cap=203000000,
        temp1_label="edge", temp1_input=71000, temp1_crit=100000,
        temp2_label="junction", temp2_input=93000, temp2_crit=110000,
        temp3_label="mem", temp3_input=84000, temp3_crit=105000, **more,
    )  # fmt: skip


def test_amdgpu_gives_edge_memory_margin_and_power(write_files: Write, tmp_path: Path) -> None:
    write_amdgpu(write_files)
    (sensor,) = find_hwmon_sensors(tmp_path)
    reading = sensor.read()
    assert reading is not None
    assert (reading.source, reading.celsius, reading.critical_c) == ("hwmon:amdgpu:edge", 71.0, 100.0)
    assert (reading.margin_c, reading.memory_c) == (29.0, 84.0)
    assert (reading.power_w, reading.power_limit_w) == (143.0, 203.0)
    assert not sensor.is_cpu


def test_each_field_of_amdgpu_may_be_missing_alone(write_files: Write, tmp_path: Path) -> None:
    folder = write_amdgpu(write_files)
    (folder / "temp1_crit").unlink()
    (sensor,) = find_hwmon_sensors(tmp_path)
    for name in ("power1_average", "power1_cap", "temp3_input"):
        (folder / name).write_text("broken\n")
    reading = sensor.read()
    assert reading is not None
    assert (reading.celsius, reading.critical_c, reading.margin_c) == (71.0, None, None)
    assert (reading.memory_c, reading.power_w, reading.power_limit_w) == (None, None, None)


def test_later_boards_of_amd_name_their_power_otherwise(write_files: Write, tmp_path: Path) -> None:
    folder = write_amdgpu(write_files, power1_input=99000000)
    (folder / "power1_average").unlink()
    reading = find_hwmon_sensors(tmp_path)[0].read()
    assert reading is not None
    assert reading.power_w == 99.0


@pytest.mark.parametrize("chip", ["cpu_thermal", "soc_thermal", "bigcore0_thermal"])
def test_arm_chips_have_no_labels(chip: str, write_files: Write, tmp_path: Path) -> None:
    write_files("class/hwmon/hwmon0", name=chip, temp1_input=52000)
    reading = find_hwmon_sensors(tmp_path)[0].read()
    assert reading is not None
    assert (reading.source, reading.celsius) == (f"hwmon:{chip}", 52.0)


@pytest.mark.parametrize("chip", ["acpitz", "nvme", "iwlwifi_1", "BAT0", "drivetemp", "pch_cannonlake"])
def test_chips_with_other_limits_are_left_out(chip: str, write_files: Write, tmp_path: Path) -> None:
    write_files("class/hwmon/hwmon0", name=chip, temp1_label="Composite", temp1_input=91000)
    assert find_hwmon_sensors(tmp_path) == []


# Sentinels in thousandths, then values in other units: degrees, tenths, millionths and thousandths of kelvin.
LIES = ["0", "-273000", "127000", "65261850", "garbage", "", "61.0", "61", "610", "61000000", "334150"]


@pytest.mark.parametrize("implausible", LIES)
def test_an_implausible_value_is_dropped_and_hides_no_other(
    implausible: str, write_files: Write, tmp_path: Path
) -> None:
    write_files(
        "class/hwmon/hwmon0", name="coretemp",
        temp1_label="Package id 0", temp1_input=implausible, temp1_crit=65261850,
        temp2_label="Core 0", temp2_input=55000, temp2_crit=65261850,
    )  # fmt: skip
    (sensor,) = find_hwmon_sensors(tmp_path)
    reading = sensor.read()
    assert reading is not None
    assert (reading.celsius, reading.critical_c) == (55.0, None)
    (tmp_path / "class/hwmon/hwmon0/temp2_input").write_text(implausible)
    assert sensor.read() is None


@pytest.mark.parametrize("implausible", LIES)
def test_an_implausible_value_of_amdgpu_gives_no_margin(
    implausible: str, write_files: Write, tmp_path: Path
) -> None:
    folder = write_amdgpu(write_files)
    (folder / "temp1_crit").write_text(implausible)
    (sensor,) = find_hwmon_sensors(tmp_path)
    reading = sensor.read()
    assert reading is not None
    assert (reading.celsius, reading.critical_c, reading.margin_c) == (71.0, None, None)
    (folder / "temp1_input").write_text(implausible)
    assert sensor.read() is None


def test_two_sockets_have_two_names(write_files: Write, tmp_path: Path) -> None:
    for number in (0, 1):
        write_files(
            f"class/hwmon/hwmon{number}",
            name="coretemp",
            temp1_label=f"Package id {number}",
            temp1_input=50000,
        )
    assert len({sensor.name for sensor in find_hwmon_sensors(tmp_path)}) == 2


def test_a_machine_without_chips_has_no_sensor(tmp_path: Path) -> None:
    assert find_hwmon_sensors(tmp_path) == []
