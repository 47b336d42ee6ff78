from collections.abc import Callable
from pathlib import Path

import pytest

from simmer.thermal.readings import PressureLevel
from simmer.thermal.sensors.powermetrics import (
    PowermetricsSensor,
    parse_die_temperature,
    parse_pressure_level,
    powermetrics_command,
)
from simmer.thermal.sensors.tools import Tools
from support.macos import NOTIFYUTIL, PMSET, PMSET_INTEL, SMC, THERMAL


def answering(text: str | None) -> Callable[..., str | None]:
    return lambda arguments, *, timeout_s: text


def test_the_thermal_sampler_prints_a_level_and_no_degrees() -> None:
    assert parse_pressure_level(THERMAL) is PressureLevel.NOMINAL
    assert parse_die_temperature(THERMAL) is None


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("Nominal", 0), ("Moderate", 1), ("Heavy", 2), ("Trapping", 3), ("Sleeping", 4),
        ("Light", 1), ("Fair", 1), ("Elevated", 1), ("Serious", 2), ("Critical", 3),
    ],
)  # fmt: skip
def test_every_word_known_is_a_level(word: str, level: int) -> None:
    assert parse_pressure_level(THERMAL.replace("Nominal", word)) == level


@pytest.mark.parametrize(
    "text", ["", PMSET, PMSET_INTEL, NOTIFYUTIL, SMC, THERMAL.replace("Nominal", "Balmy")]
)
def test_text_without_a_known_level_is_unknown(text: str) -> None:
    assert parse_pressure_level(text) is None


def test_the_smc_sampler_of_intel_prints_degrees() -> None:
    assert parse_die_temperature(SMC) == 47.42
    assert parse_die_temperature(SMC.replace("41.00", "58.20")) == 58.2


@pytest.mark.parametrize("text", ["", PMSET, PMSET_INTEL, NOTIFYUTIL, THERMAL])
def test_other_text_holds_no_degrees(text: str) -> None:
    assert parse_die_temperature(text) is None


@pytest.mark.parametrize(
    "found", ["[FAILED]", "-4.00 C", "0.00 C", "-273.00 C", "127.00 C", "65261.85 C", "C"]
)
def test_a_failed_sleeping_or_implausible_sensor_is_ignored(found: str) -> None:
    assert parse_die_temperature(f"CPU die temperature: {found}\nGPU die temperature: 41.00 C\n") == 41.0
    assert parse_die_temperature(f"CPU die temperature: {found}\n") is None


def test_variants_with_a_remark_are_read_by_line() -> None:
    assert parse_die_temperature("CPU die temperature: 47.42 C (fan)\n") == 47.42


def test_powermetrics_is_called_as_the_sudoers_line_spells_it() -> None:
    assert " ".join(powermetrics_command(Tools(), "thermal")) == (
        "/usr/bin/sudo -n /usr/bin/powermetrics --samplers thermal -n 1 -i 200"
    )


def test_the_paths_are_those_of_the_tools_and_the_time_outlasts_the_interval() -> None:
    asked = []

    def run(arguments: tuple[str, ...], *, timeout_s: float) -> None:
        asked.append((arguments[0], arguments[2], timeout_s))

    PowermetricsSensor(Tools(sudo=Path("/s"), powermetrics=Path("/p")), "thermal", run).read()
    ((sudo, program, timeout_s),) = asked
    assert (sudo, program) == ("/s", "/p")
    assert timeout_s >= 0.2 + 2


def test_a_sensor_returns_what_its_sampler_prints() -> None:
    level = PowermetricsSensor(sampler="thermal", run=answering(THERMAL)).read()
    degrees = PowermetricsSensor(sampler="smc", run=answering(SMC)).read()
    assert level is not None
    assert (level.celsius, level.level) == (None, PressureLevel.NOMINAL)
    assert degrees is not None
    assert (degrees.source, degrees.celsius, degrees.level) == ("powermetrics:smc", 47.42, None)


@pytest.mark.parametrize("text", [None, "", PMSET, "unable to find sampler thermal\n"])
def test_no_answer_is_no_reading(text: str | None) -> None:
    assert PowermetricsSensor(sampler="thermal", run=answering(text)).read() is None
