"""The thermal pressure level of macOS through notify(3): no root, no subprocess; untested on hardware."""

import ctypes
from contextlib import suppress
from typing import Any

from simmer.thermal.readings import PressureLevel, Reading

_KEY = b"com.apple.system.thermalpressurelevel"
_STATUS_OK = 0  # notify.h
_LIBSYSTEM = "/usr/lib/libSystem.B.dylib"


class PressureSensor:
    """The level macOS itself acts on, 0 to 4; never converted to a temperature."""

    interval_s = 0.0
    name = "notify:thermalpressurelevel"

    def __init__(self, library: Any) -> None:
        """Get a notification token from libSystem.

        Raises:
            OSError: if libSystem refuses the key.
        """
        self._library = library
        self._token = ctypes.c_int(0)
        if library.notify_register_check(_KEY, ctypes.byref(self._token)) != _STATUS_OK:
            raise OSError("notify_register_check refused the key of the thermal pressure level")

    def read(self) -> Reading | None:
        """Return the level, or None if macOS does not report it."""
        state = ctypes.c_uint64(0)
        if self._library.notify_get_state(self._token, ctypes.byref(state)) != _STATUS_OK:
            return None
        level = PressureLevel.from_number(state.value)
        return None if level is None else Reading(self.name, level=level)


def find_pressure_sensors() -> list[PressureSensor]:
    """Return the sensor; an empty list without libSystem or its notify functions."""
    with suppress(OSError, AttributeError):
        return [PressureSensor(ctypes.CDLL(_LIBSYSTEM))]
    return []
