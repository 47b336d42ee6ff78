"""The layout of a run is measured once for its kind, and recorded in the study."""

import itertools
from dataclasses import asdict, replace

import pytest

from simmer.base.errors import Interrupted
from simmer.ledger.layouts import LAYOUTS, read_layouts
from simmer.ledger.params import TrialParams
from simmer.machine.facts import usable_cores
from simmer.machine.load import CpuTimes
from simmer.runs.layout import with_layout
from simmer.training.layouts import Layout, layouts
from support.configs import default_config
from support.runs import EXECUTION, FakeGuard, training_run

TWO_CORES = replace(EXECUTION, threads=2)


def choose(plan, ledger, guard, *, others=0.0):
    """Choose a layout while other programs keep so many cores busy."""
    now_s = itertools.count()
    times = (CpuTimes(machine_s=(1 + others) * s, own_s=s, clock_s=s) for s in now_s)
    return with_layout(plan, ledger, guard, times=lambda: next(times))


@pytest.fixture
def ledger(tmp_path):
    return default_config().study("2M", 1).ledger(tmp_path / "ledger", features_sha256="0" * 64)


@pytest.fixture
def plan(tmp_path):
    return training_run(tmp_path / "run", execution=TWO_CORES).plan


def test_what_was_measured_is_recorded_and_used_again(ledger, plan):
    first = choose(plan, ledger, FakeGuard())
    (found,) = read_layouts(ledger.home).measured
    assert Layout(kernels=first.kernels, replicas=first.replicas, threads=first.threads) in layouts(TWO_CORES)
    assert [(one.kernels, one.threads) for one in found.measured] == [("torch", 1), ("torch", 2)]
    later = FakeGuard()
    assert choose(plan, ledger, later) == first
    assert later.steps == 0


def test_another_kind_of_trial_is_measured_for_itself(ledger, plan):
    choose(plan, ledger, FakeGuard())
    guard = FakeGuard()
    choose(replace(plan, recipe=replace(plan.recipe, batch_size=8)), ledger, guard)
    assert guard.steps > 0
    assert [found.trials["batch_size"] for found in read_layouts(ledger.home).measured] == [16, 8]


def test_what_was_measured_beside_other_programs_is_measured_again_by_the_next_trial(ledger, plan):
    spare = usable_cores() - plan.execution.threads
    choose(plan, ledger, FakeGuard(), others=max(0, spare) + 0.5)
    assert [found.quiet for found in read_layouts(ledger.home).measured] == [False]
    again = FakeGuard()
    choose(plan, ledger, again, others=max(0, spare))
    assert again.steps > 0
    assert [found.quiet for found in read_layouts(ledger.home).measured] == [True]


def test_an_interrupted_measurement_records_nothing(ledger, plan):
    with pytest.raises(Interrupted, match="stopped before training: stopped by the test"):
        choose(plan, ledger, FakeGuard(stop_after=3))
    assert not read_layouts(ledger.home).measured


def test_a_study_of_an_older_version_keeps_its_operators(ledger, plan):
    old = {name: value for name, value in asdict(EXECUTION).items() if name not in ("kernels", "replicas")}
    params = TrialParams(hyperparameters={}, execution=old, origin="default", repeats=None, seen_trials=0)
    ledger.trial(0).write_params(params)
    guard = FakeGuard()
    assert choose(plan, ledger, guard) == replace(TWO_CORES, kernels="torch", replicas=1)
    assert guard.steps == 0


def test_on_one_core_without_kernels_nothing_is_measured(ledger, plan):
    guard = FakeGuard()
    assert choose(replace(plan, execution=EXECUTION), ledger, guard) == EXECUTION
    assert (guard.steps, ledger.home.exists()) == (0, False)


def test_a_damaged_record_is_read_from_its_copy_and_else_measured_again(ledger, plan):
    choose(plan, ledger, FakeGuard())
    (ledger.home / LAYOUTS).write_text("{")
    guard = FakeGuard()
    choose(plan, ledger, guard)
    assert guard.steps == 0
    (ledger.home / "layouts.copy.json").write_text("{")
    choose(plan, ledger, guard)
    assert guard.steps > 0
