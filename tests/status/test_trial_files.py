import pytest

from simmer.status.trial_files import UNREADABLE, read_trial
from support.ledger_book import START_S


def test_a_finished_trial(book):
    files = book.trial(3, losses=(0.6, 0.5, 0.55), at_s=100, blind_s=4.0, thermal=("throttle",))
    trial = read_trial(files.folder, 3)
    assert (trial.name, trial.number, trial.state, trial.loss, trial.base_rate_loss) == (
        *("trial_003", 3, "complete", 0.5),
        0.69,
    )
    assert (trial.trained_s, trial.epochs, trial.starts, trial.blind_s) == (30.0, 3, 1, 4.0)
    assert (trial.begun_s, trial.finished_s) == (START_S + 100, START_S + 130)
    assert (trial.max_temperature_c, trial.thermal["action"]) == (70.0, "throttle")


def test_a_trial_under_way(book):
    trial = read_trial(book.trial(0, state=None, losses=(0.6, 0.5, 0.55)).folder, 0)
    assert (trial.state, trial.epochs, trial.last_loss, trial.loss) == (None, 3, 0.55, 0.5)
    assert (trial.windows_per_s, trial.trained_s, trial.epoch_s) == (100.0, 30.0, 10.0)
    assert (trial.last_s, trial.last_kind, trial.last_epoch_at_s) == (START_S + 30, "epoch", START_S + 30)


def test_a_trial_resumed_after_a_power_cut_counts_from_its_last_line(book):
    files = book.trial(0, state=None, losses=(0.6, 0.5))
    files.append_event({"event": "start"})
    again = {"epoch": 2, "validation": {"log_loss": 0.5}, "train_s": 21.0, "windows_per_s": 90.0}
    files.append_event({"event": "epoch"} | again)
    trial = read_trial(files.folder, 0)
    assert (trial.starts, trial.epochs, trial.trained_s, trial.windows_per_s) == (2, 2, 21.0, 90.0)


def test_of_a_trial_under_way_every_sample_counts(book):
    files = book.trial(0, state=None, celsius=70.0)
    hot = {"temperature_c": 91.0, "source": "x", "blind_s": 1.0, "paused_s": 2.0}
    files.append_event({"event": "hardware_sample"} | hot)
    files.append_event({"event": "hardware_sample"} | hot | {"temperature_c": None, "blind_s": 9.0})
    trial = read_trial(files.folder, 0)
    assert (trial.max_temperature_c, trial.blind_s, trial.paused_s) == (91.0, 9.0, 2.0)
    assert trial.sample["temperature_c"] is None


def test_an_abort_counts_for_the_start_that_it_ended(book):
    files = book.trial(0, state=None, thermal=("abort", "stopped"))
    trial = read_trial(files.folder, 0)
    assert (trial.aborts, trial.aborted, trial.last_kind) == (1, True, "stopped")
    files.append_event({"event": "start"})
    trial = read_trial(files.folder, 0)
    assert (trial.aborts, trial.aborted) == (1, False)


def test_the_log_may_be_cut_at_any_byte(book):
    files = book.trial(0, state=None)
    path = files.folder / "events.jsonl"
    whole = path.read_bytes()
    epochs = {}
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        trial = read_trial(files.folder, 0)
        assert trial.state is None
        epochs[trial.epochs] = trial.last_loss
    assert epochs == {0: None, 1: 0.6, 2: 0.5, 3: 0.55}


def test_a_damaged_line_hides_no_other_line(book):
    files = book.trial(0, state=None, losses=(0.6, 0.5))
    path = files.folder / "events.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b'{"event": "epoch", \xff\n', b'{"event": "epoch"}\n', *lines[1:]]))
    assert read_trial(files.folder, 0).epochs == 2


def test_a_folder_without_files_is_no_trial_yet(tmp_path):
    folder = tmp_path / "2M" / "h1" / "trial_000"
    assert read_trial(folder, 0) is None
    folder.mkdir(parents=True)
    assert read_trial(folder, 0) is None


def test_a_trial_without_a_log_is_still_shown(book):
    files = book.trial(0)
    (files.folder / "events.jsonl").unlink()
    assert read_trial(files.folder, 0).state == "complete"


@pytest.mark.parametrize("text", ['{"trial"', "[]", "{}", '{"state": "complete", "machine": null}'])
def test_a_damaged_result_is_a_trial_that_cannot_be_read(book, text):
    files = book.trial(0)
    (files.folder / "result.json").write_text(text)
    assert read_trial(files.folder, 0).state == UNREADABLE
