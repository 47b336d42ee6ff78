from types import SimpleNamespace
from typing import Any

import pytest

from simmer.thermal.readings import Reading
from simmer.thermal.sensors.nvml import brakes_of, find_nvml_sensors


class NVMLError(Exception):
    pass


class FakeNvml:
    """The part of pynvml that the sensor uses; a value of None stands for `not supported`."""

    NVMLError = NVMLError
    NVML_TEMPERATURE_GPU = 0
    NVML_TEMPERATURE_THRESHOLD_SLOWDOWN = 1

    def __init__(self, *boards: dict[str, Any] | None, driver: bool = True) -> None:
        self.boards = boards
        self.driver = driver

    def nvmlInit(self) -> None:
        if not self.driver:
            raise NVMLError("driver not loaded")

    def nvmlDeviceGetCount(self) -> int:
        return len(self.boards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> dict[str, Any]:
        board = self.boards[index]
        if board is None:
            raise NVMLError("GPU is lost")
        return board

    def nvmlDeviceGetTemperatureV(self, handle: dict[str, Any], sensor: int) -> float:
        return self._value(handle, "new")

    def nvmlDeviceGetTemperature(self, handle: dict[str, Any], sensor: int) -> float:
        return self._value(handle, "old")

    def nvmlDeviceGetTemperatureThreshold(self, handle: dict[str, Any], threshold: int) -> float:
        return self._value(handle, "slowdown")

    def nvmlDeviceGetMarginTemperature(self, handle: dict[str, Any]) -> int:
        return self._value(handle, "margin")

    def nvmlDeviceGetCurrentClocksEventReasons(self, handle: dict[str, Any]) -> int:
        return self._value(handle, "reasons")

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, handle: dict[str, Any]) -> int:
        return self._value(handle, "old_reasons")

    def nvmlDeviceGetPowerUsage(self, handle: dict[str, Any]) -> float:
        return self._value(handle, "milliwatts")

    def nvmlDeviceGetEnforcedPowerLimit(self, handle: dict[str, Any]) -> float:
        return self._value(handle, "limit")

    def nvmlDeviceGetFieldValues(self, handle: dict[str, Any], fields: list[int]) -> list[Any]:
        assert fields == [82]
        return [SimpleNamespace(**self._value(handle, "memory"))]

    def nvmlDeviceGetUUID(self, handle: dict[str, Any]) -> str:
        return self._value(handle, "uuid")

    def nvmlDeviceGetName(self, handle: dict[str, Any]) -> str:
        return self._value(handle, "name")

    def _value(self, handle: dict[str, Any], key: str) -> Any:
        if handle.get(key) is None:
            raise NVMLError(f"{key} not supported")
        return handle[key]


def memory(celsius: int, *, code: int = 0, kind: int = 1) -> dict[str, Any]:
    return {"nvmlReturn": code, "valueType": kind, "value": SimpleNamespace(uiVal=celsius, siVal=celsius)}


FULL = {
    "new": 88, "old": 11, "slowdown": 89, "margin": 4, "milliwatts": 318000, "limit": 450000,
    "reasons": 0x40, "old_reasons": 0, "memory": memory(92),
}  # fmt: skip


def read(*boards: dict[str, Any] | None, **environment: str) -> list[Reading | None]:
    return [sensor.read() for sensor in find_nvml_sensors(environment, FakeNvml(*boards)) or ()]


def read_one(**board: Any) -> Reading:
    (reading,) = read(board)
    assert reading is not None
    return reading


def test_all_fields() -> None:
    assert read_one(**FULL) == Reading(
        "nvml:gpu0", celsius=88, critical_c=89, margin_c=4, memory_c=92, power_w=318.0, power_limit_w=450.0,
        brakes=("thermal",),
    )  # fmt: skip


def test_an_old_driver_is_asked_the_old_way() -> None:
    reading = read_one(old=55, old_reasons=0x4)
    assert reading == Reading("nvml:gpu0", celsius=55, brakes=("power",))


