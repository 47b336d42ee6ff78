"""How many cores other programs keep busy."""

import time
from dataclasses import dataclass

import psutil

_BUSY = ("user", "nice", "system", "irq", "softirq")


@dataclass(frozen=True)
class CpuTimes:
    """Seconds of all cores together, of this process alone, and of the clock."""

    machine_s: float
    own_s: float
    clock_s: float

    def others_since(self, before: "CpuTimes") -> float:
        """Return the mean number of cores that other processes kept busy since an earlier moment."""
        others_s = (self.machine_s - before.machine_s) - (self.own_s - before.own_s)
        return max(0.0, others_s / max(self.clock_s - before.clock_s, 1e-9))


def cpu_times() -> CpuTimes:
    """Return the times until now."""
    machine, own = psutil.cpu_times(), psutil.Process().cpu_times()
    return CpuTimes(
        machine_s=sum(getattr(machine, name, 0.0) for name in _BUSY),
        own_s=own.user + own.system,
        clock_s=time.monotonic(),
    )
