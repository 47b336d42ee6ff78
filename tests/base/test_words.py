from datetime import UTC

import pytest

from simmer.base.words import ago, clock, count, duration, heat, percent, size
from support.ledger_book import START_S


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((-3, "0 s"), (0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2.0 h")),
        *((172_799, "48.0 h"), (36 * 86_400, "36.0 days")),
    ],
)
def test_a_duration_has_the_largest_unit_of_which_it_holds_two(seconds, text):
    assert duration(seconds) == text


def test_a_noun_follows_its_number():
    assert [count(number, "trial") for number in (0, 1, 2, 1200)] == [
        *("0 trials", "1 trial", "2 trials", "1,200 trials")
    ]


def test_fractions_and_times_ago():
    assert (percent(0.8, 0), percent(0.1234)) == ("80 %", "12.3 %")
    assert ago(0, 60) == "60 s ago"


def test_another_day_is_named():
    assert clock(START_S + 600, START_S, UTC) == "08:10"
    assert clock(START_S + 86_400, START_S, UTC) == "Tue 3 Mar 08:00"


@pytest.mark.parametrize(
    ("count", "text"), [(12, "12 bytes"), (1_000, "1 kB"), (1_016_000, "1.0 MB"), (3e12, "3.0 TB")]
)
def test_sizes(count, text):
    assert size(count) == text


@pytest.mark.parametrize(
    ("reported", "text"),
    [
        ({}, "no temperature"),
        ({"source": "notify"}, "no temperature"),
        ({"celsius": 71.04, "source": "hwmon:k10temp"}, "71.0 °C (hwmon:k10temp)"),
        ({"level": "moderate", "source": "notify"}, "pressure moderate (notify)"),
        ({"celsius": 60, "margin_c": 12, "source": "nvml:0"}, "60.0 °C, 12 K below slowdown (nvml:0)"),
        ({"celsius": 60}, "60.0 °C"),
    ],
)
def test_a_missing_temperature_is_not_replaced_by_a_number(reported, text):
    assert heat(**dict.fromkeys(("celsius", "margin_c", "level", "source")) | reported) == text
