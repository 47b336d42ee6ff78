import shutil
from datetime import UTC
from itertools import pairwise

import pytest

from simmer.status.campaign import read_campaign
from simmer.status.configuration import FoundConfig
from simmer.status.screen import screen
from support.configs import default_config
from support.ledger_book import START_S, LedgerBook

NOW_S = START_S + 3600.0
UNUSED_PID = 2**22 + 1
BEGIN = ".venv/bin/runner --cores 1"


def lines(book, width=80, config=None):
    found = read_campaign(FoundConfig(config=config or book.config), book.results, now_s=NOW_S)
    return screen(found, width=width, begin=BEGIN, zone=UTC)


def text(book, **options):
    return " ".join(" ".join(lines(book, **options)).split())


def row(book, name, **options):
    return next(" ".join(line.split()) for line in lines(book, **options) if line.startswith(name))


@pytest.fixture
def eventful(tmp_path):
    """A whole campaign with its longest lines: six scales, three horizons, two trials side by side."""
    book = LedgerBook(tmp_path)
    states = ("complete", "pruned", "diverged", "out_of_memory", "out_of_time")
    for scale in ("2M", "20M"):
        for days in (1, 3, 5):
            for number in range(12):
                at_s = number * 60
                book.trial(number, scale=scale, days=days, state=states[number % 5], at_s=at_s)
    for days in (1, 3):
        long_ago = {"state": None, "at_s": 3000, "thermal": ("throttle",)}
        book.trial(0, scale="200M", days=days, losses=(0.61,) * 12, **long_ago)
        book.trial_lock(0, scale="200M", days=days, at_s=1e9)
    book.trial(0, days=5, config=default_config({"seed": 9}))
    book.run_lock(at_s=1e9, command="runner --cores 2 --configfile mine.yaml")
    return book


@pytest.mark.parametrize("width", [80, 100, 200])
def test_six_scales_at_three_horizons_fit_on_one_screen(eventful, width):
    shown = lines(eventful, width=width)
    assert max(map(len, shown)) <= width
    assert len(shown) <= 36


def test_an_ordinary_campaign_needs_thirty_lines_at_80_columns(eventful):
    (eventful.results / ".lock").unlink()
    eventful.run_lock(at_s=1e9)
    shutil.rmtree(eventful.results / "ledger" / "locks" / "200M" / "h3")
    shown = lines(eventful)
    assert len([line for line in shown if not line.startswith(("failed", "others"))]) <= 30


@pytest.mark.parametrize("width", [10, 40, 60])
def test_a_narrow_terminal_gets_no_longer_lines(eventful, width):
    assert max(map(len, lines(eventful, width=width))) <= max(width, 40)


def test_no_line_is_broken_between_a_number_and_its_unit(eventful):
    found = read_campaign(FoundConfig(config=eventful.config), eventful.results, now_s=NOW_S)
    units = {"s", "min", "h", "windows/s", "%", "W", "GB", "kB", "°C", "trials"}
    for width in range(40, 121):
        for before, after in pairwise(screen(found, width=width, begin=BEGIN, zone=UTC)):
            start = after.split()[0].rstrip(":,") if after.startswith(" " * 9) else ""
            assert start != "ago"
            assert not (before[-1:].isdigit() and start in units), (width, before, after)


def test_a_narrow_terminal_shows_the_time_left_of_each_study(eventful):
    assert row(eventful, "study", width=50) == "study trials best left to train"
    assert row(eventful, "2M/h1", width=50) == "2M/h1 12/50 0.5000 about 38 min"


def test_a_study_row(book):
    book.trial(0, losses=(0.6, 0.5))
    book.trial(1, state="pruned")
    book.trial(2, state="diverged")
    assert row(book, "2M/h1") == "2M/h1 3/5 1 1 0.5000 0.6900 000 about 53 s (3 trials)"
    assert row(book, "all") == "all 3/15 1 1"
    assert "failed 1 diverged" in text(book)


def test_a_study_of_another_horizon_is_estimated_and_marked(book):
    book.trial(0)
    assert row(book, "2M/h3") == "2M/h3 0/5 - - - - - about 2 min *"
    assert "* no trial finished: from other studies of this scale" in text(book)


def test_unknown_values_are_shown_as_unknown(book):
    assert row(book, "2M") == "2M 0/15 - - - - - unknown"
    assert "left unknown: no measurement of 2M yet" in text(book)
    assert "heat no hardware sample yet" in text(book)


def test_the_pace_of_the_first_trial_is_an_upper_bound(book):
    book.trial(0, state=None)
    assert row(book, "2M/h1").endswith("at most 10 min **")
    assert "** no trial finished: every epoch of every trial" in text(book)


