from typing import Any

import pytest

from simmer.thermal.sensors.nvidia import find_nvidia_sensors


class NVMLError(Exception):
    pass


class FakeNvml:
    """As much of pynvml as the sensor uses; a board's value that is None is `not supported`."""

    NVMLError = NVMLError
    NVML_TEMPERATURE_GPU = 0
    NVML_TEMPERATURE_THRESHOLD_SLOWDOWN = 1

    def __init__(self, *boards: dict[str, Any], driver: bool = True) -> None:
        self.boards = boards
        self.driver = driver

    def nvmlInit(self) -> None:
        if not self.driver:
            raise NVMLError("driver not loaded")

    def nvmlDeviceGetCount(self) -> int:
        return len(self.boards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> dict[str, Any]:
        return self.boards[index]

    def nvmlDeviceGetTemperatureV(self, handle: dict[str, Any], sensor: int) -> float:
        return self._value(handle, "new")

    def nvmlDeviceGetTemperature(self, handle: dict[str, Any], sensor: int) -> float:
        return self._value(handle, "old")

    def nvmlDeviceGetTemperatureThreshold(self, handle: dict[str, Any], threshold: int) -> float:
        return self._value(handle, "slowdown")

    def nvmlDeviceGetPowerUsage(self, handle: dict[str, Any]) -> float:
        return self._value(handle, "milliwatts")

    def nvmlDeviceGetUUID(self, handle: dict[str, Any]) -> str:
        return self._value(handle, "uuid")

    def nvmlDeviceGetName(self, handle: dict[str, Any]) -> str:
        return self._value(handle, "name")

    def _value(self, handle: dict[str, Any], key: str) -> Any:
        if handle.get(key) is None:
            raise NVMLError(f"{key} not supported")
        return handle[key]


def read(*boards: dict[str, Any], **environment: str) -> list[tuple[Any, ...]]:
    found = [sensor.read() for sensor in find_nvidia_sensors(environment, FakeNvml(*boards))]
    return [(r.source, r.celsius, r.critical_c, r.power_w) if r else () for r in found]


def test_all_fields() -> None:
    board = {"new": 88, "old": 11, "slowdown": 89, "milliwatts": 318000}
    assert read(board) == [("nvml:gpu0", 88, 89, 318.0)]


def test_an_old_driver_is_asked_the_old_way() -> None:
    assert read({"old": 55}) == [("nvml:gpu0", 55, None, None)]


def test_a_pynvml_without_the_new_call_works() -> None:
    api = FakeNvml({"old": 55})
    api.nvmlDeviceGetTemperatureV = None
    reading = find_nvidia_sensors({}, api)[0].read()
    assert reading is not None
    assert reading.celsius == 55


def test_each_field_may_be_missing_alone() -> None:
    assert read({"milliwatts": 90000}) == [("nvml:gpu0", None, None, 90.0)]


def test_a_lost_board_gives_nothing() -> None:
    assert read({"slowdown": 89}) == [()]


def test_no_driver_no_sensor() -> None:
    assert find_nvidia_sensors({}, FakeNvml({"new": 50}, driver=False)) == []


@pytest.mark.parametrize(
    ("environment", "sources"),
    [
        ({}, ["nvml:gpu0", "nvml:gpu1"]),
        ({"CUDA_VISIBLE_DEVICES": ""}, []),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, []),
        ({"CUDA_VISIBLE_DEVICES": "1"}, ["nvml:gpu1"]),
        ({"CUDA_VISIBLE_DEVICES": "GPU-aa"}, ["nvml:gpu0"]),
        ({"CUDA_VISIBLE_DEVICES": "MIG-1234"}, ["nvml:gpu0", "nvml:gpu1"]),
    ],
)
def test_only_boards_this_process_may_use_are_watched(
    environment: dict[str, str], sources: list[str]
) -> None:
    boards = [{"new": 50, "uuid": f"GPU-{tag}-1", "name": "H200"} for tag in ("aa", "bb")]
    assert [row[0] for row in read(*boards, **environment)] == sources


def test_numbers_are_trusted_among_unequal_boards_only_in_pci_order() -> None:
    boards = [{"new": 50, "name": "slow"}, {"new": 60, "name": "fast"}]
    assert len(read(*boards, CUDA_VISIBLE_DEVICES="0")) == 2
    assert len(read(*boards, CUDA_VISIBLE_DEVICES="0", CUDA_DEVICE_ORDER="PCI_BUS_ID")) == 1
