import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simmer.thermal.readings import PressureLevel
from simmer.thermal.sensors.command import run_command
from simmer.thermal.sensors.macos import (
    PowermetricsSensor,
    PressureSensor,
    get_macos_temperature,
    parse_die_temperature,
    parse_macmon,
    parse_pressure_level,
    powermetrics_command,
)

# Recorded on an M2 with macOS 26; the blank lines are real.
THERMAL = """Machine model: Mac14,2
OS version: 25B78
Boot arguments:
Boot time: Sun Nov 23 10:19:29 2025

*** Sampled system activity (Wed Dec 17 09:48:34 2025 +0100) (5001.07ms elapsed) ***

**** Thermal pressure ****

Current pressure level: Nominal

"""
# Recorded on an Intel iMac19,1.
SMC = """**** SMC sensors ****

CPU Thermal level: 0
GPU Thermal level: 0
IO Thermal level: 0
Fan: 1198 rpm
CPU die temperature: 47.42 C
GPU die temperature: 41.00 C
CPU Plimit: 0.00
GPU Plimit (Int): 0.00
GPU2 Plimit (Ext1): 0.00
"""
PMSET = """Note: No thermal warning level has been recorded
Note: No performance warning level has been recorded
Note: No CPU power status has been recorded
"""
MACMON = '{"temp":{"cpu_temp_avg":43.73614,"gpu_temp_avg":36.95167},"fans":[],"cpu_power":0.2}\n'


def answering(**answers: str) -> Callable[..., str | None]:
    """Return a `run` that answers by the name of the program or sampler found in the command."""

    def run(arguments: tuple[str, ...], *, timeout_s: float) -> str | None:
        return next((text for key, text in answers.items() if any(key in word for word in arguments)), None)

    return run


def test_the_thermal_sampler_prints_a_level_and_no_degrees() -> None:
    assert parse_pressure_level(THERMAL) is PressureLevel.NOMINAL
    assert parse_pressure_level(THERMAL.replace("Nominal", "Heavy")) is PressureLevel.HEAVY
    assert parse_die_temperature(THERMAL) is None


@pytest.mark.parametrize("text", ["", PMSET, SMC, THERMAL.replace("Nominal", "Balmy")])
def test_text_without_a_known_level_is_unknown(text: str) -> None:
    assert parse_pressure_level(text) is None


def test_the_smc_sampler_of_intel_prints_degrees() -> None:
    assert parse_die_temperature(SMC) == 47.42
    assert parse_die_temperature(SMC.replace("41.00", "58.20")) == 58.2


@pytest.mark.parametrize("found", ["[FAILED]", "-4.00 C", "0.00 C"])
def test_a_failed_or_sleeping_sensor_does_not_count(found: str) -> None:
    assert parse_die_temperature(f"CPU die temperature: {found}\nGPU die temperature: 41.00 C\n") == 41.0


def test_variants_with_a_remark_are_read_by_line() -> None:
    assert parse_die_temperature("CPU die temperature: 47.42 C (fan)\n") == 47.42


def test_macmon_gives_the_hotter_average() -> None:
    assert parse_macmon(MACMON) == 43.73614


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"temp":null}', '{"temp":{"cpu_temp_avg":9.8}}'])
def test_macmon_without_a_plausible_average_gives_nothing(text: str) -> None:
    assert parse_macmon(text) is None


def test_powermetrics_is_called_as_the_sudoers_line_spells_it() -> None:
    assert " ".join(powermetrics_command("thermal")) == (
        "/usr/bin/sudo -n /usr/bin/powermetrics --samplers thermal -n 1 -i 200"
    )


def test_powermetrics_sensor() -> None:
    level = PowermetricsSensor("thermal", answering(thermal=THERMAL)).read()
    degrees = PowermetricsSensor("smc", answering(smc=SMC)).read()
    assert level is not None
    assert (level.celsius, level.level) == (None, PressureLevel.NOMINAL)
    assert degrees is not None
    assert (degrees.celsius, degrees.level) == (47.42, None)
    assert PowermetricsSensor("thermal", answering()).read() is None


def test_sudo_is_not_run_unless_allowed() -> None:
    commands = []

    def run(arguments: tuple[str, ...], *, timeout_s: float) -> str | None:
        commands.append(arguments)
        return SMC if "sudo" in arguments[0] else None

    assert get_macos_temperature(run=run) == -1.0
    assert not any("sudo" in command[0] for command in commands)
    assert get_macos_temperature(allow_sudo_powermetrics=True, run=run) == 47.42
    assert all(command[0].startswith("/") for command in commands)


def test_macos_temperature_without_sudo_comes_from_macmon() -> None:
    assert get_macos_temperature(run=answering(macmon=MACMON)) == 43.73614


def test_macos_temperature_is_minus_one_when_only_a_level_is_printed() -> None:
    run = answering(powermetrics=THERMAL)
    assert get_macos_temperature(allow_sudo_powermetrics=True, run=run) == -1.0


@pytest.mark.skipif(sys.platform == "darwin", reason="on a Mac there may be a temperature")
def test_macos_temperature_elsewhere_is_minus_one() -> None:
    assert get_macos_temperature() == -1.0


class FakeLibSystem:
    def __init__(self, level: int, status: int = 0) -> None:
        self.level = level
        self.status = status

    def notify_register_check(self, key: bytes, token: Any) -> int:
        assert key == b"com.apple.system.thermalpressurelevel"
        token._obj.value = 7
        return self.status

    def notify_get_state(self, token: ctypes.c_int, state: Any) -> int:
        assert token.value == 7
        state._obj.value = self.level
        return self.status


def test_notify_gives_the_level_each_time() -> None:
    library = FakeLibSystem(0)
    sensor = PressureSensor(library)
    levels = []
    for library.level in (0, 1, 3, 30):
        reading = sensor.read()
        levels.append(reading and reading.level)
    assert levels == [PressureLevel.NOMINAL, PressureLevel.MODERATE, PressureLevel.TRAPPING, None]


def test_notify_that_fails_gives_nothing() -> None:
    library = FakeLibSystem(0)
    sensor = PressureSensor(library)
    library.status = 1
    assert sensor.read() is None
    with pytest.raises(OSError, match="thermal pressure"):
        PressureSensor(library)


def test_a_command_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    started = time.monotonic()
    assert run_command(("/bin/sh", "-c", f"sleep 30 & echo $! > {pid_file}; wait"), timeout_s=0.3) is None
    assert time.monotonic() - started < 5
    deadline = time.monotonic() + 5
    while alive(int(pid_file.read_text())) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(int(pid_file.read_text()))


def alive(pid: int) -> bool:
    state = subprocess.run(("ps", "-o", "stat=", "-p", str(pid)), capture_output=True, text=True, check=False)
    return state.stdout.strip()[:1] not in ("", "Z")


def test_a_command_cannot_read_what_this_process_reads() -> None:
    receiving, sending = os.pipe()
    kept = os.dup(0)
    try:
        os.write(sending, b"secret\n")
        os.dup2(receiving, 0)
        assert run_command(("/bin/sh", "-c", "read line || echo nothing"), timeout_s=5.0) == "nothing\n"
    finally:
        os.dup2(kept, 0)
        for handle in (receiving, sending, kept):
            os.close(handle)


def test_a_command_that_fails_or_is_absent_gives_nothing(tmp_path: Path) -> None:
    assert run_command(("/bin/sh", "-c", "echo half; exit 1"), timeout_s=5.0) is None
    assert run_command((str(tmp_path / "absent"),), timeout_s=5.0) is None