def test_a_trial_under_way(book):
    book.trial(0, state=None)
    book.run_lock(at_s=1e9)
    book.trial_lock(0, at_s=1e9)
    expected = "now 2M/h1 trial_000, epoch 3/12, validation 0.5500, best 0.5000, 100 windows/s, trained 30 s"
    assert expected in text(book)


def test_a_trial_without_a_process_is_not_shown_as_running(book):
    book.trial(0, state=None, losses=())
    assert "begun 2M/h1 trial_000, in its first epoch" in text(book)


def test_a_pause_for_heat_is_shown_with_the_trial(book):
    book.trial(0, state=None, thermal=("pause",))
    book.trial_lock(0, at_s=1e9)
    assert "now 2M/h1 trial_000, WAITS FOR THE MACHINE TO COOL, epoch 3/12" in text(book)


def test_heat_with_its_source_state_duty_load_and_last_event(book):
    book.trial(0, blind_s=6.0, thermal=("throttle",))
    shown = text(book)
    assert (
        "heat 70.0 °C (hwmon:k10temp:Tdie), state acceptable, duty 80 %, CPU 87 %, memory 42 %, 142 W"
        in shown
    )
    assert "trained 30 s, paused 3 s, no reading 6 s, 0 aborts, hottest 70.0 °C" in shown
    assert "event 60 min ago: training is slowed to hold the setpoint: 82.4 °C (hwmon:k10temp:Tdie)" in shown


def test_a_missing_sensor_is_shown(book):
    book.trial(0, celsius=None, blind_s=30.0)
    shown = text(book)
    assert "heat no temperature, state unknown" in shown
    assert "no temperature monitoring: no sensor reading in 30 s of training" in shown


def test_a_stop_shows_the_command_on_lines_that_a_shell_accepts(book):
    book.trial(0, state=None)
    command = "/x/.venv/bin/runner --directory " + "a" * 40 + " --configfile mine.yaml -- results/hpo_2M.done"
    book.run_lock(pid=UNUSED_PID, command=command)
    shown = lines(book, width=60)
    at = shown.index("to continue, nothing is lost:")
    end = shown.index("", at)
    typed = "\n".join(shown[at + 1 : end]).replace("\\\n", " ").split()
    assert typed == command.removeprefix("/x/").split()


def test_refits_are_shown_once_the_trials_are_done(book):
    book.run_lock(pid=UNUSED_PID, command="runner -- results/hpo_2M.done")
    for number in range(5):
        book.trial(number)
    assert row(book, "2M/h1").endswith("000 done")
    book.trial(0, kind="refit")
    book.trial(1, kind="refit", state=None)
    assert row(book, "2M/h1").endswith("000 refits 1")
    assert "begun 2M/h1 refit_1, epoch 3/12" in text(book)


def test_the_race_follows_the_trials(tmp_path):
    race = {"race": {"trials": 2, "runs": 2}}
    overlay = {"run_scales": ["2M"], "scales": {"2M": {"n_trials": 3}}, "search": race}
    book = LedgerBook(tmp_path, overlay)
    book.run_lock(pid=UNUSED_PID, command="runner -- results/hpo_2M.done")
    for number in range(3):
        book.trial(number)
    assert row(book, "2M/h1").endswith("000 race 0/4, about 2 min")
    for trial in (0, 1):
        book.race_run(0, of_trial=trial)
    assert row(book, "2M/h1").endswith("000 race 2/4, about 60 s")
    book.race_run(1, of_trial=0, state=None)
    assert "begun 2M/h1 race_1_of_trial_000, epoch 3/12" in text(book)
    for trial, loss in ((0, 0.6), (1, 0.45)):
        book.race_run(1, of_trial=trial, losses=(loss,))
    assert row(book, "2M/h1").endswith("000 done, winner 001")


def test_trials_side_by_side_share_the_time(eventful):
    assert "with 2 trials side by side" in text(eventful)
    assert "; 20k, 200k, 2B unknown, no measurement yet" in text(eventful)


def test_studies_of_other_settings(book):
    book.trial(0, config=default_config({"seed": 9}), campaign="theirs")
    shown = text(book)
    assert "campaign theirs" in shown
    assert row(book, "2M/h1") == "2M/h1 1 - - 0.5000 0.6900 000 unknown"
    assert "config config.yaml now describes a new study (seed 1 instead of 9); nothing of it is" in shown


def test_other_fingerprints_are_mentioned_in_one_line(book):
    book.trial(0)
    book.trial(0, config=default_config({"seed": 9}))
    book.trial(0, config=default_config({"seed": 8}))
    (line,) = [each for each in lines(book, width=100) if each.startswith("others")]
    assert " and 1 more: other settings or data, in the ledger, not shown" in line
