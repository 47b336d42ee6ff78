"""A trial on real bars uses the hyperparameters it chose and records what it used."""

from dataclasses import asdict, replace

import pytest
import torch

from simmer.base.errors import Interrupted, LedgerError
from simmer.data.tables import content_sha256
from simmer.ledger.layouts import read_layouts
from simmer.ledger.params import Transferred, TransferredTrials
from simmer.ledger.preparation import prepare
from simmer.model.patchtst import PatchTST
from simmer.runs.layout import with_layout
from simmer.runs.outcome import finished_trial, outcome_fields, seen_curves, without_outcome
from simmer.runs.run import Run
from simmer.runs.trial import Trial
from simmer.search.space import KEYS
from simmer.training.kernels import kernels_are_loaded
from simmer.training.plan import Outcome
from simmer.training.settings import Execution
from support.configs import default_config, raw_config
from support.results import epoch
from support.runs import FakeGuard

OVERLAY = {
    "scales": {"debug": {"epochs_max": 1, "budget_parameters": 20000}},
    "dataset": {"split": {"train_fraction": 0.2, "validation_fraction": 0.2}},
}
CONFIG = default_config(OVERLAY)
CONFIG_RAW = raw_config(OVERLAY)


def trial(folder, table, *, number=0, study=None, config=CONFIG):
    study = study or config.study("debug", 1)
    ledger = study.ledger(folder, features_sha256=content_sha256(table))
    return Run(
        campaign="test",
        purpose=Trial(study=study, ledger=ledger, number=number),
        dataset=config.dataset.build(table, 1),
        execution=Execution(device="cpu", precision="fp32", threads=1),
        checkpoint_interval_s=1e9,
    )


def run(folder, table, **options):
    one = trial(folder, table, **options)
    one.compute(FakeGuard())
    return one.files.result()


def test_the_result_records_what_was_used(tmp_path, table):
    result = run(tmp_path, table)
    study = CONFIG.study("debug", 1)
    assert result.state == "complete"
    assert result.hyperparameters == asdict(study.default)
    assert result.shape == {key: value for key, value in asdict(study.shape(study.default)).items() if value}
    with torch.device("meta"):
        built = PatchTST(study.shape(study.default), dropout=0.0, window_norm=False)
    assert result.parameters == sum(parameter.numel() for parameter in built.parameters())
    assert result.best == result.curve[result.best_epoch - 1]
    assert result.validation_log_loss == result.best.validation.log_loss
    assert result.as_json()["dataset"].keys() == {"train", "validation"}


OTHER_VALUES = {
    "depth": 3,
    "head_width": 16,
    "ff_ratio": 1.0,
    "learning_rate": 3e-4,
    "weight_decay": 0.5,
    "warmup_fraction": 0.3,
    "dropout": 0.5,
    "batch_size": 128,
    "label_smoothing": 0.1,
    "focal_gamma": 1.0,
    "input_form": "window_norm",
    "average_epochs": 2.0,
}


@pytest.mark.parametrize("key", KEYS)
def test_every_searched_key_changes_the_run(tmp_path, table, key):
    base = CONFIG.study("debug", 1)
    changed = replace(base, default=replace(base.default, **{key: OTHER_VALUES[key]}))
    first = run(tmp_path, table, study=base)
    second = run(tmp_path, table, study=changed)
    assert second.hyperparameters[key] == OTHER_VALUES[key]
    assert first.curve != second.curve
    assert first.fingerprint != second.fingerprint


def test_trials_of_a_study_use_different_seeds(tmp_path, table):
    study = CONFIG.study("debug", 1)
    frozen = replace(study, default=replace(study.default, depth=1))
    first, second = (run(tmp_path, table, study=frozen, number=number) for number in (0, 1))
    assert first.weights_sha256 != second.weights_sha256


def test_an_interrupted_trial_keeps_its_choice_and_its_execution(tmp_path, table):
    first = trial(tmp_path, table)
    with pytest.raises(Interrupted):
        first.compute(FakeGuard(stop_after=2))
    assert first.files.result() is None
    later = replace(first, execution=Execution(device="cpu", precision="fp32", threads=2))
    later.compute(FakeGuard())
    result = later.files.result()
    assert result.machine.threads == 1
    assert result.machine.starts == 2
    assert result.weights_sha256 == run(tmp_path / "unbroken", table).weights_sha256


def test_a_trial_on_two_cores_resumes_with_the_layout_it_measured(tmp_path, table):
    two_cores = Execution(device="cpu", precision="fp32", threads=2)
    one = replace(trial(tmp_path, table), execution=two_cores)
    measured = FakeGuard()
    with_layout(one._fitting(one.purpose.begin(asdict(two_cores))).plan(), one.purpose.ledger, measured)
    with pytest.raises(Interrupted):
        one.compute(FakeGuard(stop_after=2))
    one.compute(FakeGuard())
    result = one.files.result()
    (found,) = read_layouts(one.purpose.ledger.home).measured
    assert (result.machine.kernels, result.machine.replicas) == ("torch", 1)
    assert result.machine.threads == found.chosen.threads
    assert measured.steps > 0


