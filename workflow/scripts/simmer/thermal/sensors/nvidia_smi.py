"""Temperature, slowdown reasons and power of NVIDIA GPUs from nvidia-smi, if NVML cannot be loaded.

Columns as in `nvidia-smi --help-query-gpu`: °C, W and a hexadecimal mask. Untested on hardware.
"""

import math
import stat
from collections.abc import Mapping
from pathlib import Path

from simmer.thermal.readings import Reading
from simmer.thermal.sensors.command import Run, run_command
from simmer.thermal.sensors.nvml import brakes_of, visible_boards

_COLUMNS = ("temperature.gpu", "temperature.memory", "power.draw", "enforced.power.limit")
# The last column has two names; a driver rejects the whole query if it does not know one of its columns.
_REASONS = ("clocks_event_reasons.active", "clocks_throttle_reasons.active")

# Without a persistence daemon the program loads the driver first, which takes seconds.
_TIMEOUT_S = 10.0


class NvidiaSmiSensor:
    """One GPU, named `nvidia-smi:gpu<index>`; a column without a value is None."""

    interval_s = 5.0

    def __init__(self, program: Path, index: int, reasons: str, run: Run = run_command) -> None:
        self.name = f"nvidia-smi:gpu{index}"
        self._command = (*_query(program, *_COLUMNS, reasons), f"--id={index}")
        self._run = run

    def read(self) -> Reading | None:
        """Return the reading of one line; None without a line, or without a thermal value and power."""
        rows = parse_rows(self._run(self._command, timeout_s=_TIMEOUT_S) or "")
        if len(rows) != 1:
            return None
        celsius, memory_c, power_w, power_limit_w = map(_number, rows[0][:-1])
        reading = Reading(
            source=self.name,
            celsius=celsius,
            memory_c=memory_c,
            power_w=power_w,
            power_limit_w=power_limit_w,
            brakes=_brakes(rows[0][-1]),
        )
        return reading if reading.has_thermal_value or reading.power_w is not None else None


def find_nvidia_smi_sensors(
    environment: Mapping[str, str], program: Path, run: Run = run_command
) -> list[NvidiaSmiSensor]:
    """Return a sensor per GPU this process may use; none if the program is absent or others can replace it.

    Args:
        environment: for CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER.
        program: absolute path of nvidia-smi.
        run: runs a command and returns its output.
    """
    if not is_protected(program):
        return []
    for reasons in _REASONS:
        rows = parse_rows(run(_query(program, *_COLUMNS, reasons), timeout_s=_TIMEOUT_S) or "")
        if rows:
            break
    else:
        return []

    def identities() -> list[tuple[str, str]]:
        lines = (run(_query(program, "uuid", "name"), timeout_s=_TIMEOUT_S) or "").splitlines()
        found = [tuple(map(str.strip, line.split(",", 1))) for line in lines if "," in line]
        return found if len(found) == len(rows) else [("", str(index)) for index in range(len(rows))]

    visible = visible_boards(len(rows), environment, identities)
    return [NvidiaSmiSensor(program, index, reasons, run) for index in visible]


def is_protected(program: Path, owner: int = 0) -> bool:
    """Return True if only root can replace a program: the file, its link target, and their folders.

    Args:
        program: absolute path.
        owner: number of the required owner; root by default.
    """
    try:
        target = program.resolve(strict=True)
        states = [path.stat() for path in (target, target.parent, program.parent)]
    except (OSError, RuntimeError):
        return False
    writable_by_others = stat.S_IWGRP | stat.S_IWOTH
    return all(state.st_uid == owner and not state.st_mode & writable_by_others for state in states)


def parse_rows(text: str) -> list[list[str]]:
    """Return the five columns of each GPU from the query's CSV; other lines are dropped."""
    rows = [[word.strip() for word in line.split(",")] for line in text.splitlines()]
    return [row for row in rows if len(row) == len(_COLUMNS) + 1]


def _query(program: Path, *columns: str) -> tuple[str, ...]:
    return (str(program), f"--query-gpu={','.join(columns)}", "--format=csv,noheader,nounits")


def _number(word: str) -> float | None:
    # Without a value the program prints [N/A], [Not Supported], [Unknown Error], ERR! or other text.
    try:
        value = float(word)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _brakes(word: str) -> tuple[str, ...] | None:
    try:
        return brakes_of(int(word, 16))
    except ValueError:
        return None
