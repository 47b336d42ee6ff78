import pytest

from simmer.doctor.checkup import check_up
from simmer.doctor.screen import screen
from support.configs import default_config


def lines(book, config=None, width=100):
    found = check_up(config or book.config, book.results, run=None)
    return screen(found, width=width, configuration="mine.yaml", next_run=("run all", "would train 1 trial"))


def test_a_whole_folder_is_a_table_and_what_comes_next(book):
    head, state, *_, next_run, command = lines(book, width=200)
    assert head == f"{book.results}, compared with mine.yaml"
    assert state == "WHOLE: nothing is damaged, 5 runs checked"
    assert (next_run, command) == ("next run  would train 1 trial", "          run all")


def test_of_another_configuration_the_first_differences_are_shown(book):
    training = {"patience_epochs": 9, "gradient_clip_norm": 0.5}
    other = {"seed": 99, "training": training, "dataset": {"threshold": 0.02}, "run_scales": ["2M"]}
    (shown,) = (line for line in lines(book, default_config(other), width=300) if line.startswith("differs"))
    assert "2M/h1" in shown
    assert "label.threshold 0.01, now 0.02; " in shown
    assert shown.endswith("; and 1 more")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_longer_than_the_terminal(book, width):
    (book.study().trial(0).folder / "result.json").write_bytes(b"{}")
    (book.results / "ledger" / "\x1b[31mred.damaged_1").write_bytes(b"")
    shown = lines(book, width=width)
    assert max(map(len, shown)) <= width
    assert "\x1b" not in "".join(shown)
