"""The marks and texts in the SVG of a timeline."""

import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace

import matplotlib
import pytest

from simmer.figures.machine.history import history_of
from simmer.figures.machine.timeline import timeline
from simmer.figures.style import to_svg
from simmer.ledger.about import About
from simmer.thermal.limits import Profile
from support.configs import ROOT
from support.pictures import require_readable

HOUR_S, INTERVAL_S = 3600, 300


@pytest.fixture
def draw(limits):
    """Return a function that draws logs and returns the SVG as text."""

    def drawn(logs, limits=limits, interval_s=INTERVAL_S):
        svg = to_svg(timeline("20M h3", history_of(logs, interval_s=interval_s), limits)).decode()
        ET.fromstring(svg)
        return svg

    return drawn


def marks(svg, kind):
    """Return the number of marks of a kind; ids are unique."""
    names = re.findall(rf'id="({kind}_\d+)"', svg)
    assert len(names) == len(set(names))
    return len(names)


def texts(svg):
    return [element.text for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.fixture
def eventful(log_book):
    """Twenty hours with two aborts, a night off, a pause and two hours without a sensor."""
    book = log_book().add("start", 0)
    for number in range(240):
        at_s = number * INTERVAL_S + (9 * HOUR_S if number >= 100 else 0)
        if number == 100:
            book.add("start", at_s - 1)
        if 150 <= number < 174:
            book.blind(at_s)
        else:
            book.sample(at_s, 70 + 14 * math.sin(number / 9), state="acceptable", duty=0.8)
        if number in (99, 200):
            book.thermal("abort", at_s + 2, 95.5 + (number == 200), duty=0.1).thermal(
                "stopped", at_s + 3, 93.0
            )
        if number == 200:
            book.add("start", at_s + 60)
        if number == 220:
            book.thermal("pause", at_s + 5, 85.5, duty=0.0).thermal("resume", at_s + 95, 78.0, duty=0.1)
    return [book.add("finish", at_s + 10).log]


def test_every_abort_is_marked_and_labelled(draw, eventful):
    svg = draw(eventful)
    assert marks(svg, "abort") == 2
    assert "abort 95.5 °C, 03-03 05:15" in texts(svg)
    assert "abort 96.5 °C, 03-03 22:40" in texts(svg)


def test_blind_hours_are_hatched_and_named(draw, eventful):
    svg = draw(eventful)
    assert marks(svg, "blind") == 1
    hatch = re.search(r'<g id="blind_0">\s*<path [^>]*fill: url\(#', svg)
    assert hatch
    assert texts(svg).count("no reading") == 2, "in the span and in the legend"


def test_pauses_and_resumes_are_shown(draw, eventful):
    svg = draw(eventful)
    assert marks(svg, "pause") == 1
    resumes = re.search(r'<g id="resumes">.*?\n  {3}</g>', svg, re.S)[0]
    assert resumes.count("<use ") == 3, "two starts after a stop, one end of a pause"


def test_the_title_counts_trials_hours_blind_hours_and_aborts(draw, eventful):
    assert "20M h3: 1 trial, 19.8 h running, 2.0 h without a reading, 2 aborts" in texts(draw(eventful))


def test_a_break_is_narrowed_and_its_length_written(draw, eventful):
    svg = draw(eventful)
    assert marks(svg, "break") == 1
    assert "9.1 h off" in texts(svg)
    assert "running time (h), breaks narrowed" in texts(svg)


def test_limits_are_labelled_lines(draw, eventful):
    svg = draw(eventful)
    for name, celsius in {"setpoint": 82, "warning": 85, "critical": 95}.items():
        assert f'id="limit_{name}"' in svg
        assert f"{name} {celsius} °C" in texts(svg)


def test_limits_of_a_board_are_those_of_its_own_slowdown(draw, log_book, limits):
    book = log_book().add("start", 0).sample(1, 70.0, margin_c=17.0).sample(301, 72.0, margin_c=15.0)
    shown = texts(draw([book.log], replace(limits, profile=Profile.GPU)))
    assert {"setpoint 77 °C", "warning 79 °C", "critical 85 °C"} <= set(shown)


@pytest.mark.parametrize(
    ("state", "others"), [("warning", {"normal", "critical"}), ("critical", {"normal", "warning"})]
)
def test_the_state_is_a_coloured_strip(draw, log_book, state, others):
    book = log_book().add("start", 0).sample(1, 90.0, state=state).sample(301, 90.0, state=state)
    svg = draw([book.log])
    assert marks(svg, f"state_{state}") == 1
    assert state in texts(svg)
    assert not others & set(texts(svg))


def test_pressure_levels_without_temperatures_are_drawn_as_steps(draw, log_book):
    book = log_book().add("start", 0)
    for number, level in enumerate(["nominal", "moderate", "heavy", "nominal"]):
        book.sample(number * INTERVAL_S, None, pressure_level=level, state="normal")
    svg = draw([book.log])
    assert {"pressure level", "nominal", "moderate", "heavy", "trapping", "sleeping"} <= set(texts(svg))
    assert "temperature (°C)" not in texts(svg)
    assert "limit_" not in svg
    assert marks(svg, "blind") == 0


def test_a_sentence_says_that_no_temperature_was_measured(draw, log_book):
    book = log_book().add("start", 0).thermal("sensor_unknown", 0)
    for number in range(20):
        book.blind(number * INTERVAL_S)
    svg = draw([book.log])
    assert "no temperature was measured while this study ran" in texts(svg)
    assert marks(svg, "blind") == 1
    assert 'id="duty"' in svg
    assert 'id="cpu"' in svg


@pytest.mark.parametrize("lines", ["no log", "no line", "no sample"])
def test_a_sentence_says_that_no_sample_was_logged(draw, log_book, lines):
    logs = {"no log": [], "no line": [log_book().log], "no sample": [log_book().add("start", 0).log]}[lines]
    svg = draw(logs)
    assert "no hardware sample was logged" in texts(svg)
    assert marks(svg, "abort") == marks(svg, "blind") == 0


def test_five_samples_are_five_points(draw, log_book):
    book = log_book().add("start", 0)
    for number in range(5):
        book.sample(number * 10)
    heat = draw([book.log]).split('<g id="axes_1">')[1].split('<g id="axes_2">')[0]
    assert re.search(
        r'<g id="line2d_\d+">\s*<defs>.*?</defs>\s*<g[^>]*>\s*(<use [^>]*/>\s*){5}</g>', heat, re.S
    )


def test_many_samples_are_reduced_and_extremes_are_kept(limits, log_book):
    book = log_book().add("start", 0)
    for number in range(20_000):
        book.sample(number * 10, 94.0 if number == 12_345 else 60.0 + number % 7, duty=(number % 100) / 100)
    figure = timeline("20M h3", history_of([book.log], interval_s=10), limits)
    band = next(one for one in figure.axes[0].collections if one.get_gid() == "heat_band")
    assert band.get_paths()[0].get_extents().y1 == 94.0
    assert len(to_svg(figure)) < 400_000


def test_a_hundred_aborts_are_all_marked_and_some_labelled(draw, log_book):
    book = log_book()
    for number in range(100):
        book.add("start", number * 600).sample(number * 600 + 1).thermal("abort", number * 600 + 300, 96.0)
    svg = draw([book.log])
    assert marks(svg, "abort") == 100
    assert 3 <= sum(str(text).startswith("abort 96 °C") for text in texts(svg)) <= 30
    assert any("100 aborts" in str(text) for text in texts(svg))


def test_a_sensor_that_comes_and_goes_all_the_time_gives_a_bounded_figure(draw, log_book):
    book = log_book().add("start", 0)
    for number in range(4_000):
        book.blind(number * 10) if number % 2 else book.sample(number * 10)
    assert marks(draw([book.log], interval_s=10), "blind") <= 1_600


def test_the_same_logs_give_the_same_bytes_in_any_style(draw, eventful):
    first = draw(eventful)
    with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 30, "svg.hashsalt": None}):
        assert draw(eventful) == first
    assert "dc:date" not in first


def test_every_text_can_be_read_and_names_are_not_parsed_as_formulas(eventful, limits, picture):
    history = history_of(eventful, interval_s=INTERVAL_S)
    require_readable(timeline("20M h3", history, limits))
    assert r"$\frac$: 1 trial" in picture(timeline(r"$\frac$", history, limits)).prose


def test_the_figure_names_campaign_ticker_and_label(eventful, limits, picture):
    about = About(campaign="main", ticker="SPY", threshold=0.01, basis="high")
    drawn = picture(timeline("20M h3", history_of(eventful, interval_s=INTERVAL_S), limits, about))
    assert "Campaign main, ticker SPY, threshold 0.01, basis high." in drawn.prose


def test_drawing_opens_no_window_and_nothing_else_imports_the_library():
    program = (
        "import sys, simmer.ledger.hardware_table, simmer.figures.machine.captions;"
        "import simmer.config.campaign, hpo, hpo_done;"
        "assert 'matplotlib' not in sys.modules;"
        "import simmer.figures.machine.timeline;"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT / "workflow/scripts")
