"""Temperatures of CPU and GPU from Linux sysfs: hwmon first, thermal zones where hwmon has no CPU.

Files hold millidegrees Celsius and microwatts (Documentation/hwmon/sysfs-interface.rst). amdgpu and the
ARM chips are untested on hardware.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from simmer.thermal.readings import Reading

# Labels in order of preference: the first group with a match is used, "" stands for an input without label.
# k10temp.rst: Tctl is a control value that may carry an offset, Tdie is the true one.
# amdgpu: edge, junction and mem have different design limits; only edge compares with a CPU's.
_CHIPS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "coretemp": (("Package id", "Core "),),
    "k10temp": (("Tdie",), ("Tctl",)),
    "zenpower": (("Tdie",), ("Tctl",)),
    "amdgpu": (("edge",), ("junction",)),
}
_ARM_CHIP = re.compile(r"(cpu|soc|gpu|package|bigcore|littlecore)\d*[-_]thermal")
_GPU_CHIPS = re.compile(r"amdgpu|gpu\d*[-_]thermal")
_CPU_ZONE = re.compile(r"x86_pkg_temp|(cpu|soc|package|bigcore|littlecore)\d*[-_]thermal")

# 0, -273, 127 (an unconnected converter) and 65261 are what drivers print when they have no value.
_LOWEST_C, _HIGHEST_C = 0.0, 126.0


@dataclass(frozen=True)
class _Input:
    source: str
    value: Path
    critical_c: float | None


class SysfsSensor:
    """The hottest of a few sysfs files that belong to one chip or zone."""

    interval_s = 0.0

    def __init__(self, name: str, inputs: Iterable[_Input], power: Path | None = None) -> None:
        self.name = name
        self._inputs = tuple(inputs)
        self._power = power

    def read(self) -> Reading | None:
        """Return the hottest plausible input with its source, or None when no input can be read."""
        measured = [(celsius, file) for file in self._inputs if (celsius := _celsius(file.value)) is not None]
        if not measured:
            return None
        celsius, file = max(measured, key=lambda pair: pair[0])
        microwatts = None if self._power is None else _number(self._power)
        return Reading(
            source=file.source,
            celsius=celsius,
            critical_c=file.critical_c,
            power_w=None if microwatts is None else microwatts / 1e6,
        )


def find_linux_sensors(sysfs_root: Path) -> list[SysfsSensor]:
    """Return the CPU and GPU sensors below `sysfs_root` (`/sys`); their files are looked up only here.

    acpitz, nvme, iwlwifi, battery and drivetemp are left out: their limits are not a CPU's.
    """
    folders = sorted(sysfs_root.glob("class/hwmon/hwmon*"), key=_natural)
    found = [(chip, sensor) for folder in folders if (chip := _text(folder / "name"))
             if (sensor := _hwmon_sensor(chip, folder))]  # fmt: skip
    sensors = [sensor for _, sensor in found]
    if all(_GPU_CHIPS.fullmatch(chip) for chip, _ in found):
        sensors += _zone_sensors(sysfs_root)
    return sensors


def _hwmon_sensor(chip: str, folder: Path) -> SysfsSensor | None:
    inputs = _chosen_inputs(chip, folder)
    if not inputs:
        return None
    powers = (folder / "power1_average", folder / "power1_input") if chip == "amdgpu" else ()
    power = next((path for path in powers if path.exists()), None)
    return SysfsSensor(f"{chip}@{folder.name}", inputs, power)


def _chosen_inputs(chip: str, folder: Path) -> list[_Input]:
    groups = _CHIPS.get(chip) or ((("",),) if _ARM_CHIP.fullmatch(chip) else ())
    files = sorted(folder.glob("temp*_input"), key=_natural)
    labels = {file: _text(_sibling(file, "label")) or "" for file in files}
    for prefixes in groups:
        chosen = [file for file in files if labels[file].startswith(prefixes)]
        if chosen:
            return [
                _Input(
                    source=":".join(filter(None, ("hwmon", chip, labels[file]))),
                    value=file,
                    critical_c=_celsius(_sibling(file, "crit")),
                )
                for file in chosen
            ]
    return []


def _zone_sensors(sysfs_root: Path) -> list[SysfsSensor]:
    sensors = []
    for folder in sorted(sysfs_root.glob("class/thermal/thermal_zone*"), key=_natural):
        kind = _text(folder / "type") or ""
        if _CPU_ZONE.fullmatch(kind) and (folder / "temp").exists():
            zone = _Input(f"thermal_zone:{kind}", folder / "temp", _zone_critical_c(folder))
            sensors.append(SysfsSensor(f"{kind}@{folder.name}", [zone]))
    return sensors


def _zone_critical_c(folder: Path) -> float | None:
    for kind in folder.glob("trip_point_*_type"):
        if _text(kind) == "critical":
            return _celsius(kind.with_name(kind.name.replace("_type", "_temp")))
    return None


def _sibling(file: Path, suffix: str) -> Path:
    return file.with_name(file.name.replace("_input", f"_{suffix}"))


def _natural(path: Path) -> tuple[int, str]:
    # hwmon10 comes after hwmon9, so that the order is the kernel's own.
    digits = re.search(r"\d+", path.name)
    return (int(digits.group()) if digits else 0, path.name)


def _celsius(file: Path) -> float | None:
    millidegrees = _number(file)
    celsius = None if millidegrees is None else millidegrees / 1000
    return celsius if celsius is not None and _LOWEST_C < celsius < _HIGHEST_C else None


def _number(file: Path) -> int | None:
    text = _text(file)
    try:
        return None if text is None else int(text)
    except ValueError:
        return None


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        # A chip may vanish (driver unloaded, resume from sleep) or answer EIO, ENODATA or ENXIO for a while.
        return None
