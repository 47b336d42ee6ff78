"""The journal for optuna-dashboard has the same trials as the ledger."""

import errno
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import gettempdir

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from simmer.base.errors import Interrupted, LedgerError
from simmer.commands.dashboard import export
from simmer.data.tables import content_sha256
from simmer.ledger.preparation import prepare
from simmer.runs.run import Run
from simmer.runs.trial import Trial
from simmer.search.space import Space
from simmer.training.settings import Execution
from support.bars import bundled_table
from support.configs import ROOT, default_config
from support.runs import FakeGuard

CONFIG = default_config(
    {
        "scales": {"debug": {"epochs_max": 2, "budget_parameters": 20000}},
        "dataset": {"split": {"train_fraction": 0.2, "validation_fraction": 0.2}},
    }
)
BINARIES = Path(sys.executable).parent
SCALES = ("debug", "2M", "20M", "200M", "2B")


@pytest.fixture(scope="module")
def table():
    return bundled_table()


def trial(root, table, *, number, study=None, **options):
    study = study or CONFIG.study("debug", 1)
    ledger = study.ledger(root, features_sha256=content_sha256(table))
    return Run(
        campaign="test",
        purpose=Trial(study=study, ledger=ledger, number=number),
        dataset=CONFIG.dataset.build(table, 1),
        execution=Execution(device="cpu", precision="fp32", threads=1),
        checkpoint_interval_s=1e9,
        **options,
    )


