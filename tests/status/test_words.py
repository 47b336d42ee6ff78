from datetime import UTC

import pytest

from simmer.status.words import NARROW, ago, clock, counted, duration, heat, share, size
from support.ledger_book import START_S


def spaced(text):
    return text.replace(NARROW, " ")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((-3, "0 s"), (0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2.0 h")),
        *((172_799, "48.0 h"), (36 * 86_400, "36.0 days")),
    ],
)
def test_a_time_is_told_in_a_unit_of_which_there_are_two(seconds, text):
    assert spaced(duration(seconds)) == text


def test_no_line_is_broken_between_a_number_and_its_unit():
    assert " " not in duration(60) + ago(0, 60) + size(1e6) + counted(2, "trial") + share(0.8)


def test_another_day_is_named():
    assert clock(START_S + 600, START_S, UTC) == "08:10"
    assert clock(START_S + 86_400, START_S, UTC) == "Tue 3 Mar 08:00"


@pytest.mark.parametrize(
    ("count", "text"), [(12, "12 bytes"), (1_000, "1 kB"), (1_016_000, "1.0 MB"), (3e12, "3.0 TB")]
)
def test_sizes(count, text):
    assert spaced(size(count)) == text


@pytest.mark.parametrize(
    ("look", "text"),
    [
        ({}, "no temperature"),
        ({"temperature_c": None, "source": None}, "no temperature"),
        ({"temperature_c": 71.04, "source": "hwmon:k10temp"}, "71.0 °C (hwmon:k10temp)"),
        ({"pressure_level": "moderate", "source": "notify"}, "pressure moderate (notify)"),
        ({"temperature_c": 60, "margin_c": 12, "source": "nvml:0"}, "60.0 °C, 12 K below slowdown (nvml:0)"),
    ],
)
def test_heat_is_never_invented(look, text):
    assert spaced(heat(look)) == text
