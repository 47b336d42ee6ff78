"""Spans in which a study ran, had no reading or paused, and its aborts and resumes."""

import pytest

from simmer.figures.machine.history import history_of
from simmer.figures.machine.spans import Span, merged
from support.hardware_logs import START_S

INTERVAL_S = 300.0


def at(spans):
    return [(span.start_s - START_S, span.end_s - START_S) for span in spans]


def filled(book, start_s, end_s):
    """Add a sample per interval."""
    for number in range(int((end_s - start_s) / INTERVAL_S) + 1):
        book.sample(start_s + number * INTERVAL_S)
    return book


def test_a_study_without_lines_has_no_hours():
    history = history_of([], interval_s=INTERVAL_S)
    assert (history.trials, history.runs, history.running_s, history.blind_s) == (0, (), 0, 0)


def test_a_gap_of_more_than_three_intervals_is_no_running_time(log_book):
    book = filled(log_book().add("start", 0), 0, 1800)
    filled(book.add("start", 1800 + 901), 2701, 3001).sample(3001 + 900)
    history = history_of([book.log], interval_s=INTERVAL_S)
    assert at(history.runs) == [(0, 1800), (2701, 3901)]
    assert history.running_s == 3000


def test_trials_that_follow_each_other_are_one_run(log_book):
    logs = [
        log_book(trial=number).add("start", at_s).sample(at_s + 1).add("finish", at_s + 50).log
        for number, at_s in enumerate(range(0, 300, 60))
    ]
    history = history_of(logs, interval_s=1.0)
    assert (history.trials, at(history.runs)) == (5, [(0, 290)])


def test_a_republication_weeks_later_is_no_running_time(log_book):
    book = filled(log_book().add("start", 0), 0, 600).add("finish", 700).add("republish", 900_000)
    assert at(history_of([book.log], interval_s=INTERVAL_S).runs) == [(0, 700)]


def test_blind_time_begins_and_ends_with_events_of_the_guard(log_book):
    book = filled(log_book().add("start", 0), 0, 600).thermal("sensor_unknown", 700)
    book.blind(900).blind(1200).thermal("sensor_known", 1350, 70.0).sample(1500).add("finish", 1600)
    history = history_of([book.log], interval_s=INTERVAL_S)
    assert at(history.blind) == [(700, 1350)]
    assert history.blind_s == 650


def test_blind_time_ends_where_the_study_stops(log_book):
    book = log_book().add("start", 0).sample(1).blind(300).blind(600).add("start", 50_000).sample(50_001)
    assert at(history_of([book.log], interval_s=INTERVAL_S).blind) == [(300, 600)]


@pytest.mark.parametrize("reported", [{"pressure_level": "nominal"}, {"margin_c": 12.0}])
def test_a_level_or_a_margin_is_a_reading_too(log_book, reported):
    book = log_book().add("start", 0).sample(1, None, **reported).sample(301, None, **reported)
    assert history_of([book.log], interval_s=INTERVAL_S).blind == ()


def test_pauses_end_with_a_resume_an_abort_or_the_process(log_book):
    book = log_book().add("start", 0).thermal("pause", 100, 86).thermal("resume", 160, 78)
    book.thermal("pause", 200, 86).sample(300).thermal("abort", 320, 96).thermal("stopped", 330, 94)
    book.thermal("cooldown", 400, 94).thermal("cooldown_over", 500, 78).add("start", 501)
    book.thermal("pause", 600, 86).sample(650).add("start", 90_000)
    history = history_of([book.log], interval_s=INTERVAL_S)
    assert at(history.paused) == [(100, 160), (200, 320), (400, 500), (600, 650)]


def test_aborts_keep_their_temperature_and_resumes_follow_pauses_and_stops(log_book):
    first = log_book(trial=0).add("start", 0).thermal("abort", 100, 96.5).add("start", 500)
    first.thermal("pause", 600, 86).thermal("resume", 660, 78)
    second = log_book(trial=1).add("start", 50).thermal("abort", 90, 97.0)
    history = history_of([first.log, second.log], interval_s=INTERVAL_S)
    assert [(abort.at_s - START_S, abort.temperature_c) for abort in history.aborts] == [
        (90, 97.0),
        (100, 96.5),
    ]
    assert [at_s - START_S for at_s in history.resumes_s] == [500, 660]


def test_merged_spans_do_not_touch():
    spans = [Span(5, 6), Span(0, 2), Span(1, 1.5), Span(2, 3), Span(3.5, 4)]
    assert list(merged(spans)) == [Span(0, 3), Span(3.5, 4), Span(5, 6)]
    assert list(merged(spans, gap_s=0.5)) == [Span(0, 4), Span(5, 6)]
