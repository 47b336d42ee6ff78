import ctypes
import sys
from typing import Any

import pytest

from simmer.thermal.readings import PressureLevel
from simmer.thermal.sensors.pressure import PressureSensor, find_pressure_sensors


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


def test_notify_gives_the_level_each_time_and_never_degrees() -> None:
    library = FakeLibSystem(0)
    sensor = PressureSensor(library)
    levels = []
    for library.level in (0, 1, 2, 3, 4, 5, 30, 2**64 - 1):
        reading = sensor.read()
        levels.append(reading and reading.level)
        assert reading is None or reading.celsius is None
    assert levels == [*PressureLevel, None, None, None]


def test_notify_that_fails_gives_nothing_and_may_come_back() -> None:
    library = FakeLibSystem(0)
    sensor = PressureSensor(library)
    library.status = 1
    assert sensor.read() is None
    with pytest.raises(OSError, match="thermal pressure"):
        PressureSensor(library)
    library.status = 0
    assert sensor.read() is not None


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac has the level")
def test_elsewhere_there_is_no_level() -> None:
    assert find_pressure_sensors() == []
