from collections.abc import Callable
from pathlib import Path

import pytest

from simmer.thermal.governor import GovernorSettings
from simmer.thermal.limits import Limits
from simmer.thermal.readings import Reading


class FakeClock:
    """A clock that advances only on request."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


class ScriptedSensor:
    """Return `reading`, or raise it if it is an exception."""

    interval_s = 0.0

    def __init__(self, name: str = "fake") -> None:
        self.name = name
        self.reading: Reading | OSError | None = None
        self.reads = 0

    def heat(self, celsius: float | None) -> None:
        self.reading = None if celsius is None else Reading(self.name, celsius=celsius)

    def read(self) -> Reading | None:
        self.reads += 1
        if isinstance(self.reading, OSError):
            raise self.reading
        return self.reading


@pytest.fixture
def limits() -> Limits:
    return Limits(
        acceptable_c=70, setpoint_c=82, warning_c=85, critical_c=95, resume_c=78, confirm_readings=3
    )


@pytest.fixture
def governor_settings() -> GovernorSettings:
    return GovernorSettings(
        govern=True,
        require_sensor=False,
        duty_when_blind=1.0,
        blind_hold_s=60.0,
        cooldown_timeout_s=3600.0,
        period_s=2.0,
    )


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sensor() -> ScriptedSensor:
    return ScriptedSensor()


@pytest.fixture
def make_sensor() -> Callable[[str], ScriptedSensor]:
    return ScriptedSensor


@pytest.fixture
def write_files(tmp_path: Path) -> Callable[..., Path]:
    """Write a sysfs folder below tmp_path, one small file per keyword, and return the folder."""

    def write(folder: str, **files: object) -> Path:
        path = tmp_path / folder
        path.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (path / name).write_text(f"{content}\n")
        return path

    return write
