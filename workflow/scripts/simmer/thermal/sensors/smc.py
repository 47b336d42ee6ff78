"""Die temperatures of Apple Silicon from the AppleSMC driver, through IOKit and without root.

The driver answers in a struct of 80 bytes (selector 2). TCMz and TCMb are the maximum and the mean of the CPU
die on every chip from M1 on; the keys of single cores differ between chips and are not used (oshi/oshi, issue
3534). Untested on hardware.
"""

import ctypes
import logging
import struct
from collections.abc import Sequence
from functools import cache
from typing import Any

from simmer.thermal.readings import Reading, plausible_celsius

logger = logging.getLogger(__name__)

_IOKIT = "/System/Library/Frameworks/IOKit.framework/IOKit"
_LIBSYSTEM = "/usr/lib/libSystem.B.dylib"
# Driver classes: the first on Apple Silicon, the second on any Mac.
_SERVICES = (b"AppleSMCKeysEndpoint", b"AppleSMC")
_SELECTOR = 2
_READ_KEY, _KEY_AT_INDEX, _KEY_INFO = 5, 8, 9
_SUCCESS = 0
_FLOAT = int.from_bytes(b"flt ", "big")

_CPU_KEYS = ("TCMz", "TCMb")
_GPU_PREFIX = "Tg"
# The SMC of an M-series machine has one to a few thousand keys.
_MOST_KEYS = 10_000

# Sensors of sleeping cores report -4 to 8.4 °C; real values start at 21 °C (oshi/oshi, issue 3531).
_LOWEST_C = 15.0


class _Call(ctypes.Structure):
    """One request or answer; 80 bytes with natural alignment."""

    _fields_ = (
        ("key", ctypes.c_uint32),
        ("version", ctypes.c_uint16 * 3),
        ("power_limits", ctypes.c_uint32 * 4),
        ("data_size", ctypes.c_uint32),
        ("data_type", ctypes.c_uint32),
        ("data_attributes", ctypes.c_uint32),
        ("result", ctypes.c_uint8),
        ("status", ctypes.c_uint8),
        ("command", ctypes.c_uint8),
        ("index", ctypes.c_uint32),
        ("data", ctypes.c_uint8 * 32),
    )


class SmcClient:
    """An open connection to the driver, kept for the life of the process."""

    def __init__(self, iokit: Any, task: int) -> None:
        """Connect.

        Args:
            iokit: the library IOKit.
            task: this process's own Mach port.

        Raises:
            OSError: if there is no such driver, or it refuses this process.
        """
        self._iokit = _typed(iokit)
        self._connection = _connect(self._iokit, task)

    def key_names(self) -> list[str]:
        """Return the names of all keys, each of four characters."""
        counted = self._ask(_code("#KEY"), _READ_KEY, data_size=4)
        # Counts are big-endian, temperatures little-endian.
        count = 0 if counted is None else min(int.from_bytes(bytes(counted.data[:4]), "big"), _MOST_KEYS)
        answers = [self._ask(0, _KEY_AT_INDEX, index=index) for index in range(count)]
        return [answer.key.to_bytes(4, "big").decode("latin-1") for answer in answers if answer is not None]

    def holds_float(self, key: str) -> bool:
        """Return True if a key exists and holds a 4-byte float."""
        info = self._ask(_code(key), _KEY_INFO)
        return info is not None and (info.data_type, info.data_size) == (_FLOAT, 4)

    def celsius(self, key: str) -> float | None:
        """Return the temperature in °C under a key of type float; None if it is not plausible."""
        answer = self._ask(_code(key), _READ_KEY, data_size=4)
        if answer is None:
            return None
        celsius = plausible_celsius(struct.unpack("<f", bytes(answer.data[:4]))[0])
        return celsius if celsius is not None and celsius >= _LOWEST_C else None

    def _ask(self, key: int, command: int, **fields: int) -> _Call | None:
        question, answer = _Call(key=key, command=command, **fields), _Call()
        size = ctypes.c_size_t(ctypes.sizeof(answer))
        status = self._iokit.IOConnectCallStructMethod(
            self._connection,
            _SELECTOR,
            ctypes.byref(question),
            ctypes.sizeof(question),
            ctypes.byref(answer),
            ctypes.byref(size),
        )
        # The driver may accept the call and then report that the key does not exist (132).
        return answer if status == _SUCCESS and answer.result == _SUCCESS else None