@pytest.mark.skipif(not kernels_are_loaded(), reason="no C++ compiler")
def test_a_trial_begun_with_kernels_goes_on_without_them_and_says_so(tmp_path, table, monkeypatch, caplog):
    with_kernels = Execution(device="cpu", precision="fp32", threads=1, kernels="simmer")
    one = replace(trial(tmp_path, table), execution=with_kernels, kernels="simmer")
    with pytest.raises(Interrupted):
        one.compute(FakeGuard(stop_after=2))
    for place in ("simmer.runs.fitting", "simmer.training.state"):
        monkeypatch.setattr(f"{place}.kernels_are_loaded", lambda: False)
    one.compute(FakeGuard())
    assert "goes on with torch's operators, whose last digits differ" in caplog.text
    assert one.files.result().machine.kernels == "simmer"
    assert one.files.result().loss == pytest.approx(run(tmp_path / "unbroken", table).loss, rel=1e-3)


def test_a_published_trial_leaves_no_checkpoint(tmp_path, table):
    one = trial(tmp_path, table)
    with pytest.raises(Interrupted):
        one.compute(FakeGuard(stop_after=2))
    assert list(one.files.folder.glob("*.safetensors"))
    one.compute(FakeGuard())
    one.files.publish(result=tmp_path / "trial.json", log=tmp_path / "trial.jsonl")
    assert not list(one.files.folder.glob("*checkpoint*"))


def test_a_diverged_trial_is_a_result(tmp_path, table):
    config = default_config(OVERLAY, {"training": {"divergence_factor": 1.0001}})
    study = config.study("debug", 1)
    hot = replace(study, default=replace(study.default, learning_rate=3e-3, warmup_fraction=0.0))
    hot = replace(hot, training=replace(hot.training, gradient_clip_norm=1e9))
    one = trial(tmp_path, table, study=replace(hot, default=replace(hot.default, learning_rate=50.0)))
    one.compute(FakeGuard())
    result = one.files.result()
    assert result.state == "diverged"
    assert "limit" in result.reason
    assert result.validation_log_loss is None


def test_out_of_memory_recomputes_activations_then_halves_the_micro_batch(tmp_path, table):
    one = trial(tmp_path, table)
    with room_for(windows=16):
        one.compute(FakeGuard())
    result = one.files.result()
    assert result.state == "complete"
    assert result.hyperparameters["batch_size"] == 64
    assert result.machine.activation_checkpointing
    assert result.machine.micro_batch == 16
    eased = [event["micro_batch"] for event in one.files.events() if event["event"] == "out_of_memory"]
    assert eased == [64, 64, 32]


def test_recomputing_activations_alone_may_be_enough(tmp_path, table):
    with room_for(windows=63, recomputing=64):
        result = run(tmp_path, table)
    assert result.machine.activation_checkpointing
    assert result.machine.micro_batch == 64
    assert result.weights_sha256 == run(tmp_path / "with_room", table).weights_sha256


def test_a_trial_that_never_fits_is_a_result(tmp_path, table):
    with room_for(windows=0):
        result = run(tmp_path, table)
    assert result.state == "out_of_memory"
    assert "a micro-batch of one window" in result.reason


class room_for:
    """A machine whose allocator fails like torch's if a micro-batch has too many windows."""

    def __init__(self, *, windows, recomputing=None):
        self.windows, self.recomputing = windows, recomputing or windows

    def __enter__(self):
        def refuse(module, inputs):
            if not isinstance(module, PatchTST) or not module.training:
                return
            room = self.recomputing if module.activation_checkpointing else self.windows
            if len(inputs[0]) > room:
                raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")

        self.hook = torch.nn.modules.module.register_module_forward_pre_hook(refuse)

    def __exit__(self, *error):
        self.hook.remove()


STRICT = {"search": {"halving": {"rung_fractions": [0.5], "eta": 9, "min_completed_trials": 1}}}


def test_a_pruned_trial_keeps_its_curve_and_is_seen_by_later_trials(tmp_path, table):
    config = default_config(OVERLAY, STRICT, {"scales": {"debug": {"epochs_max": 2}}})
    first = run(tmp_path, table, config=config)
    second = chosen(trial(tmp_path, table, config=config, number=1), learning_rate=3e-5)
    assert (first.state, first.ended, len(first.curve)) == ("complete", "last_epoch", 2)
    assert (second.state, second.ended, len(second.curve)) == ("pruned", "halving", 1)
    assert second.validation_log_loss == second.curve[0].validation.log_loss
    assert "epoch 1" in second.reason
    assert finished_trial(second).ended_at == 1


def chosen(one, **changes):
    """Run a second trial with the hyperparameters of the first, with changes."""
    params = one.purpose.ledger.trial(0).params()
    hyperparameters = dict(params.hyperparameters) | changes
    one.files.write_params(replace(params, hyperparameters=hyperparameters, seen_trials=1))
    one.compute(FakeGuard())
    return one.files.result()


