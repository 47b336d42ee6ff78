"""Temperatures and power of CPU and GPU from Linux hwmon.

Files hold millidegrees Celsius and microwatts (Documentation/hwmon/sysfs-interface.rst). Every chip here is
untested on hardware; the tests read imitated sysfs trees.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simmer.thermal.readings import Reading
from simmer.thermal.sensors.sysfs import kernel_order, read_celsius, read_number, read_text

# Labels in order of preference: the first group with a match is used; "" is an input without a label.
# k10temp.rst: Tctl is a control value that may include an offset, Tdie is the measured one.
# amdgpu: edge, junction and mem have different design limits; only edge is comparable to a CPU.
_CHIPS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "coretemp": (("Package id", "Core "),),
    "k10temp": (("Tdie",), ("Tctl",)),
    "zenpower": (("Tdie",), ("Tctl",)),
    "amdgpu": (("edge",), ("junction",)),
}
_ARM_CHIP = re.compile(r"(cpu|soc|gpu|package|bigcore|littlecore)\d*[-_]thermal")
_GPU_CHIP = re.compile(r"amdgpu|gpu\d*[-_]thermal")


@dataclass(frozen=True)
class _Input:
    source: str
    file: Path
    critical_c: float | None


class HwmonSensor:
    """One chip: the hottest of its inputs and, for amdgpu, memory temperature, power and margin.

    Attributes:
        name: chip and folder, e.g. `coretemp@hwmon0`.
        is_cpu: True for a CPU, False for a GPU.
    """

    interval_s = 0.0

    def __init__(self, chip: str, folder: Path, inputs: Sequence[_Input]) -> None:
        self.name = f"{chip}@{folder.name}"
        self.is_cpu = _GPU_CHIP.fullmatch(chip) is None
        self._inputs = inputs
        self._is_board = chip == "amdgpu"
        self._memory = _labelled(folder, "mem") if self._is_board else None
        # Which of the two power files exists depends on the generation of the GPU.
        powers = (folder / "power1_average", folder / "power1_input") if self._is_board else ()
        self._power = next((file for file in powers if file.exists()), None)
        self._power_limit = folder / "power1_cap" if self._is_board else None

    def read(self) -> Reading | None:
        """Return the hottest plausible input with its source, or None if there is none."""
        measured = [(celsius, one) for one in self._inputs if (celsius := read_celsius(one.file)) is not None]
        if not measured:
            return None
        celsius, hottest = max(measured, key=lambda pair: pair[0])
        knows_margin = self._is_board and hottest.critical_c is not None
        return Reading(
            source=hottest.source,
            celsius=celsius,
            critical_c=hottest.critical_c,
            margin_c=hottest.critical_c - celsius if knows_margin else None,
            memory_c=None if self._memory is None else read_celsius(self._memory),
            power_w=_watts(self._power),
            power_limit_w=_watts(self._power_limit),
        )


def find_hwmon_sensors(sysfs_root: Path) -> list[HwmonSensor]:
    """Return a sensor per CPU and GPU chip below `sysfs_root` (`/sys`); files are looked up once, here.

    acpitz, nvme, iwlwifi, battery and drivetemp are left out, because their limits differ from a CPU's.
    """
    folders = sorted(sysfs_root.glob("class/hwmon/hwmon*"), key=kernel_order)
    sensors = []
    for folder in folders:
        chip = read_text(folder / "name") or ""
        if inputs := _chosen_inputs(chip, folder):
            sensors.append(HwmonSensor(chip, folder, inputs))
    return sensors


def _chosen_inputs(chip: str, folder: Path) -> list[_Input]:
    groups = _CHIPS.get(chip) or ((("",),) if _ARM_CHIP.fullmatch(chip) else ())
    labels = _labels(folder)
    for prefixes in groups:
        chosen = [file for file, label in labels.items() if label.startswith(prefixes)]
        if chosen:
            return [
                _Input(
                    source=":".join(filter(None, ("hwmon", chip, labels[file]))),
                    file=file,
                    critical_c=read_celsius(_sibling(file, "crit")),
                )
                for file in chosen
            ]
    return []


def _labels(folder: Path) -> dict[Path, str]:
    files = sorted(folder.glob("temp*_input"), key=kernel_order)
    return {file: read_text(_sibling(file, "label")) or "" for file in files}


def _labelled(folder: Path, label: str) -> Path | None:
    return next((file for file, found in _labels(folder).items() if found == label), None)


def _sibling(file: Path, suffix: str) -> Path:
    return file.with_name(file.name.replace("_input", f"_{suffix}"))


def _watts(file: Path | None) -> float | None:
    microwatts = None if file is None else read_number(file)
    return None if microwatts is None else microwatts / 1e6
