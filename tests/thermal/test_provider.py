import math
import time

import pytest

from simmer.thermal import provider
from simmer.thermal.provider import ThermalCallback, get_hardware_stats


def test_hardware_stats_are_percentages_and_do_not_wait() -> None:
    waited_s = []
    for _ in range(5):
        started = time.perf_counter()
        stats = get_hardware_stats()
        waited_s.append(time.perf_counter() - started)
    assert min(waited_s) < 0.05
    assert set(stats) == {"cpu_percent", "memory_percent"}
    assert all(0.0 <= value <= 100.0 for value in stats.values())
    assert stats["memory_percent"] > 0


@pytest.mark.parametrize(
    ("celsius", "status", "should_pause"),
    [
        (50.0, "normal", False),
        (70, "acceptable", False),
        (85.0, "warning", False),
        (95.0, "critical", True),
    ],
)
def test_status_follows_the_limits(celsius: float, status: str, should_pause: bool, limits) -> None:
    found = ThermalCallback(lambda: celsius, limits=limits).check()
    assert (found.temperature, found.status, found.should_pause) == (celsius, status, should_pause)
    assert status in found.message
    assert f"{celsius:.1f} °C" in found.message


@pytest.mark.parametrize("value", [-1.0, None, math.nan, 0.0])
def test_no_reading_is_unknown_and_pauses_nothing(value: float | None, limits) -> None:
    found = ThermalCallback(lambda: value, limits=limits).check()
    assert (found.temperature, found.status, found.should_pause) == (None, "unknown", False)
    assert "unknown" in found.message
    assert str(value) in found.message


class OwnError(Exception):
    pass


@pytest.mark.parametrize("error", [RuntimeError("cable out"), OwnError("cable out"), OSError("cable out")])
def test_a_provider_that_raises_is_unknown_and_logged(error: Exception, limits, caplog) -> None:
    def failing() -> float:
        raise error

    found = ThermalCallback(failing, limits=limits).check()
    assert (found.temperature, found.status, found.should_pause) == (None, "unknown", False)
    assert type(error).__name__ in found.message
    assert "cable out" in found.message
    assert "temperature provider failed" in caplog.text


def test_without_a_provider_the_machine_is_asked(limits) -> None:
    found = ThermalCallback(limits=limits).check()
    assert (found.temperature is None) == (found.status == "unknown")


def test_the_public_names_stay() -> None:
    assert set(provider.__all__) >= {
        "get_hardware_stats",
        "get_macos_temperature",
        "ThermalCallback",
        "ThermalStatus",
    }
    assert all(hasattr(provider, name) for name in provider.__all__)
