"""Reading single values from the files of Linux sysfs."""

import os
import re
from pathlib import Path

from simmer.thermal.readings import plausible_celsius

_LONGEST = 4096  # sysfs gives a page at most


def read_text(file: Path) -> str | None:
    """Return what a file holds, without the line end; None when it cannot be read."""
    try:
        # Without Python's file object, which costs three times as much, several times a second for weeks.
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(descriptor, _LONGEST).decode("ascii", errors="replace").strip()
        finally:
            os.close(descriptor)
    except OSError:
        # A chip may vanish (driver unloaded, resume from sleep) or answer EIO, ENODATA or ENXIO for a while.
        return None


def read_number(file: Path) -> int | None:
    """Return the whole number a file holds; None for any other text."""
    text = read_text(file)
    try:
        return None if text is None else int(text)
    except ValueError:
        return None


def read_celsius(file: Path) -> float | None:
    """Return the temperature in °C of a file of millidegrees; None for what silicon cannot have."""
    millidegrees = read_number(file)
    return plausible_celsius(None if millidegrees is None else millidegrees / 1000)


def kernel_order(path: Path) -> tuple[int, str]:
    """Sort key by the first number in a name: hwmon10 comes after hwmon9."""
    digits = re.search(r"\d+", path.name)
    return (int(digits.group()) if digits else 0, path.name)
