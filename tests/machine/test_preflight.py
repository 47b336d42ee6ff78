import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from simmer.base.checks import CheckStatus, CheckTable
from simmer.base.errors import PreflightError
from simmer.machine import preflight
from simmer.machine.facts import (
    Accelerator,
    DataState,
    cgroup_cpu_quota_cores,
    cgroup_memory,
    find_low_power_mode,
    inspect_data,
    inspect_machine,
)
from simmer.machine.power import PowerCap, find_power_facts
from simmer.machine.preflight import Needs, run_preflight
from simmer.thermal.limits import Limits, Profile
from simmer.thermal.readings import PressureLevel, Reading
from simmer.thermal.sensors import find_sensors
from support.machines import CORETEMP, GIB, HEALTHY

LIMITS = Limits(acceptable_c=70, setpoint_c=82, warning_c=85, critical_c=95, resume_c=78, confirm_readings=3)
NEEDS = Needs(
    scale="20M",
    parameters=20_000_000,
    memory_bytes=8 * GIB,
    memory="full",
    activation_checkpointing=False,
    kernels="simmer",
    kernels_problem=None,
    checkpoint_bytes=GIB,
    checkpoints_kept=2,
    weights_bytes=0,
    slots=1,
    accelerator="auto",
)
READY = DataState(validation_ok=True, dataset_present=True)


def report(
    *,
    needs: Needs = NEEDS,
    data: DataState = READY,
    limits: Limits = LIMITS,
    govern: bool = True,
    require_sensor: bool = False,
    **facts: object,
) -> CheckTable:
    return run_preflight(
        needs,
        replace(HEALTHY, **facts),
        data,
        limits=limits,
        govern=govern,
        require_sensor=require_sensor,
        time="2026-01-02T03:04:05+00:00",
    )


def statuses(found: CheckTable) -> dict[str, str]:
    return {check.id: check.status.value for check in found.checks}


def test_a_healthy_machine_passes_every_check() -> None:
    found = report()
    found_statuses = statuses(found)
    assert found_statuses.pop("power_limit") == "SKIP"
    assert set(found_statuses.values()) == {"OK"}
    assert found.ok
    assert all(check.fix is None for check in found.checks)
    found.raise_if_failed()