def test_a_diverged_trial_keeps_its_curve_but_has_no_value(tmp_path, table):
    outcome = Outcome(
        curve=[epoch(1, 0.4)],
        best_epoch=1,
        ended="diverged",
        reason="train log-loss nan",
        train_s=1.0,
        checkpoint_s=0.0,
        checkpoints=0,
        weights_sha256="w",
    )
    fields = outcome_fields(outcome)
    assert fields["validation_log_loss"] is fields["best"] is fields["best_epoch"] is None
    assert len(fields["curve"]) == 1
    assert fields.keys() == without_outcome("out_of_memory", "no room").keys()


def test_a_trial_out_of_time_before_its_first_epoch_is_a_result_without_a_loss(tmp_path, table):
    one = replace(trial(tmp_path, table), time_limit_s=0.0)
    one.compute(FakeGuard())
    result = one.files.result()
    assert (result.state, result.curve, result.validation_log_loss) == ("out_of_time", (), None)
    assert not seen_curves([result])[0].completed


def test_a_trial_out_of_time_counts_by_its_loss(tmp_path, table):
    result = replace(run(tmp_path, table), state="out_of_time")
    assert finished_trial(result).ended_at is None
    assert seen_curves([result])[0].completed


ONLY_ONE = {
    key: {"low": None, "high": None, "log": None, "values": [value]}
    for key, value in asdict(CONFIG.study("debug", 1).default).items()
}


def test_an_equal_suggestion_is_answered_from_the_ledger(tmp_path, table):
    only_one = default_config(OVERLAY, {"scales": {"debug": {"space": ONLY_ONE}}})
    first = run(tmp_path, table, config=only_one)
    again = trial(tmp_path, table, config=only_one, number=1)
    guard = FakeGuard()
    again.compute(guard)
    result = again.files.result()
    assert guard.steps == 0
    assert (result.trial, result.repeats, result.origin) == (1, 0, "startup")
    assert result.validation_log_loss == first.validation_log_loss
    assert result.weights_sha256 == first.weights_sha256
    assert result.train_s == 0.0
    assert seen_curves([first, result]) == seen_curves([first])


def test_a_larger_study_begins_with_the_transferred_trials(tmp_path, table):
    config = default_config(
        OVERLAY,
        {
            "run_scales": ["debug", "double"],
            "search": {"transfer": 1},
            "scales": {
                "debug": {"n_trials": 2},
                "double": {"budget_parameters": 40000, "n_trials": 3, "epochs_max": 1}
                | {key: CONFIG_RAW["scales"]["debug"][key] for key in ("space", "default")},
            },
        },
    )
    double = config.study("double", 1)
    with pytest.raises(LedgerError, match=r"no result of debug/h1 trial_000.*double/h1"):
        trial(tmp_path, table, config=config, study=double).compute(FakeGuard())
    smaller = [run(tmp_path, table, config=config, number=number) for number in range(2)]
    winner = min(smaller, key=lambda result: result.loss)
    larger = [run(tmp_path, table, config=config, study=double, number=number) for number in range(2)]
    assert larger[0].origin == "default"
    assert larger[1].origin == f"debug trial_00{winner.trial}"
    assert larger[1].hyperparameters["learning_rate"] < winner.hyperparameters["learning_rate"]

    # Its choice is kept: trials that are added to the smaller scale change nothing in a study that has begun.
    ledger = trial(tmp_path, table, config=config, study=double).purpose.ledger
    kept = ledger.transferred()
    assert kept.best_of_trials == 2
    added = ledger.smaller.trial(2)
    added.write_result(replace(winner, trial=2))
    more = replace(double, smaller=replace(double.smaller, n_trials=3))
    third = run(tmp_path, table, config=config, study=more, number=2)
    assert third.fingerprint == larger[0].fingerprint
    assert third.origin == "depth extreme"
    assert ledger.transferred() == kept


CHOICE = TransferredTrials(best_of_trials=1, trials=(Transferred(hyperparameters={}, origin="2M trial_000"),))


def test_a_damaged_choice_is_restored_from_its_copy(tmp_path, table):
    ledger = trial(tmp_path, table).purpose.ledger
    ledger.write_transferred(CHOICE)
    path = ledger.home / "transferred.json"
    path.write_text("{")
    assert ledger.transferred() == CHOICE
    prepare(ledger)
    assert path.read_bytes() == path.with_name("transferred.copy.json").read_bytes()


def test_a_choice_damaged_twice_is_made_again(tmp_path, table, caplog):
    ledger = trial(tmp_path, table).purpose.ledger
    ledger.write_transferred(CHOICE)
    for path in ledger.home.glob("transferred*"):
        path.write_text("[1]")
    prepare(ledger)
    assert ledger.transferred() is None
    assert "what it records is made again" in caplog.text


def test_a_trial_without_the_earlier_results_is_refused_with_advice(tmp_path, table):
    with pytest.raises(LedgerError, match=r"no result of debug/h1 trial_000.*run the same command again"):
        trial(tmp_path, table, number=1).compute(FakeGuard())


def test_a_trial_records_how_many_results_it_saw(tmp_path, table):
    for number in range(3):
        result = run(tmp_path, table, number=number)
    assert result.seen_trials == 2
