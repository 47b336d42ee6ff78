import ctypes
import struct
import sys
from collections.abc import Iterator

import pytest

from simmer.thermal.readings import Reading
from simmer.thermal.sensors import smc
from simmer.thermal.sensors.smc import SmcClient, find_smc_sensors

TASK, SERVICE, CONNECTION = 0x103, 0x707, 0x909
NOT_FOUND, NO_DEVICE, NOT_PERMITTED = 132, 0xE00002C0 - 2**32, 0xE00002C1 - 2**32

# Offsets of the driver's struct of 80 bytes, as its public C declarations lay it out.
SIZE, DATA_SIZE, DATA_TYPE, RESULT, COMMAND, INDEX, DATA = 80, 28, 32, 40, 42, 44, 48


class FakeIOKit:
    """IOKit as C functions in front of a driver with a table of keys.

    A key's value is a number (of type `flt `) or a pair of type and bytes.
    """

    def __init__(self, keys: dict[str, float | tuple[bytes, bytes]], service: bytes = b"AppleSMC") -> None:
        self.keys = keys
        self.service = service
        self.open_status = self.call_status = 0
        self.calls: list[tuple[int, int]] = []
        self.released: list[int] = []
        port, number, pointer, size = ctypes.c_uint32, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t
        for name, result, *arguments in (
            ("IOServiceMatching", pointer, ctypes.c_char_p),
            ("IOServiceGetMatchingService", port, port, pointer),
            ("IOServiceOpen", number, port, port, port, pointer),
            ("IOObjectRelease", number, port),
            ("IOConnectCallStructMethod", number, port, port, pointer, size, pointer, pointer),
        ):
            setattr(self, name, ctypes.CFUNCTYPE(result, *arguments)(getattr(self, f"_{name}")))

    def _IOServiceMatching(self, name: bytes) -> int:
        return 0xABCDEF0123 if name == self.service else 0

    def _IOServiceGetMatchingService(self, main_port: int, matching: int | None) -> int:
        assert main_port == 0
        # A pointer that lost its upper half would not be recognised.
        return SERVICE if matching == 0xABCDEF0123 else 0

    def _IOServiceOpen(self, service: int, task: int, kind: int, connection: int) -> int:
        assert (service, task, kind) == (SERVICE, TASK, 0)
        ctypes.c_uint32.from_address(connection).value = CONNECTION
        return self.open_status

    def _IOObjectRelease(self, service: int) -> int:
        self.released.append(service)
        return 0

    def _IOConnectCallStructMethod(
        self, connection: int, selector: int, asked: int, asked_size: int, answer_at: int, answer_size: int
    ) -> int:
        assert (connection, selector, asked_size) == (CONNECTION, 2, SIZE)
        assert ctypes.c_size_t.from_address(answer_size).value == SIZE
        question = ctypes.string_at(asked, SIZE)
        answer = (ctypes.c_uint8 * SIZE).from_address(answer_at)
        key = int.from_bytes(question[:4], sys.byteorder).to_bytes(4, "big").decode()
        self.calls.append((question[COMMAND], int.from_bytes(question[INDEX : INDEX + 4], sys.byteorder)))
        if self.call_status == 0:
            self._answer(key, question, answer)
        return self.call_status

    def _answer(self, key: str, question: bytes, answer: ctypes.Array) -> None:
        if question[COMMAND] == 8:
            names = list(self.keys)
            index = int.from_bytes(question[INDEX : INDEX + 4], sys.byteorder)
            answer[:4] = int.from_bytes(names[index].encode(), "big").to_bytes(4, sys.byteorder)
            return
        kind, data = self._entry(key)
        if kind is None:
            answer[RESULT] = NOT_FOUND
        elif question[COMMAND] == 9:
            answer[DATA_SIZE : DATA_SIZE + 4] = len(data).to_bytes(4, sys.byteorder)
            answer[DATA_TYPE : DATA_TYPE + 4] = int.from_bytes(kind, "big").to_bytes(4, sys.byteorder)
        else:
            assert question[COMMAND] == 5
            assert int.from_bytes(question[DATA_SIZE : DATA_SIZE + 4], sys.byteorder) == len(data)
            answer[DATA : DATA + len(data)] = data

    def _entry(self, key: str) -> tuple[bytes | None, bytes]:
        if key == "#KEY":
            return b"ui32", len(self.keys).to_bytes(4, "big")
        value = self.keys.get(key)
        if value is None:
            return None, b""
        return value if isinstance(value, tuple) else (b"flt ", struct.pack("<f", value))


def read(iokit: FakeIOKit) -> list[Reading | None]:
    return [sensor.read() for sensor in find_smc_sensors(SmcClient(iokit, TASK))]


