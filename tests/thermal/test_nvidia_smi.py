import os
from pathlib import Path

import pytest

from simmer.thermal.readings import Reading
from simmer.thermal.sensors import nvidia_smi
from simmer.thermal.sensors.nvidia_smi import find_nvidia_smi_sensors, is_protected, parse_rows

PROGRAM = Path("/usr/bin/nvidia-smi")
LINE = "88, 92, 318.20, 450.00, 0x0000000000000040"


class Boards:
    """Imitate nvidia-smi: a line per GPU, or no output for an unknown column."""

    def __init__(self, *lines: str, unknown: str = "nothing", identities: str = "") -> None:
        self.lines = list(lines)
        self.unknown = unknown
        self.identities = identities
        self.commands: list[tuple[str, ...]] = []

    def __call__(self, arguments: tuple[str, ...], *, timeout_s: float) -> str | None:
        self.commands.append(arguments)
        if self.unknown in arguments[1]:
            return None
        if "uuid" in arguments[1]:
            return self.identities
        wanted = [word.removeprefix("--id=") for word in arguments if word.startswith("--id=")]
        lines = [self.lines[int(wanted[0])]] if wanted else self.lines
        return "".join(f"{line}\n" for line in lines)


@pytest.fixture(autouse=True)
def protected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvidia_smi, "is_protected", lambda program: True)


def read(*lines: str, **environment: str) -> list[Reading | None]:
    return [sensor.read() for sensor in find_nvidia_smi_sensors(environment, PROGRAM, Boards(*lines))]


def test_all_columns() -> None:
    (reading,) = read(LINE)
    assert reading == Reading(
        "nvidia-smi:gpu0",
        celsius=88.0,
        memory_c=92.0,
        power_w=318.2,
        power_limit_w=450.0,
        brakes=("thermal",),
    )


def test_the_query_is_spelled_as_the_program_wants_it() -> None:
    boards = Boards(LINE)
    (sensor,) = find_nvidia_smi_sensors({}, PROGRAM, boards)
    sensor.read()
    query = (
        "/usr/bin/nvidia-smi",
        "--query-gpu=temperature.gpu,temperature.memory,power.draw,enforced.power.limit,"
        "clocks_event_reasons.active",
        "--format=csv,noheader,nounits",
    )
    assert boards.commands == [query, (*query, "--id=0")]
    assert sensor.interval_s >= 2


def test_an_older_driver_is_asked_by_the_older_name() -> None:
    boards = Boards(LINE, unknown="clocks_event_reasons")
    (sensor,) = find_nvidia_smi_sensors({}, PROGRAM, boards)
    reading = sensor.read()
    assert reading is not None
    assert reading.brakes == ("thermal",)
    assert "clocks_throttle_reasons.active" in boards.commands[-1][1]


@pytest.mark.parametrize(
    "word", ["[N/A]", "[Not Supported]", "[Unknown Error]", "ERR!", "N/A", "", "nan", "inf"]
)
@pytest.mark.parametrize("column", range(5))
def test_a_column_without_a_value_costs_no_other_column(word: str, column: int) -> None:
    words = LINE.split(", ")
    words[column] = word
    (reading,), (full,) = read(", ".join(words)), read(LINE)
    assert reading is not None
    assert full is not None
    missing = ("celsius", "memory_c", "power_w", "power_limit_w", "brakes")[column]
    assert vars(reading) == vars(full) | {missing: None}


def test_a_line_without_any_value_is_no_reading() -> None:
    assert read(", ".join(["[N/A]"] * 5)) == [None]


@pytest.mark.parametrize("implausible", ["0", "-273", "127", "65261", "88000"])
def test_an_implausible_temperature_is_dropped(implausible: str) -> None:
    (reading,) = read(LINE.replace("88", implausible).replace("92", implausible))
    assert reading is not None
    assert (reading.celsius, reading.memory_c, reading.has_thermal_value) == (None, None, False)


@pytest.mark.parametrize(
    "text", ["", "No devices were found\n", "88\n", "NVIDIA-SMI has failed, because, a, b\n"]
)
def test_other_text_holds_no_board(text: str) -> None:
    assert parse_rows(text) == []
    assert find_nvidia_smi_sensors({}, PROGRAM, lambda arguments, *, timeout_s: text) == []


def test_a_program_that_stops_answering_gives_nothing() -> None:
    boards = Boards(LINE)
    (sensor,) = find_nvidia_smi_sensors({}, PROGRAM, boards)
    boards.unknown = "temperature"
    assert sensor.read() is None
    boards.unknown, boards.lines = "nothing", ["Unable to determine the device handle: GPU is lost"]
    assert sensor.read() is None


@pytest.mark.parametrize(
    ("environment", "celsius"),
    [
        ({}, [60.0, 70.0]),
        ({"CUDA_VISIBLE_DEVICES": ""}, []),
        ({"CUDA_VISIBLE_DEVICES": "1"}, [70.0]),
        ({"CUDA_VISIBLE_DEVICES": "GPU-aa"}, [60.0]),
    ],
)
def test_one_sensor_per_visible_board(environment: dict[str, str], celsius: list[float]) -> None:
    lines = [LINE.replace("88", hot) for hot in ("60", "70")]
    boards = Boards(*lines, identities="GPU-aa-1, H200\nGPU-bb-1, H200\n")
    sensors = find_nvidia_smi_sensors(environment, PROGRAM, boards)
    assert [reading and reading.celsius for reading in (sensor.read() for sensor in sensors)] == celsius


def test_gpus_without_identities_are_all_monitored() -> None:
    sensors = find_nvidia_smi_sensors({"CUDA_VISIBLE_DEVICES": "1"}, PROGRAM, Boards(LINE, LINE))
    assert len(sensors) == 2


def test_only_a_program_that_only_root_can_replace_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nvidia_smi, "is_protected", is_protected)
    folder = tmp_path / "bin"
    folder.mkdir(mode=0o755)
    program = folder / "nvidia-smi"
    own = os.getuid()
    assert not is_protected(program, own)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    link = tmp_path / "link"
    link.symlink_to(program)
    tmp_path.chmod(0o755)
    assert is_protected(program, own)
    assert is_protected(link, own)
    assert not is_protected(program, own + 1)
    for path, mode in ((program, 0o775), (program, 0o757), (folder, 0o775), (folder, 0o1777)):
        path.chmod(mode)
        assert not is_protected(program, own)
        assert not is_protected(link, own)
        path.chmod(0o755)
    tmp_path.chmod(0o777)
    assert not is_protected(link, own)
    folder.chmod(0o777)
    boards = Boards(LINE)
    assert find_nvidia_smi_sensors({}, program, boards) == []
    assert boards.commands == []


def test_a_loop_of_links_is_no_program(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert not is_protected(tmp_path / "a", os.getuid())
