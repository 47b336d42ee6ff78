"""Hardware in the loop: the CPU time of a real trainer heats a simulated machine.

The simulated `/sys/class/hwmon` is mounted at the real path in a private mount namespace; if namespaces are
forbidden, the tests use `thermal.sysfs_root`.
"""

import re
import statistics
from pathlib import Path

import pytest

from support.campaign import without_machine
from support.closed_loop import SPIKE_C, TARGET, epochs_for, overlay, plant, run_until_critical
from support.hot_machine import HotMachine
from support.namespaces import private_mounts, why_no_namespaces

pytestmark = pytest.mark.long

FORBIDDEN = why_no_namespaces()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("namespace", marks=pytest.mark.skipif(FORBIDDEN is not None, reason=str(FORBIDDEN))),
        pytest.param(
            "sysfs_root",
            marks=pytest.mark.skipif(FORBIDDEN is None, reason="the real path is used in a namespace"),
        ),
    ],
)
def place(request):
    """Return a function from a campaign to the value of `sysfs_root` and the prefix of the command."""
    if request.param == "sysfs_root":
        return lambda campaign: ("sysfs", [])
    return lambda campaign: (
        "/sys",
        private_mounts(f"mount --bind '{campaign.folder}/sysfs/class' /sys/class"),
    )


@pytest.fixture(scope="module")
def epochs(finished):
    """Number of epochs for which a trainer is busy during the scenario on this machine."""
    *_, last = finished.events(0, "epoch")
    return epochs_for(last["train_s"] / last["epoch"])


@pytest.fixture(scope="module")
def new(prepared, tmp_path_factory, epochs, place):
    """Return a function that copies the prepared campaign and configures it for heat; ends all processes."""
    made = []

    def create(name, **options):
        campaign = prepared.copy_to(tmp_path_factory.mktemp(name) / "campaign")
        sysfs_root, prefix = place(campaign)
        campaign.configure(overlay(epochs, sysfs_root=sysfs_root, **options))
        made.append(campaign)
        return campaign, prefix

    yield create
    for campaign in made:
        campaign.kill_everything()


@pytest.fixture(scope="module")
def governed(new):
    """The scenario up to its abort (`.ended`), then the same command again (`.resumed`)."""
    campaign, prefix = new("governed")
    ended = run_until_critical(campaign, prefix)
    campaign.ended, campaign.aborted_at_step = ended, campaign.checkpoint_step(0)
    with HotMachine(campaign, plant(worked_s=0)):
        campaign.resumed = campaign.start(TARGET, prefix=prefix)
        campaign.resumed.wait()
    return campaign


def test_the_setpoint_is_held(governed):
    ended = governed.ended
    calm = ended.between(ended.settled_from_s, ended.blocked_at_s)
    assert statistics.mean(point.hot_spot_c for point in calm) == pytest.approx(82, abs=2)
    assert statistics.median(point.sensor_c for point in calm) == pytest.approx(82, abs=2)
    busy = statistics.mean(point.busy_share for point in calm)
    assert 0.3 < busy < 0.95, "the trainer is not slowed, or slowed too much"


def test_critical_is_never_reached(governed):
    ended = governed.ended
    assert max(point.hot_spot_c for point in ended.between(0, ended.spiked_at_s)) < 95


def test_the_setpoint_is_held_again_after_the_fan_is_blocked(governed):
    ended = governed.ended
    calm = ended.between(ended.settled_again_from_s, ended.spiked_at_s)
    assert statistics.mean(point.hot_spot_c for point in calm) == pytest.approx(82, abs=2)
    before = ended.between(ended.settled_from_s, ended.blocked_at_s)
    less = statistics.mean(point.busy_share for point in calm)
    assert less < 0.9 * statistics.mean(point.busy_share for point in before)


def test_the_log_holds_throttling_and_abort(governed):
    actions = [event["action"] for event in governed.events(0, "thermal_event")]
    assert actions.index("throttle") < actions.index("abort") == actions.index("stopped") - 1
    assert actions.count("abort") == 1
    samples = governed.events(0, "hardware_sample")
    assert min(sample["duty"] for sample in samples) < 0.9
    assert {sample["source"] for sample in samples} == {"hwmon:k10temp:Tdie"}


def test_a_critical_reading_ends_with_exit_status_75(governed):
    run = governed.ended.run
    assert run.status != 0
    assert "exit status 75" in run.text
    assert f"thermal abort: {SPIKE_C}.0 °C" in run.text
    assert "Traceback" not in run.text


def test_the_same_command_resumes_at_the_step_of_the_abort_and_completes(governed):
    assert governed.resumed.status == 0, governed.resumed.text
    stopped = re.search(r"stopped after a checkpoint at epoch (\d+), step (\d+)", governed.ended.run.text)
    resumed = re.search(r"resuming at epoch (\d+), step (\d+)", governed.resumed.text)
    assert stopped.groups() == resumed.groups(), "steps were lost"
    assert governed.aborted_at_step > 0
    epochs = [event["epoch"] for event in governed.events(0, "epoch")]
    assert epochs == list(range(1, len(epochs) + 1)), "an epoch was repeated or skipped"


def test_weights_are_bit_identical_to_an_unguarded_run(governed, new):
    free, _ = new("free")
    free.configure({"thermal": {"sysfs_root": "nowhere"}})
    free.run(TARGET).succeeded()
    guard = free.result(0)["machine"]["guard"]
    assert (guard["slept_s"], guard["max_temperature_c"]) == (0.0, None)
    assert governed.result(0)["machine"]["guard"]["slept_s"] > 3.0
    assert without_machine(governed.result(0)) == without_machine(free.result(0))


def test_without_the_governor_the_same_machine_overheats(new):
    campaign, prefix = new("ungoverned", govern=False)
    with HotMachine(campaign, plant()) as machine:
        run = campaign.start(TARGET, prefix=prefix)
        run.wait()
    assert run.status != 0
    assert "thermal abort" in run.text
    assert max(point.sensor_c for point in machine.trace) >= 95


@pytest.mark.skipif(not Path("/proc/self/mounts").exists(), reason="only Linux lists its mounts there")
def test_mounts_are_private_to_the_trainers(governed):
    assert str(governed.folder) not in Path("/proc/self/mounts").read_text()
