"""The processor of this machine: what compiled code and measured speeds depend on."""

import platform
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
_TELLING = ("model name", "flags", "Features", "CPU implementer", "CPU part")


def processor_name(path: Path = CPUINFO) -> str:
    """Return the name of the processor as its maker writes it, else that of its instruction set."""
    names = {value for name, value in _lines(path) if name == "model name"}
    return min(names, default=platform.processor() or platform.machine())


def processor_features(path: Path = CPUINFO) -> bytes:
    """Return what differs between processors that do not run the same compiled code."""
    lines = sorted({f"{name}: {value}" for name, value in _lines(path) if name in _TELLING})
    return "\n".join(lines or [platform.machine(), platform.processor()]).encode()


def _lines(path: Path) -> list[tuple[str, str]]:
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return []
    parts = (line.partition(":") for line in text.splitlines())
    return [(name.strip(), value.strip()) for name, _, value in parts]
