"""Apply file permissions to root too, by dropping its rights to override them."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class _Who(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("thread", ctypes.c_int))


class _Rights(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable"))


_VERSION = 0x20080522  # of capget(2): two words of 32 rights
_OVERRIDES = 0b110  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, by which file permissions are ignored


def can_meet_permissions() -> bool:
    """True if the cases about file permissions can run here."""
    return os.geteuid() != 0 or sys.platform == "linux"


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Apply file permissions to root too, in this thread and until the block ends."""
    if os.geteuid() != 0 or sys.platform != "linux":
        yield
        return
    libc, who, sets = ctypes.CDLL(None, use_errno=True), _Who(_VERSION, 0), (_Rights * 2)()
    if libc.capget(ctypes.byref(who), sets) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    before = sets[0].effective
    sets[0].effective = before & ~_OVERRIDES
    if libc.capset(ctypes.byref(who), sets) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    try:
        yield
    finally:
        sets[0].effective = before
        libc.capset(ctypes.byref(who), sets)
