"""Paths of the programs that report temperatures."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Tools:
    """Absolute paths of the programs that may be run; a PATH look-up could run a planted program.

    Attributes:
        macmon: Homebrew's paths on Apple Silicon and on Intel; the first that exists is used.
    """

    sudo: Path = Path("/usr/bin/sudo")
    powermetrics: Path = Path("/usr/bin/powermetrics")
    nvidia_smi: Path = Path("/usr/bin/nvidia-smi")
    macmon: tuple[Path, ...] = (Path("/opt/homebrew/bin/macmon"), Path("/usr/local/bin/macmon"))