@pytest.mark.parametrize(
    ("facts", "check", "status"),
    [
        ({"accelerator": None}, "accelerator", "SKIP"),
        ({"accelerator": Accelerator("cpu")}, "accelerator", "WARN"),
        ({"accelerator": Accelerator("cuda", "H200", problem="out of order")}, "accelerator", "FAIL"),
        ({"accelerator": Accelerator("cuda", "GTX", GIB)}, "accelerator_memory", "FAIL"),
        ({"accelerator": Accelerator("cpu"), "memory_available_bytes": 7 * GIB}, "memory", "FAIL"),
        ({"accelerator": Accelerator("mps"), "memory_available_bytes": 7 * GIB}, "memory", "FAIL"),
        ({"memory_available_bytes": GIB // 2}, "memory", "FAIL"),
        ({"readings": ()}, "temperature_source", "WARN"),
        ({"readings": ()}, "thresholds", "SKIP"),
        ({"readings": (Reading("x", power_w=3.0),)}, "temperature_source", "WARN"),
        ({"readings": (replace(CORETEMP, critical_c=99.0),)}, "thresholds", "WARN"),
        ({"readings": (replace(CORETEMP, critical_c=100.0),)}, "thresholds", "OK"),
        ({"readings": (replace(CORETEMP, celsius=88.0),)}, "thresholds", "WARN"),
        ({"readings": (Reading("hwmon:k10temp:Tctl", celsius=50.0),)}, "thresholds", "WARN"),
        ({"readings": (Reading("notify", level=PressureLevel.NOMINAL),)}, "thresholds", "SKIP"),
        ({"disk_free_bytes": 2 * GIB}, "disk", "FAIL"),
        ({"on_battery": True}, "power", "WARN"),
        ({"on_battery": None, "low_power_mode": None}, "power", "SKIP"),
        ({"cpu_quota_cores": 2.5}, "cpu_quota", "WARN"),
        ({"swap_used_bytes": 3 * GIB}, "swap", "WARN"),
        ({"load_per_core": 0.9}, "load", "WARN"),
        ({"load_per_core": None}, "load", "SKIP"),
    ],
)
def test_each_fault_is_found_and_has_a_fix(facts: dict, check: str, status: str) -> None:
    found = report(**facts)
    row = next(row for row in found.checks if row.id == check)
    assert row.status.value == status
    assert (row.fix is not None) or status in ("OK", "SKIP")
    assert found.ok == ("FAIL" not in statuses(found).values())


def thresholds(reading: Reading, *, profile: str = "default", govern: bool = True) -> tuple[str, str]:
    found = report(readings=(reading,), limits=replace(LIMITS, profile=Profile(profile)), govern=govern)
    row = next(row for row in found.checks if row.id == "thresholds")
    return row.status.value, row.fix or ""


def test_the_gpu_profile_is_advised_for_a_gpu_with_its_own_slowdown() -> None:
    board = Reading("nvml:gpu0", celsius=50.0, critical_c=89.0, margin_c=39.0)
    status, fix = thresholds(board)
    assert status == "WARN"
    assert "set thermal.profile to gpu, or thermal.critical_c to 84 or less" in fix
    assert thresholds(board, profile="gpu") == ("OK", "")
    status, fix = thresholds(replace(board, margin_c=5.0), profile="gpu")
    assert status == "WARN"
    assert "already 50 °C" in fix


def test_the_apple_silicon_profile_is_advised_for_a_mac() -> None:
    die = Reading("smc:TCMz", celsius=60.0)
    status, fix = thresholds(die)
    assert status == "WARN"
    assert "set thermal.profile to apple-silicon" in fix
    assert thresholds(die, profile="apple-silicon")[0] == "WARN", "without any level degrees are judged"
    found = report(
        readings=(die, Reading("notify", level=PressureLevel.HEAVY)),
        limits=replace(LIMITS, profile=Profile.APPLE_SILICON),
    )
    rows = [(row.source, row.status.value, row.measured) for row in found.checks if row.id == "thresholds"]
    assert rows == [("smc:TCMz", "OK", "degrees"), ("notify", "WARN", "heavy")]


def test_hardware_that_runs_hot_by_design_is_named_with_the_consequence() -> None:
    ryzen = Reading("hwmon:k10temp:Tctl", celsius=50.0)
    assert "held below it at the cost of speed" in thresholds(ryzen)[1]
    assert "stopped by the guard although healthy" in thresholds(ryzen, govern=False)[1]
    laptop = Reading("hwmon:coretemp:Package id 0", celsius=50.0, critical_c=100.0)
    assert thresholds(laptop)[0] == "OK"
    assert "set it to true" in thresholds(laptop, govern=False)[1]


def advice(check: str, **power: object) -> tuple[str, str]:
    found = report(power=replace(HEALTHY.power, **power))
    row = next(row for row in found.checks if row.id == check)
    return row.status.value, row.fix or ""


def test_a_power_limit_is_advised_with_its_exact_command() -> None:
    cap = PowerCap(450.0, "nvml:gpu0", "sudo nvidia-smi -pl 360")
    status, fix = advice("power_limit", cap=cap)
    assert status == "OK"
    assert fix.endswith("sudo nvidia-smi -pl 360")
    assert advice("power_limit", system="darwin")[1].endswith("sudo pmset -a lowpowermode 1")


def test_a_command_that_keeps_a_laptop_awake_is_advised() -> None:
    status, fix = advice("sleep", kept_awake=False, sleep_guard="caffeinate -is")
    assert status == "WARN"
    assert fix.endswith("caffeinate -is <the same command>")
    assert advice("sleep", sleep_guard=None) == ("SKIP", "")


def test_background_priority_is_a_warning() -> None:
    assert advice("background", nice=10)[0] == "WARN"
    assert "taskpolicy -B -p" in advice("background", system="darwin")[1]


def test_power_caps_are_found_on_boards_and_in_powercap(tmp_path: Path) -> None:
    board = Reading("nvml:gpu0", celsius=50.0, power_limit_w=450.0)
    assert find_power_facts((board,), tmp_path, system="linux").cap == PowerCap(
        450.0, "nvml:gpu0", "sudo nvidia-smi -pl 360"
    )
    limit = tmp_path / "class/powercap/intel-rapl:0/constraint_0_power_limit_uw"
    limit.parent.mkdir(parents=True)
    limit.write_text("45000000\n")
    found = find_power_facts((), tmp_path, system="linux")
    assert found.cap == PowerCap(45.0, "intel-rapl", f"echo 36000000 | sudo tee {limit}")
    assert limit.read_text() == "45000000\n", "the limit is never changed"
    assert found.nice is not None
    limit.write_text("text")
    assert find_power_facts((), tmp_path, system="linux").cap is None


def test_a_missing_sensor_fails_only_where_one_is_required() -> None:
    assert statuses(report(readings=(), require_sensor=True))["temperature_source"] == "FAIL"
    assert report(readings=()).ok


def test_an_accelerator_asked_for_by_name_must_be_there() -> None:
    asked = replace(NEEDS, accelerator="mps")
    assert statuses(report(needs=asked))["accelerator"] == "FAIL"
    assert statuses(report(needs=replace(NEEDS, accelerator="cuda")))["accelerator"] == "OK"


def test_no_warning_for_a_cpu_that_is_configured_by_name() -> None:
    asked = replace(NEEDS, accelerator="cpu")
    found = report(needs=asked, memory_available_bytes=7 * GIB)
    assert statuses(found)["accelerator"] == "OK"
    assert statuses(found)["memory"] == "FAIL"
    assert "accelerator_memory" not in statuses(found)


@pytest.mark.parametrize(
    ("data", "check", "measured"),
    [
        (DataState(False, True), "data_validation", "errors"),
        (DataState(None, True), "data_validation", "absent"),
        (DataState(True, False), "dataset", "absent"),
    ],
)
def test_data_must_be_valid_and_built(data: DataState, check: str, measured: str) -> None:
    row = next(row for row in report(data=data).checks if row.id == check)
    assert (row.status, row.measured) == (CheckStatus.FAIL, measured)


def test_all_failures_are_listed_at_once() -> None:
    found = report(disk_free_bytes=0, memory_available_bytes=0, data=DataState(None, False))
    with pytest.raises(PreflightError) as raised:
        found.raise_if_failed()
    for name in ("disk", "memory", "data_validation", "dataset"):
        assert f"  {name}: " in str(raised.value)


def test_the_check_table_survives_a_json_round_trip() -> None:
    value = report(disk_free_bytes=0).as_json()
    assert json.loads(json.dumps(value, allow_nan=False))["ok"] is False
    assert (value["scale"], value["host"], value["time"]) == ("20M", "lab", "2026-01-02T03:04:05+00:00")
    row = next(row for row in value["checks"] if row["id"] == "disk")
    assert set(row) == {"id", "verdict", "measured", "needed", "unit", "source", "fix"}
    assert (row["verdict"], row["measured"], row["needed"], row["unit"]) == ("FAIL", 0.0, 3.0, "GiB")


def test_the_table_is_aligned_and_carries_the_fixes() -> None:
    text = report(disk_free_bytes=0).as_text()
    rows = [line for line in text.splitlines()[1:-1] if "->" not in line]
    column = rows[0].index("status")
    assert {row[column - 1] for row in rows} == {" "}
    assert {row[column:].split()[0] for row in rows[1:]} == {"OK", "FAIL", "SKIP"}
    assert text.count("    -> ") == 1
    assert text.endswith(" 1 FAIL, 1 SKIP: not in order\n")


def cgroup(tmp_path: Path, membership: str, files: dict[str, str]) -> tuple[Path, Path]:
    sysfs, proc = tmp_path / "sys", tmp_path / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "self/cgroup").write_text(membership)
    for name, content in files.items():
        path = sysfs / "fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return sysfs, proc


def test_the_tightest_limit_of_all_ancestors_counts(tmp_path: Path) -> None:
    sysfs, proc = cgroup(
        tmp_path,
        "0::/a/b\n",
        {
            "a/memory.max": "4000\n",
            "a/memory.current": "3000\n",
            "a/memory.stat": "anon 2500\ninactive_file 400\n",
            "a/cpu.max": "150000 100000\n",
            "a/b/memory.max": "max\n",
            "a/b/memory.current": "100\n",
            "a/b/cpu.max": "max 100000\n",
            "cpu.max": "400000 100000\n",
        },
    )
    assert min(left for _, left in cgroup_memory(sysfs, proc)) == 1400
    assert cgroup_cpu_quota_cores(sysfs, proc) == 1.5


def test_the_cgroup_v1_layout_is_read_too(tmp_path: Path) -> None:
    sysfs, proc = cgroup(
        tmp_path,
        "4:memory:/job\n1:cpu,cpuacct:/job\n0::/\n",
        {
            "memory/memory.limit_in_bytes": "9223372036854771712\n",
            "memory/memory.usage_in_bytes": "1\n",
            "memory/job/memory.limit_in_bytes": "5000\n",
            "memory/job/memory.usage_in_bytes": "1000\n",
            "cpu/cpu.cfs_quota_us": "-1\n",
            "cpu/cpu.cfs_period_us": "100000\n",
            "cpu/job/cpu.cfs_quota_us": "200000\n",
            "cpu/job/cpu.cfs_period_us": "100000\n",
        },
    )
    assert cgroup_memory(sysfs, proc) == [(5000, 4000)]
    assert cgroup_cpu_quota_cores(sysfs, proc) == 2.0


def test_the_cgroup_v1_value_for_no_limit_is_no_limit(tmp_path: Path) -> None:
    sysfs, proc = cgroup(
        tmp_path,
        "4:memory:/\n",
        {"memory/memory.limit_in_bytes": "9223372036854771712\n", "memory/memory.usage_in_bytes": "1\n"},
    )
    assert cgroup_memory(sysfs, proc) == []


def test_a_container_whose_path_is_not_mounted_uses_the_root(tmp_path: Path) -> None:
    sysfs, proc = cgroup(
        tmp_path,
        "0::/../host/slice\n",
        {"memory.max": "700\n", "memory.current": "200\n", "cpu.max": "50000 100000\n"},
    )
    assert cgroup_memory(sysfs, proc) == [(700, 500)]
    assert cgroup_cpu_quota_cores(sysfs, proc) == 0.5


@pytest.mark.parametrize(
    ("memory", "status"), [("full", "OK"), ("kahan", "OK"), ("stochastic", "OK"), ("lean", "WARN")]
)
def test_the_memory_recipe_is_shown_and_another_optimizer_is_a_warning(memory: str, status: str) -> None:
    found = report(needs=replace(NEEDS, memory=memory, activation_checkpointing=True))
    check = next(check for check in found.checks if check.id == "memory_recipe")
    assert check.status.value == status
    assert check.measured == f"{memory}, activations computed twice"
    assert ("Adafactor" in (check.fix or "")) is (memory == "lean")


def test_no_cgroup_no_limit(tmp_path: Path) -> None:
    assert cgroup_memory(tmp_path, tmp_path) == []
    assert cgroup_cpu_quota_cores(tmp_path, tmp_path) is None


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS is asked through pmset")
def test_low_power_mode_of_linux_comes_from_the_platform_profile(tmp_path: Path) -> None:
    assert find_low_power_mode(tmp_path) is None
    profile = tmp_path / "firmware/acpi/platform_profile"
    profile.parent.mkdir(parents=True)
    for word, expected in (("low-power\n", True), ("balanced\n", False)):
        profile.write_text(word)
        assert find_low_power_mode(tmp_path) is expected


@pytest.mark.parametrize(
    ("validation", "dataset", "expected"),
    [
        ('{"ok": true}', "{}", DataState(True, True)),
        ('{"ok": false}', None, DataState(False, False)),
        ('{"ok": "yes"}', "half a fi", DataState(None, False)),
        (None, "[]", DataState(None, False)),
    ],
)
def test_the_results_of_the_data_steps_are_read(
    validation: str | None, dataset: str | None, expected: DataState, tmp_path: Path
) -> None:
    paths = tmp_path / "data_validation.json", tmp_path / "dataset.json"
    for path, content in zip(paths, (validation, dataset), strict=True):
        if content is not None:
            path.write_text(content)
    assert inspect_data(*paths) == expected


def test_this_machine_is_inspected(tmp_path: Path) -> None:
    folder = tmp_path / "class/hwmon/hwmon0"
    folder.mkdir(parents=True)
    for name, content in {"name": "coretemp", "temp1_label": "Package id 0", "temp1_input": "61000"}.items():
        (folder / name).write_text(f"{content}\n")
    machine = inspect_machine(
        tmp_path / "not/yet/there", tmp_path, sensors=find_sensors(tmp_path, environment={})
    )
    if sys.platform == "linux":
        assert [reading.celsius for reading in machine.readings if "coretemp" in reading.source] == [61.0]
    assert machine.cores >= 1
    assert machine.memory_available_bytes > 0
    assert machine.disk_free_bytes > 0


def test_preflight_is_importable_without_torch() -> None:
    program = "import sys; sys.modules['torch'] = None; import simmer.machine.preflight; "
    program += "import simmer.machine.facts as m; "
    program += "print(m.find_accelerator())"
    library = Path(preflight.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(library)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "None"


def test_the_disk_must_hold_the_weights_that_are_kept_too():
    needs = replace(NEEDS, weights_bytes=10 * GIB)
    disk = [check for check in report(needs=needs, disk_free_bytes=12 * GIB).checks if check.id == "disk"]
    assert (disk[0].status, disk[0].needed) == (CheckStatus.FAIL, 13)
    assert statuses(report(needs=needs, disk_free_bytes=13 * GIB))["disk"] == "OK"


def test_kernels_that_cannot_be_used_are_a_warning_with_the_reason():
    found = report(needs=replace(NEEDS, kernels="torch", kernels_problem="found no C++ compiler"))
    row = next(check for check in found.checks if check.id == "kernels")
    assert (row.status, row.measured) == (CheckStatus.WARN, "torch")
    assert row.fix.endswith("found no C++ compiler")
