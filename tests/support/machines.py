"""A healthy machine; tests change single facts of it."""

from simmer.machine.facts import Accelerator, Machine
from simmer.machine.power import PowerFacts
from simmer.thermal.readings import Reading

GIB = 1 << 30
BOARD = Accelerator("cuda", "H200", 100 * GIB)
CORETEMP = Reading("hwmon:coretemp:Package id 0", celsius=50.0, critical_c=105.0)
HEALTHY = Machine(
    host="lab",
    accelerator=BOARD,
    readings=(CORETEMP,),
    cores=8,
    cpu_quota_cores=None,
    memory_available_bytes=64 * GIB,
    memory_total_bytes=64 * GIB,
    swap_used_bytes=0,
    disk_free_bytes=500 * GIB,
    load_per_core=0.1,
    on_battery=False,
    battery_percent=90.0,
    low_power_mode=False,
    power=PowerFacts(system="linux", cap=None, sleep_guard="systemd-inhibit", kept_awake=True, nice=0),
)
