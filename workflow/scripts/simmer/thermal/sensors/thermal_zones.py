"""Temperatures of CPUs from Linux thermal zones, for machines whose hwmon has no CPU chip.

Files hold millidegrees Celsius (Documentation/driver-api/thermal/sysfs-api.rst); untested on hardware.
"""

import re
from pathlib import Path

from simmer.thermal.readings import Reading
from simmer.thermal.sensors.sysfs import kernel_order, read_celsius, read_text

# acpitz, batteries and wireless cards also have zones, with limits that differ from a CPU's.
_CPU_ZONE = re.compile(r"x86_pkg_temp|(cpu|soc|package|bigcore|littlecore)\d*[-_]thermal")


class ZoneSensor:
    """One thermal zone; `name` is its kind and folder, e.g. `x86_pkg_temp@thermal_zone1`."""

    interval_s = 0.0

    def __init__(self, kind: str, folder: Path) -> None:
        self.name = f"{kind}@{folder.name}"
        self._source = f"thermal_zone:{kind}"
        self._file = folder / "temp"
        self._critical_c = _critical_c(folder)

    def read(self) -> Reading | None:
        """Return °C and the zone's critical trip point, or None without a plausible value."""
        celsius = read_celsius(self._file)
        if celsius is None:
            return None
        return Reading(self._source, celsius=celsius, critical_c=self._critical_c)


def find_zone_sensors(sysfs_root: Path) -> list[ZoneSensor]:
    """Return a sensor per CPU zone below `sysfs_root` (`/sys`)."""
    folders = sorted(sysfs_root.glob("class/thermal/thermal_zone*"), key=kernel_order)
    kinds = [(read_text(folder / "type") or "", folder) for folder in folders]
    return [
        ZoneSensor(kind, folder)
        for kind, folder in kinds
        if _CPU_ZONE.fullmatch(kind) and (folder / "temp").exists()
    ]


def _critical_c(folder: Path) -> float | None:
    for kind in folder.glob("trip_point_*_type"):
        if read_text(kind) == "critical":
            return read_celsius(kind.with_name(kind.name.replace("_type", "_temp")))
    return None
