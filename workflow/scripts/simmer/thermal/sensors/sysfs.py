"""Read single values from files of Linux sysfs."""

import os
import re
from pathlib import Path

from simmer.thermal.readings import plausible_celsius

_LONGEST = 4096  # a sysfs file is at most one page


def read_text(file: Path) -> str | None:
    """Return the stripped text of a file; None if it cannot be read."""
    try:
        # Python's file object costs three times as much, and this runs several times a second for weeks.
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(descriptor, _LONGEST).decode("ascii", errors="replace").strip()
        finally:
            os.close(descriptor)
    except OSError:
        # A chip may disappear (driver unloaded, resume from sleep) or return EIO, ENODATA or ENXIO.
        return None


def read_number(file: Path) -> int | None:
    """Return the integer in a file; None for any other text."""
    text = read_text(file)
    try:
        return None if text is None else int(text)
    except ValueError:
        return None


def read_celsius(file: Path) -> float | None:
    """Return the temperature in °C from a file of millidegrees; None if it is not plausible."""
    millidegrees = read_number(file)
    return plausible_celsius(None if millidegrees is None else millidegrees / 1000)


def kernel_order(path: Path) -> tuple[int, str]:
    """Return a sort key by the first number in a name: hwmon10 comes after hwmon9."""
    digits = re.search(r"\d+", path.name)
    return (int(digits.group()) if digits else 0, path.name)