class SmcSensor:
    """The hottest of some keys of CPU or GPU; the source names the key, e.g. `smc:TCMz`."""

    interval_s = 0.0

    def __init__(self, client: SmcClient, name: str, keys: Sequence[str]) -> None:
        self.name = name
        self._client = client
        self._keys = keys

    def read(self) -> Reading | None:
        """Return the hottest plausible key, or None if there is none."""
        degrees = {key: celsius for key in self._keys if (celsius := self._client.celsius(key)) is not None}
        if not degrees:
            return None
        hottest = max(degrees, key=lambda key: degrees[key])
        return Reading(f"smc:{hottest}", celsius=degrees[hottest])


def find_smc_sensors(client: SmcClient | None = None) -> list[SmcSensor]:
    """Return a sensor for the CPU and one for the GPU, if the SMC has their keys.

    Args:
        client: by default this machine's own.
    """
    client = client or _own_client()
    if client is None:
        return []
    # Maximum and mean are never mixed: one key is chosen here and kept.
    cpu = [key for key in _CPU_KEYS if client.holds_float(key)][:1]
    gpu = _gpu_keys(client)
    parts = [*((f"smc:{key}", [key]) for key in cpu), ("smc:gpu", gpu)]
    return [SmcSensor(client, name, keys) for name, keys in parts if keys]


@cache
def _gpu_keys(client: SmcClient) -> tuple[str, ...]:
    # Listing all keys is slow, and they do not change.
    return tuple(key for key in client.key_names() if key.startswith(_GPU_PREFIX) and client.holds_float(key))


@cache
def _own_client() -> SmcClient | None:
    # One connection per process: it is a kernel object that is never released.
    try:
        task = ctypes.CDLL(_LIBSYSTEM).mach_task_self
        task.restype = ctypes.c_uint32
        return SmcClient(ctypes.CDLL(_IOKIT), task())
    except (OSError, AttributeError) as error:
        logger.debug("the SMC cannot be read: %s", error)
        return None


def _connect(iokit: Any, task: int) -> int:
    status = None
    for name in _SERVICES:
        # The matching dictionary is released by the second call; 0 is the default main port.
        service = iokit.IOServiceGetMatchingService(0, iokit.IOServiceMatching(name))
        if not service:
            continue
        connection = ctypes.c_uint32(0)
        status = iokit.IOServiceOpen(service, task, 0, ctypes.byref(connection))
        iokit.IOObjectRelease(service)
        if status == _SUCCESS:
            return connection.value
    raise OSError(f"AppleSMC cannot be opened: {'no such service' if status is None else f'status {status}'}")


def _typed(iokit: Any) -> Any:
    port, pointer = ctypes.c_uint32, ctypes.c_void_p
    types = {
        "IOServiceMatching": (pointer, ctypes.c_char_p),
        "IOServiceGetMatchingService": (port, port, pointer),
        "IOServiceOpen": (ctypes.c_int, port, port, ctypes.c_uint32, pointer),
        "IOObjectRelease": (ctypes.c_int, port),
        "IOConnectCallStructMethod": (
            ctypes.c_int, port, ctypes.c_uint32, pointer, ctypes.c_size_t, pointer, pointer,
        ),
    }  # fmt: skip
    for name, (result, *arguments) in types.items():
        function = getattr(iokit, name)
        function.restype, function.argtypes = result, arguments
    return iokit


def _code(key: str) -> int:
    return int.from_bytes(key.encode("latin-1"), "big")
