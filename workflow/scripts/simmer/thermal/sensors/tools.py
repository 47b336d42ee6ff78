"""Where the programs lie that tell about heat."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Tools:
    """Absolute paths of the programs that may be run; a look-up in PATH would run a planted one.

    Attributes:
        sudo: runs powermetrics as root, by consent only.
        powermetrics: part of macOS.
        nvidia_smi: part of NVIDIA's driver.
        macmon: where Homebrew puts it on Apple Silicon and on Intel; the first that exists is used.
    """

    sudo: Path = Path("/usr/bin/sudo")
    powermetrics: Path = Path("/usr/bin/powermetrics")
    nvidia_smi: Path = Path("/usr/bin/nvidia-smi")
    macmon: tuple[Path, ...] = (Path("/opt/homebrew/bin/macmon"), Path("/usr/local/bin/macmon"))
