"""One file per source of temperature; each sensor returns a reading with its source, or nothing."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from simmer.thermal.readings import Reading
from simmer.thermal.sensors.linux import find_linux_sensors
from simmer.thermal.sensors.macos import find_macos_sensors
from simmer.thermal.sensors.nvidia import find_nvidia_sensors


class Sensor(Protocol):
    """Anything that can be asked for a reading.

    Attributes:
        name: unique among the sensors of one machine.
        interval_s: the least time between two reads, in seconds; 0 for sources that cost microseconds.
    """

    name: str
    interval_s: float

    def read(self) -> Reading | None:
        """Return a reading, or None when the source has no value just now."""
        ...


def find_sensors(
    sysfs_root: Path,
    *,
    platform: str = sys.platform,
    environment: Mapping[str, str] | None = None,
    allow_sudo_powermetrics: bool = False,
) -> list[Sensor]:
    """Return every CPU and GPU sensor of this machine; an empty list where none is readable.

    Args:
        sysfs_root: `/sys`, or a tree that looks like it.
        platform: as `sys.platform` names it; Windows has NVIDIA sensors only.
        environment: where CUDA_VISIBLE_DEVICES is looked up; this process's own when not given.
        allow_sudo_powermetrics: on macOS, whether `sudo -n powermetrics` may be run.
    """
    sensors: list[Sensor] = []
    if platform == "linux":
        sensors += find_linux_sensors(sysfs_root)
    if platform == "darwin":
        sensors += find_macos_sensors(allow_sudo_powermetrics=allow_sudo_powermetrics)
    return sensors + find_nvidia_sensors(os.environ if environment is None else environment)
