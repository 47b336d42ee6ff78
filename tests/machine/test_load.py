import subprocess
import sys
import time

from simmer.machine.load import CpuTimes, cpu_times


def test_others_are_what_this_process_did_not_use():
    before = CpuTimes(machine_s=100.0, own_s=10.0, clock_s=0.0)
    assert CpuTimes(machine_s=103.0, own_s=11.0, clock_s=2.0).others_since(before) == 1.0
    assert CpuTimes(machine_s=100.9, own_s=11.0, clock_s=2.0).others_since(before) == 0.0


def test_a_busy_program_is_seen():
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as program:
        try:
            before = cpu_times()
            time.sleep(1.0)
            assert cpu_times().others_since(before) > 0.3
        finally:
            program.kill()