def test_the_struct_is_laid_out_as_the_driver_expects() -> None:
    call = smc._Call
    assert ctypes.sizeof(call) == SIZE
    assert [
        getattr(call, name).offset
        for name in ("data_size", "data_type", "result", "command", "index", "data")
    ] == [DATA_SIZE, DATA_TYPE, RESULT, COMMAND, INDEX, DATA]


def test_the_maximum_of_the_die_and_the_hottest_key_of_the_gpu() -> None:
    keys = {"TCMb": 71.5, "TCMz": 84.25, "Tp01": 99.0, "Tg05": 66.0, "Tg0f": 68.5, "TB0T": 30.0, "TG0P": 99.0}
    assert read(FakeIOKit(keys)) == [Reading("smc:TCMz", celsius=84.25), Reading("smc:Tg0f", celsius=68.5)]


def test_the_mean_is_used_only_without_a_maximum_and_is_named() -> None:
    assert read(FakeIOKit({"TCMb": 71.5})) == [Reading("smc:TCMb", celsius=71.5)]


def test_maximum_and_mean_are_never_mixed() -> None:
    iokit = FakeIOKit({"TCMz": 84.25, "TCMb": 71.5})
    (sensor,) = find_smc_sensors(SmcClient(iokit, TASK))
    del iokit.keys["TCMz"]
    assert sensor.read() is None


@pytest.mark.parametrize("service", [b"AppleSMC", b"AppleSMCKeysEndpoint"])
def test_the_driver_is_found_under_both_names_and_released(service: bytes) -> None:
    iokit = FakeIOKit({"TCMz": 50.0}, service)
    assert read(iokit) == [Reading("smc:TCMz", celsius=50.0)]
    assert iokit.released == [SERVICE]


def test_a_missing_driver_is_distinguished_from_one_that_refuses() -> None:
    with pytest.raises(OSError, match="no such service"):
        SmcClient(FakeIOKit({}, b"AppleOther"), TASK)
    iokit = FakeIOKit({})
    iokit.open_status = NOT_PERMITTED
    with pytest.raises(OSError, match=f"status {NOT_PERMITTED}"):
        SmcClient(iokit, TASK)
    assert iokit.released == [SERVICE]


# Sleeping cores, drivers without a value, thousandths, kelvins times ten, and no number at all.
LIES = [-4.0, 0.0, 8.4, 14.9, -273.0, 127.0, 65261.0, 61000.0, 3341.5, float("nan"), float("inf")]


@pytest.mark.parametrize("implausible", LIES)
def test_an_implausible_value_is_no_reading(implausible: float) -> None:
    iokit = FakeIOKit({"TCMz": 50.0, "Tg05": implausible, "Tg0D": 40.0})
    cpu, gpu = find_smc_sensors(SmcClient(iokit, TASK))
    assert gpu.read() == Reading("smc:Tg0D", celsius=40.0)
    iokit.keys |= {"TCMz": implausible, "Tg0D": implausible}
    assert (cpu.read(), gpu.read()) == (None, None)


def test_a_driver_that_vanishes_mid_run_gives_nothing_and_may_come_back() -> None:
    iokit = FakeIOKit({"TCMz": 50.0})
    (sensor,) = find_smc_sensors(SmcClient(iokit, TASK))
    iokit.call_status = NO_DEVICE
    assert sensor.read() is None
    iokit.call_status = 0
    assert sensor.read() == Reading("smc:TCMz", celsius=50.0)


@pytest.mark.parametrize("value", [(b"sp78", b"\x32\x00"), (b"ch8*", b"text"), (b"flt ", b"\x00" * 8)])
def test_keys_of_another_type_are_left_alone(value: tuple[bytes, bytes]) -> None:
    assert read(FakeIOKit({"TCMz": value, "Tg05": value})) == []


def test_the_keys_are_walked_through_once() -> None:
    iokit = FakeIOKit({"TCMz": 50.0, "Tg05": 40.0})
    client = SmcClient(iokit, TASK)
    sensors = [*find_smc_sensors(client), *find_smc_sensors(client)]
    for sensor in sensors:
        sensor.read()
    assert [index for command, index in iokit.calls if command == 8] == [0, 1]


def test_a_wrong_count_of_keys_is_bounded() -> None:
    iokit = FakeIOKit({"TCMz": 50.0})
    iokit._entry = lambda key: (b"ui32", b"\xff" * 4)  # type: ignore[method-assign]
    iokit.keys = dict.fromkeys((f"{number:04}" for number in range(20_000)), 50.0)
    assert len(SmcClient(iokit, TASK).key_names()) == 10_000


@pytest.fixture
def own_client() -> Iterator[None]:
    smc._own_client.cache_clear()
    yield
    smc._own_client.cache_clear()


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac has an SMC")
def test_elsewhere_there_is_no_smc(own_client: None) -> None:
    assert find_smc_sensors() == []
