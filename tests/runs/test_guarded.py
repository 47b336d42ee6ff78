from dataclasses import replace

import pytest

from simmer.base.errors import ConfigError
from simmer.ledger.params import TrialParams
from simmer.runs.fit_machine import fit_to_machine
from simmer.runs.guarded import as_begun, recorded_execution
from support.configs import default_config
from support.machines import GIB, HEALTHY
from support.runs import EXECUTION

CONFIG = default_config()
STUDY = CONFIG.study("2B", 1)


def ledger(folder):
    return STUDY.ledger(folder, features_sha256="0" * 64)


def begin(study, **execution):
    chosen = vars(replace(EXECUTION, **execution))
    params = TrialParams(hyperparameters={}, execution=chosen, origin="default", repeats=None, seen_trials=0)
    study.trial(0).write_params(params)


def fit(study, *, total_gib, slots=1):
    machine = replace(HEALTHY, accelerator=None, memory_total_bytes=total_gib * GIB)
    return fit_to_machine(study, replace(CONFIG.execution, device="cpu"), machine, slots=slots)


def test_a_study_that_has_not_begun_keeps_auto(tmp_path):
    study = ledger(tmp_path)
    assert recorded_execution(study.trial(0)) is None
    assert as_begun(STUDY, study) == STUDY


def test_all_trials_keep_the_precision_and_the_memory_recipe_of_the_first(tmp_path):
    study = ledger(tmp_path)
    begin(study, precision="bf16", memory="stochastic", threads=7)
    later = fit(as_begun(STUDY, study), total_gib=500)
    assert (later.precision, later.memory) == ("bf16", "stochastic")
    assert later.threads != 7, "threads are chosen per machine"


def test_on_a_smaller_machine_the_recipe_stays_and_activations_are_computed_twice(tmp_path):
    study = ledger(tmp_path)
    begin(study, precision="bf16", memory="full")
    later = fit(as_begun(STUDY, study), total_gib=48)
    assert (later.memory, later.activation_checkpointing) == ("full", True)


def test_configured_values_are_not_replaced_by_those_of_a_trial(tmp_path):
    config = default_config({"training": {"memory": "lean"}})
    study = config.study("2B", 1)
    ledger = study.ledger(tmp_path, features_sha256="0" * 64)
    begin(ledger, precision="bf16", memory="kahan")
    assert as_begun(study, ledger).memory == "lean"


@pytest.mark.parametrize(("slots", "memory"), [(1, "full"), (8, "kahan"), (10, "stochastic")])
def test_trials_side_by_side_share_the_memory(tmp_path, slots, memory):
    assert fit(CONFIG.study("2B", 1), total_gib=256, slots=slots).memory == memory


def fit_kernels(kernels, *, total_gib=64, scale="20M", memory="auto"):
    config = default_config({"training": {"memory": memory}})
    machine = replace(HEALTHY, accelerator=None, memory_total_bytes=total_gib * GIB)
    settings = replace(config.execution, device="cpu", kernels=kernels, threads=4)
    return fit_to_machine(config.study(scale, 1), settings, machine, slots=1)


def test_as_many_replicas_as_cores_are_possible_where_memory_allows(monkeypatch):
    monkeypatch.setattr("simmer.runs.fit_machine.kernels_are_loaded", lambda: True)
    assert fit_kernels("auto").replicas == 4
    assert fit_kernels("torch").replicas == 1
    assert fit_kernels("auto", scale="200M", total_gib=8).replicas < 4
    assert fit_kernels("auto", memory="stochastic").replicas == 1, "weights change inside its backward pass"


def test_kernels_that_were_asked_for_and_cannot_be_used_stop_the_run(monkeypatch):
    monkeypatch.setattr("simmer.runs.fit_machine.kernels_are_loaded", lambda: False)
    assert fit_kernels("auto").kernels == "torch"
    with pytest.raises(ConfigError, match=r"training\.kernels: found simmer, .* install a C\+\+ compiler"):
        fit_kernels("simmer")
