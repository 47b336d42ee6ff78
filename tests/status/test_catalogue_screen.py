"""The table of studies: one row each, narrow terminals, and what is not known."""

import pytest

from simmer.status.catalogue import listed_studies
from simmer.status.catalogue_screen import describe, screen
from support.configs import default_config
from support.ledger_book import START_S

NOW_S = START_S + 3600.0


def lines(book, width=None):
    return screen(listed_studies(book.results), width=width, now_s=NOW_S)


def test_a_row_has_everything_on_a_wide_terminal(book):
    book.trial(0, losses=(0.6, 0.5))
    head, row = lines(book)
    assert head.split("  ")[0] == "id"
    words = "2M/h1 main GSPC high 0.01 2000-01-03 to 2003-01-03 to 2003-01-03 1 0.5000 0.6900 60 min ago"
    assert " ".join(row.split()).startswith(f"{book.study().home.name[:7]} {words}")


def test_what_is_not_known_is_said(book):
    book.trial(0, state=None, losses=())
    _, row = lines(book)
    assert " ".join(row.split()[5:]).startswith("0.01 unknown unknown 0 + 1 begun - - 60 min ago")


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_no_line_is_longer_than_the_terminal_and_what_tells_studies_apart_stays(book, width):
    book.trial(0)
    book.trial(0, days=3, config=default_config({"campaign": "a-very-long-name-of-a-campaign"}))
    shown = lines(book, width)
    assert max(map(len, shown)) <= width
    assert all(name in shown[0] for name in ("id", "study", "trials", "best"))
    assert ("in a terminal of" in " ".join(shown)) == (width < 150)
    assert ("label" in shown[0]) == (width > 40)


def test_a_study_in_a_line(book):
    book.trial(0)
    (study,) = listed_studies(book.results)
    assert describe(study).startswith(
        f"2M/h1 {study.short} (campaign main, ticker GSPC, threshold 0.01, basis high), 1 trial, "
    )