@pytest.mark.parametrize(
    "missing",
    ["nvmlDeviceGetTemperatureV", "nvmlDeviceGetMarginTemperature", "nvmlDeviceGetCurrentClocksEventReasons",
     "nvmlDeviceGetFieldValues"],
)  # fmt: skip
def test_other_versions_of_pynvml_work(missing: str) -> None:
    api = FakeNvml({"new": 55, "old": 55})
    setattr(api, missing, None)
    (sensor,) = find_nvml_sensors({}, api) or ()
    reading = sensor.read()
    assert reading is not None
    assert reading.celsius == 55


@pytest.mark.parametrize("missing", FULL)
def test_each_field_may_be_missing_alone(missing: str) -> None:
    full, partial = read_one(**FULL), read_one(**FULL | {missing: None})
    # Where there is another way to the same field it is taken; the others keep their values.
    fields = {
        "new": {"celsius": 11.0},
        "slowdown": {"critical_c": None},
        "margin": {"margin_c": 1.0},
        "milliwatts": {"power_w": None},
        "limit": {"power_limit_w": None},
        "reasons": {"brakes": ()},
        "memory": {"memory_c": None},
    }
    assert vars(partial) == vars(full) | fields.get(missing, {})


def test_power_alone_is_a_reading_without_heat() -> None:
    assert read_one(milliwatts=90000) == Reading("nvml:gpu0", power_w=90.0)


def test_a_lost_board_gives_nothing_and_may_come_back() -> None:
    board = {"slowdown": None, "reasons": None}
    (sensor,) = find_nvml_sensors({}, FakeNvml(board)) or ()
    assert sensor.read() is None
    board |= {"new": 60, "slowdown": 89}
    assert sensor.read() == Reading("nvml:gpu0", celsius=60, critical_c=89, margin_c=29)


def test_a_board_lost_at_the_start_does_not_hide_the_others() -> None:
    assert [reading and reading.source for reading in read(None, {"new": 50})] == ["nvml:gpu1"]


@pytest.mark.parametrize("implausible", [0, -273, 127, 65261, 88000])
def test_an_implausible_value_is_neither_a_temperature_nor_a_margin(implausible: int) -> None:
    reading = read_one(new=implausible, slowdown=89, milliwatts=318000, memory=memory(implausible))
    assert (reading.celsius, reading.margin_c, reading.memory_c, reading.has_thermal_value) == (
        None,
        None,
        None,
        False,
    )
    assert read_one(new=60, slowdown=implausible).margin_c is None


@pytest.mark.parametrize("implausible", [-273, 127, 65261])
def test_a_margin_no_board_can_have_is_computed_instead(implausible: int) -> None:
    assert read_one(new=60, slowdown=89, margin=implausible).margin_c == 29


@pytest.mark.parametrize(
    ("value", "celsius"),
    [(memory(92, kind=5), 92), (memory(92, code=3), None), (memory(92, kind=99), None), (memory(0), None)],
)
def test_the_memory_temperature_is_used_only_with_its_own_code_and_type(
    value: dict[str, Any], celsius: float | None
) -> None:
    assert read_one(new=60, memory=value).memory_c == celsius


@pytest.mark.parametrize(
    ("reasons", "brakes"),
    [
        (0x0, ()),
        (0x1 | 0x2 | 0x10 | 0x100, ()),
        (0x4, ("power",)),
        (0x80, ("power",)),
        (0x8, ("thermal",)),
        (0x20, ("thermal",)),
        (0x40, ("thermal",)),
        (0x44, ("thermal", "power")),
    ],
)
def test_slowdown_reasons_become_brakes(reasons: int, brakes: tuple[str, ...]) -> None:
    assert brakes_of(reasons) == brakes


def test_no_driver_is_not_the_same_as_no_board() -> None:
    assert find_nvml_sensors({}, FakeNvml({"new": 50}, driver=False)) is None
    assert find_nvml_sensors({}, FakeNvml()) == []


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
    assert [reading and reading.source for reading in read(*boards, **environment)] == sources


def test_numbers_are_trusted_among_unequal_boards_only_in_pci_order() -> None:
    boards = [{"new": 50, "name": "slow"}, {"new": 60, "name": "fast"}]
    assert len(read(*boards, CUDA_VISIBLE_DEVICES="0")) == 2
    assert len(read(*boards, CUDA_VISIBLE_DEVICES="0", CUDA_DEVICE_ORDER="PCI_BUS_ID")) == 1
