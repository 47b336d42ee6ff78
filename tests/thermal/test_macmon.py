from pathlib import Path

import pytest

from simmer.thermal.readings import Reading
from simmer.thermal.sensors.macmon import MacmonSensor, find_macmon_sensors, parse_macmon

# Fields and values as the documentation of macmon 0.8.2 shows them.
LINE = (
    '{"temp":{"cpu_temp_avg":43.73614,"gpu_temp_avg":36.95167},"fans":[],"cpu_power":0.2,"gpu_power":0.01,'
    '"all_power":0.21,"sys_power":5.9}\n'
)


def test_macmon_gives_the_hotter_average_and_the_power_of_the_chip() -> None:
    reading = parse_macmon(LINE)
    assert reading == Reading("macmon:average", celsius=43.73614, power_w=0.21)


def test_only_the_first_of_several_samples_is_read() -> None:
    assert parse_macmon(LINE + LINE.replace("43.7", "93.7")) == parse_macmon(LINE)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "{}", "null", "7", '{"temp":null}', '{"temp":[43.7]}', '{"temp":{}}',
        '{"temp":{"cpu_temp_avg":"hot"}}', '{"temp":{"cpu_temp_avg":null}}', '{"temp":{"cpu_temp_avg":true}}',
        '{"temp":{"cpu_temp_avg":NaN}}', "macmon: command failed",
    ],
)  # fmt: skip
def test_text_of_another_shape_gives_nothing(text: str) -> None:
    assert MacmonSensor(Path("/macmon"), lambda arguments, *, timeout_s: text).read() is None


@pytest.mark.parametrize("implausible", ["-273", "0.0", "9.8", "127", "65261", "43736"])
def test_an_implausible_average_is_dropped(implausible: str) -> None:
    text = LINE.replace("43.73614", implausible)
    reading = parse_macmon(text)
    assert reading is not None
    assert reading.celsius == 36.95167
    sensor = MacmonSensor(
        Path("/macmon"), lambda arguments, *, timeout_s: text.replace("36.95167", implausible)
    )
    assert sensor.read() is None


def test_a_program_that_fails_gives_nothing() -> None:
    assert MacmonSensor(Path("/macmon"), lambda arguments, *, timeout_s: None).read() is None


def test_one_sample_is_asked_for_by_absolute_path() -> None:
    commands = []

    def run(arguments: tuple[str, ...], *, timeout_s: float) -> str:
        commands.append(arguments)
        assert timeout_s > 0.5
        return LINE

    sensor = MacmonSensor(Path("/opt/homebrew/bin/macmon"), run)
    assert sensor.read() is not None
    assert commands == [("/opt/homebrew/bin/macmon", "pipe", "-s", "1", "-i", "500")]
    assert "average" in sensor.name


def test_the_first_program_that_exists_is_used(tmp_path: Path) -> None:
    programs = (tmp_path / "absent", tmp_path / "one", tmp_path / "two")
    assert find_macmon_sensors(programs) == []
    for program in programs[1:]:
        program.write_text(f"#!/bin/sh\necho '{LINE.strip()}'\n")
        program.chmod(0o755)
    (sensor,) = find_macmon_sensors(programs)
    assert sensor.read() == parse_macmon(LINE)