@pytest.fixture(scope="module")
def real(tmp_path_factory, table):
    """A ledger of trained trials: two that ended, one that was stopped in its last epoch."""
    root = tmp_path_factory.mktemp("real") / "ledger"
    first = trial(root, table, number=0)
    prepare(first.purpose.ledger)
    guard = FakeGuard()
    first.compute(guard)
    trial(root, table, number=1, time_limit_s=0.0).compute(FakeGuard())
    with pytest.raises(Interrupted):
        trial(root, table, number=2).compute(FakeGuard(stop_after=guard.steps * 3 // 4))
    return first.purpose.ledger


class Written:
    """A ledger of made-up trials, derived from a trained one."""

    def __init__(self, root, real):
        ledger = CONFIG.study("debug", 1).ledger(root, features_sha256="x")
        self.root, self.real, self.ledger = root, real, ledger
        prepare(self.ledger)

    def trial(self, number, *, state=None, epochs=2, guard=None, **changes):
        """Write a trial that ended in `state`, or one without a result."""
        model, files = self.real.trial(0), self.ledger.trial(number)
        files.write_params(model.params())
        result = model.result()
        files.append_event({"event": "start"})
        for record in result.as_json()["curve"][:epochs]:
            files.append_event({"event": "epoch"} | record)
        if state is not None:
            best = min(result.curve[:epochs], key=lambda epoch: epoch.validation.log_loss, default=None)
            of_best = {
                "best_epoch": best and best.epoch,
                "validation_log_loss": best and best.validation.log_loss,
            }
            changes = {"best": best} | of_best | changes
            files.append_event({"event": "finish", "state": state, "reason": None})
            files.write_result(
                replace(
                    result,
                    fingerprint=self.ledger.fingerprint,
                    trial=number,
                    state=state,
                    curve=result.curve[:epochs],
                    machine=replace(result.machine, guard=guard or {}),
                    **changes,
                )
            )
        return files


@pytest.fixture
def written(tmp_path, real):
    return Written(tmp_path / "ledger", real)


def load(ledger, journal):
    """Export a ledger with one study, and return the study that Optuna loads."""
    export(ledger.root, journal)
    storage = JournalStorage(JournalFileBackend(str(journal)))
    (name,) = optuna.get_all_study_names(storage)
    # The campaign of the results or, without any, that of study.json.
    assert re.fullmatch(rf"debug h1 GSPC high 0.01 (test|main) {ledger.fingerprint}", name)
    return optuna.load_study(study_name=name, storage=storage)


def moment(event):
    # Optuna returns local times without a time zone.
    return datetime.fromisoformat(event["time"]).astimezone().replace(tzinfo=None)


def test_a_finished_trial_is_shown_as_it_was_recorded(real, tmp_path):
    shown = load(real, tmp_path / "journal").trials[0]
    result, events = real.trial(0).result(), real.trial(0).events()
    assert (shown.number, shown.state) == (0, TrialState.COMPLETE)
    assert shown.value == result.validation_log_loss
    assert shown.params == result.hyperparameters
    assert shown.intermediate_values == {record.epoch: record.validation.log_loss for record in result.curve}
    assert (shown.datetime_start, shown.datetime_complete) == (moment(events[0]), moment(events[-1]))
    assert shown.user_attrs == {
        "state": "complete",
        "origin": "default",
        "ended": "last_epoch",
        "best_epoch": result.best_epoch,
        "auc": result.best.validation.auc,
        "auc_se": result.best.validation.auc_se,
        "prior_log_loss": result.prior_log_loss,
        "campaign": "test",
        "parameters": result.parameters,
        "shape_width": result.shape["width"],
        "shape_heads": result.shape["heads"],
        "shape_ff_width": result.shape["ff_width"],
        "weights_sha256": result.weights_sha256,
        "train_s": result.train_s,
    }


def test_a_trial_out_of_time_before_its_first_epoch_has_no_value(real, tmp_path):
    shown = load(real, tmp_path / "journal").trials[1]
    assert (shown.state, shown.value, shown.intermediate_values) == (TrialState.PRUNED, None, {})
    assert shown.user_attrs["state"] == "out_of_time"


def test_a_trial_under_way_shows_its_epochs_so_far(real, tmp_path):
    shown = load(real, tmp_path / "journal").trials[2]
    files = real.trial(2)
    epochs = [event for event in files.events() if event["event"] == "epoch"]
    assert len(epochs) == 1
    assert (shown.number, shown.state) == (2, TrialState.RUNNING)
    assert shown.params == files.params().hyperparameters
    assert shown.intermediate_values == {1: epochs[0]["validation"]["log_loss"]}
    assert shown.user_attrs == {"state": "begun", "origin": files.params().origin}
    assert (shown.datetime_start, shown.datetime_complete) == (moment(files.events()[0]), None)


def test_a_study_shows_the_log_loss_of_the_base_rate(real, tmp_path):
    study = load(real, tmp_path / "journal")
    assert study.direction == optuna.study.StudyDirection.MINIMIZE
    assert study.metric_names == ["validation log-loss"]
    assert study.user_attrs == {
        "fingerprint": real.fingerprint,
        "budget_parameters": 20000,
        **{"campaign": "test", "ticker": "GSPC", "threshold": 0.01, "basis": "high"},
        "prior_validation_log_loss": real.trial(0).result().prior_log_loss,
    }
    assert study.best_trial.number == 0


@pytest.mark.parametrize(
    ("state", "expected"), [("pruned", TrialState.PRUNED), ("out_of_time", TrialState.PRUNED)]
)
def test_a_trial_that_ended_early_keeps_its_curve_and_its_best_value(written, tmp_path, state, expected):
    files = written.trial(0, state=state, epochs=1, ended="halving", guard={"max_temperature_c": 71.5})
    [shown] = load(written.ledger, tmp_path / "journal").trials
    result = files.result()
    assert (shown.state, shown.value) == (expected, result.validation_log_loss)
    assert shown.intermediate_values == {1: result.curve[0].validation.log_loss}
    assert shown.user_attrs["ended"] == "halving"
    assert shown.user_attrs["max_temperature_c"] == 71.5


@pytest.mark.parametrize("state", ["diverged", "out_of_memory"])
def test_a_failure_has_no_value_but_its_parameters(written, tmp_path, state):
    nothing = {"validation_log_loss": None, "best": None, "best_epoch": None, "train_s": None, "ended": None}
    files = written.trial(0, state=state, epochs=0, **nothing)
    [shown] = load(written.ledger, tmp_path / "journal").trials
    assert (shown.state, shown.value) == (TrialState.FAIL, None)
    assert shown.params == files.params().hyperparameters
    assert shown.user_attrs["state"] == state
    assert None not in shown.user_attrs.values()


def test_a_repeated_trial_names_the_trial_it_repeats(written, tmp_path):
    written.trial(0, state="complete")
    written.trial(1, state="complete", repeats=0)
    first, second = load(written.ledger, tmp_path / "journal").trials
    assert "repeats" not in first.user_attrs
    assert (second.state, second.value, second.user_attrs["repeats"]) == (first.state, first.value, 0)


def test_a_torn_last_line_is_ignored_and_the_last_of_equal_epochs_counts(written, tmp_path):
    files = written.trial(0, epochs=2)
    again = {"event": "epoch", "epoch": 2, "validation": {"log_loss": 0.25}}
    files.append_event(again)
    with (files.folder / "events.jsonl").open("a") as file:
        file.write('{"time": "2026-01-01T00:00:00+00:00", "event": "epo')
    [shown] = load(written.ledger, tmp_path / "journal").trials
    assert shown.state == TrialState.RUNNING
    assert shown.intermediate_values.keys() == {1, 2}
    assert shown.intermediate_values[2] == 0.25


def test_a_trial_that_just_started_has_no_event_yet(written, tmp_path):
    files = written.trial(0)
    (files.folder / "events.jsonl").unlink()
    [shown] = load(written.ledger, tmp_path / "journal").trials
    assert (shown.state, shown.intermediate_values) == (TrialState.RUNNING, {})
    assert shown.datetime_start == datetime.fromtimestamp(files.folder.stat().st_mtime)


def test_a_trial_resumed_after_its_finish_event_ended_at_the_last_one(written, tmp_path):
    files = written.trial(0, state="complete")
    files.append_event({"event": "start"})
    files.append_event({"event": "finish", "state": "complete", "reason": None})
    [shown] = load(written.ledger, tmp_path / "journal").trials
    events = files.events()
    assert (shown.datetime_start, shown.datetime_complete) == (moment(events[0]), moment(events[-1]))


def test_every_trial_keeps_its_number_where_others_have_not_begun(written, tmp_path, caplog):
    for number in (0, 3, 11):
        written.trial(number, state="complete")
    for number in (2, 12):
        written.ledger.trial(number).folder.mkdir()
    (written.ledger.trial(0).folder.parent / "trial_notes").mkdir()
    trials = load(written.ledger, tmp_path / "journal").trials
    assert [shown.number for shown in trials] == list(range(12))
    assert [shown.number for shown in trials if shown.value is not None] == [0, 3, 11]
    for number in (1, 2, 4):
        assert trials[number].state == TrialState.WAITING
        assert trials[number].user_attrs == {"state": "not begun"}
    assert [record.args[0].name for record in caplog.records if "no params.json" in record.message] == [
        "trial_002",
        "trial_012",
    ]


@pytest.mark.parametrize(("ended", "name"), [("complete", "result*.json"), (None, "params*.json")])
def test_a_damaged_file_affects_only_its_trial(written, tmp_path, caplog, ended, name):
    for number in range(3):
        written.trial(number, state=ended if number == 1 else "complete")
    for path in written.ledger.trial(1).folder.glob(name):
        path.write_text("}\n")
    trials = load(written.ledger, tmp_path / "journal").trials
    assert [shown.state for shown in trials] == [TrialState.COMPLETE, TrialState.FAIL, TrialState.COMPLETE]
    assert (trials[1].params, trials[1].user_attrs) == ({}, {"state": "unreadable"})
    assert "trial_001: cannot be read" in caplog.text


@pytest.mark.parametrize("line", ["}", "3", "{}", '{"event": "start", "time": "noon"}'])
def test_a_damaged_event_affects_only_its_time(written, tmp_path, line):
    files = written.trial(0, state="complete")
    finish = files.events()[-1]
    path = files.folder / "events.jsonl"
    path.write_text("\n".join([line, *path.read_text().splitlines()[1:]]) + "\n")
    [shown] = load(written.ledger, tmp_path / "journal").trials
    assert (shown.state, shown.value) == (TrialState.COMPLETE, files.result().loss)
    changed = datetime.fromtimestamp(files.folder.stat().st_mtime)
    assert (shown.datetime_start, shown.datetime_complete) == (changed, moment(finish))


def test_a_finished_trial_needs_only_its_result(written, tmp_path):
    files = written.trial(0, state="complete")
    for name in ("params.json", "events.jsonl"):
        (files.folder / name).unlink()
    [shown] = load(written.ledger, tmp_path / "journal").trials
    assert (shown.state, shown.params) == (TrialState.COMPLETE, files.result().hyperparameters)


def test_unreadable_files_affect_only_their_trial(written, tmp_path, caplog, monkeypatch):
    """The permission error is simulated, because root may read everything."""
    for number in range(2):
        written.trial(number, state="complete")
    allowed = Path.read_bytes

    def read_bytes(path):
        if path.parent.name == "trial_000":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return allowed(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    trials = load(written.ledger, tmp_path / "journal").trials
    assert [shown.state for shown in trials] == [TrialState.FAIL, TrialState.COMPLETE]
    assert re.search(r"trial_000: cannot be read .*Permission denied", caplog.text)


def test_a_trial_removed_during_the_export_is_unreadable(written, tmp_path, caplog, monkeypatch):
    files = written.trial(0, state="complete")

    def result(self):
        shutil.rmtree(self.folder)
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(self.folder))

    monkeypatch.setattr(type(files), "result", result)
    [shown] = load(written.ledger, tmp_path / "journal").trials
    assert shown.user_attrs == {"state": "unreadable"}
    assert "trial_000: cannot be read (FileNotFoundError" in caplog.text


def test_a_value_outside_the_space_makes_the_trial_unreadable(written, tmp_path, caplog):
    files = written.trial(0)
    params = files.params()
    files.write_params(replace(params, hyperparameters=dict(params.hyperparameters) | {"dropout": 0.99}))
    [shown] = load(written.ledger, tmp_path / "journal").trials
    assert shown.user_attrs == {"state": "unreadable"}
    assert "dropout" in caplog.text


def test_studies_without_a_readable_study_json_are_skipped(written, tmp_path, caplog):
    written.trial(0, state="complete")
    (written.root / "begun").mkdir()
    (written.root / "damaged").mkdir()
    (written.root / "damaged" / "study.json").write_text("{")
    meaning = json.loads((written.root / written.ledger.fingerprint / "study.json").read_text())
    for name, change in {"spaceless": {"space": None}, "listed": {"space": {"depth": []}}}.items():
        (written.root / name).mkdir()
        (written.root / name / "study.json").write_text(json.dumps(meaning | change))
    study = load(written.ledger, tmp_path / "journal")
    assert optuna.get_all_study_names(study._storage) == [study.study_name]
    assert re.findall(r"skipping \S*/(\w+): it has no study.json yet", caplog.text) == ["begun"]
    skipped = re.findall(r"skipping \S*/(\w+): it cannot be read", caplog.text)
    assert skipped == ["damaged", "listed", "spaceless"]
    assert "locks" not in caplog.text


def test_all_studies_of_a_ledger_are_there_the_smallest_first(tmp_path):
    root, expected = tmp_path / "ledger", []
    for scale in SCALES:
        for horizon in (1, 5):
            ledger = CONFIG.study(scale, horizon).ledger(root, features_sha256="x")
            prepare(ledger)
            expected.append(f"{scale} h{horizon} GSPC high 0.01 main {ledger.fingerprint}")
    twin = replace(CONFIG.study("2B", 5), seed=2).ledger(root, features_sha256="x")
    prepare(twin)
    export(root, tmp_path / "journal")
    names = optuna.get_all_study_names(JournalStorage(JournalFileBackend(str(tmp_path / "journal"))))
    assert names == [*expected[:-1], *sorted([expected[-1], f"2B h5 GSPC high 0.01 main {twin.fingerprint}"])]


@pytest.mark.parametrize("scale", SCALES)
def test_a_space_is_restored_from_study_json(scale):
    space = CONFIG.study(scale, 1).space
    assert Space.from_json(json.loads(json.dumps(space.as_json()))) == space


def snapshot(folder):
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}


def test_a_second_export_is_equal_and_leaves_no_other_file(real, tmp_path):
    journal = tmp_path / "results" / "dashboard.journal"
    before = snapshot(real.root)
    first = load(real, journal)
    second = load(real, journal)
    assert first.trials == second.trials
    assert first.user_attrs == second.user_attrs
    assert optuna.get_all_study_names(second._storage) == [second.study_name]
    assert [path.name for path in journal.parent.iterdir()] == ["dashboard.journal"]
    assert snapshot(real.root) == before


def test_an_empty_ledger_is_an_error_that_keeps_the_old_journal(tmp_path):
    (tmp_path / "ledger" / "locks").mkdir(parents=True)
    (tmp_path / "journal").write_text("old\n")
    for root in (tmp_path / "ledger", tmp_path / "nowhere"):
        with pytest.raises(LedgerError, match=r"found no study in .*, expected .*; start a search first"):
            export(root, tmp_path / "journal")
    assert (tmp_path / "journal").read_text() == "old\n"


def test_a_ledger_that_is_not_a_folder_is_an_error(tmp_path):
    (tmp_path / "ledger").write_text("")
    with pytest.raises(LedgerError, match=r"cannot read \S*/ledger: Not a directory; give read permission"):
        export(tmp_path / "ledger", tmp_path / "journal")


def test_a_full_temporary_folder_is_named_in_the_error(written, tmp_path, monkeypatch):
    def add_trials(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(optuna.Study, "add_trials", add_trials)
    with pytest.raises(LedgerError, match=f"^cannot write {re.escape(gettempdir())}: No space left"):
        export(written.root, tmp_path / "journal")
    assert not (tmp_path / "journal").exists()


def command_line(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "simmer.commands.dashboard", *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")},
        capture_output=True,
        text=True,
    )


def test_the_command_line_shows_an_error_without_a_traceback(tmp_path):
    run = command_line(tmp_path, tmp_path / "journal")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("found no study in")
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("arguments", [(), ("ledger",), ("ledger", "journal", "more")])
def test_the_command_line_takes_two_paths(arguments):
    run = command_line(*arguments)
    assert run.returncode == 2
    assert run.stderr.startswith("usage: python -m simmer.commands.dashboard [-h] ledger journal")


def test_a_second_dashboard_is_refused_before_it_writes_under_the_first(tmp_path):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        ready, binaries = ("-o", ".venv/.ready", "-o", ".venv-dashboard/.ready"), f"BIN={BINARIES}"
        run = subprocess.run(
            ["make", *ready, "dashboard", f"DASHBOARD_PORT={port}", f"RESULTS={tmp_path}", binaries],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
    assert run.returncode == 2
    assert run.stderr.startswith(f"found port {port} in use, expected it to be free: end the dashboard")
    assert list(tmp_path.iterdir()) == []
