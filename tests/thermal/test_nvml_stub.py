"""The NVML sensor and the real nvidia-ml-py with a stub of the driver library."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.configs import ROOT

pytest.importorskip("pynvml")
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the stub library is built for Linux"),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc to build the stub library with"),
]

# Each step writes files (null removes one) and reads every sensor once.
CHILD = """
import dataclasses, json, os, sys
from pathlib import Path
from simmer.thermal.sensors import find_sensors

folder = Path(os.environ["NVML_STUB_DIR"])
first, *steps = json.load(sys.stdin)

def write(values):
    for name, value in values.items():
        (folder / name).write_text(str(value))

write(first)
sensors = find_sensors(folder / "no sysfs", platform="linux", environment={})
answers = []
for step in steps:
    write(step)
    answers.append([reading and dataclasses.asdict(reading) for reading in (s.read() for s in sensors)])
json.dump(answers, sys.stdout)
"""

Drive = Callable[..., list[list[dict[str, Any] | None]]]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    def build(*options: str) -> Path:
        folder = tmp_path_factory.mktemp("driver")
        source = ROOT / "tests/support/nvml_stub.c"
        library = folder / "libnvidia-ml.so.1"
        command = ["gcc", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", *options, "-o", library, source]
        subprocess.run(command, check=True, timeout=60)
        return folder

    return build


@pytest.fixture
def drive(build: Callable[..., Path], tmp_path: Path) -> Drive:
    def drive(*steps: dict[str, int], options: tuple[str, ...] = ()) -> list[list[dict[str, Any] | None]]:
        environment = os.environ | {
            "LD_LIBRARY_PATH": str(build(*options)),
            "NVML_STUB_DIR": str(tmp_path),
            "PYTHONPATH": str(ROOT / "workflow/scripts"),
        }
        answered = subprocess.run(
            [sys.executable, "-c", CHILD],
            input=json.dumps(steps),
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert answered.returncode == 0, answered.stderr
        return json.loads(answered.stdout)

    return drive


def test_normal_values(drive: Drive) -> None:
    hot = {"temp": 88, "margin": 1, "reasons": 64, "power_mw": 320500, "memory_rc": 0}
    calm, throttled = drive({}, {}, hot)
    assert calm == [
        {
            "source": "nvml:gpu0",
            "celsius": 55.0,
            "level": None,
            "critical_c": 89.0,
            "margin_c": 34.0,
            # As on a GeForce: the call succeeds and the one value says that it is not supported.
            "memory_c": None,
            "power_w": 318.0,
            "power_limit_w": 450.0,
            "brakes": [],
        }
    ]
    (reading,) = throttled
    assert reading is not None
    assert (reading["celsius"], reading["margin_c"], reading["memory_c"]) == (88.0, 1.0, 92.0)
    assert (reading["power_w"], reading["brakes"]) == (320.5, ["thermal"])


def test_a_margin_past_the_slowdown_is_negative(drive: Drive) -> None:
    ((reading,),) = drive({}, {"margin": -3})
    assert reading is not None
    assert reading["margin_c"] == -3.0


def test_a_temperature_that_is_not_supported_costs_no_other_field(drive: Drive) -> None:
    ((reading,),) = drive({"temp_rc": 3}, {})
    assert reading is not None
    assert (reading["celsius"], reading["margin_c"], reading["critical_c"]) == (None, 34.0, 89.0)
    assert (reading["power_w"], reading["brakes"]) == (318.0, [])


def test_without_the_margin_call_it_is_the_distance_to_the_slowdown(drive: Drive) -> None:
    ((reading,),) = drive({}, {"temp": 80}, options=("-DNO_MARGIN",))
    assert reading is not None
    assert (reading["celsius"], reading["margin_c"]) == (80.0, 9.0)


def test_an_old_driver_is_asked_by_the_old_names(drive: Drive) -> None:
    ((reading,),) = drive({}, {"temp": 80, "reasons": 4}, options=("-DOLD_DRIVER",))
    assert reading is not None
    assert (reading["celsius"], reading["margin_c"], reading["brakes"]) == (80.0, 9.0, ["power"])


@pytest.mark.parametrize("code", [1, 3, 13, 15, 999])
def test_a_board_lost_mid_run_has_no_reading_until_it_returns(drive: Drive, code: int) -> None:
    before, lost, back = drive({}, {}, {"board_rc": code}, {"board_rc": 0})
    assert lost == [None]
    assert before == back != [None]


@pytest.mark.parametrize("implausible", [0, -273, 127, 65261, 55000])
def test_implausible_values_of_a_driver_are_dropped(drive: Drive, implausible: int) -> None:
    ((reading,),) = drive(
        {}, {"temp": implausible, "memory": implausible, "memory_rc": 0}, options=("-DNO_MARGIN",)
    )
    assert reading is not None
    assert (reading["celsius"], reading["margin_c"], reading["memory_c"]) == (None, None, None)


@pytest.mark.skipif(Path("/usr/bin/nvidia-smi").exists(), reason="nvidia-smi would serve on this machine")
@pytest.mark.parametrize("code", [9, 12, 18])
def test_without_a_driver_there_is_no_sensor(drive: Drive, code: int) -> None:
    assert drive({"init_rc": code}, {}) == [[]]
