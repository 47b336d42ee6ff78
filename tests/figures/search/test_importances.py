"""The figure of importances: bars with marks, or a sentence."""

import subprocess
import sys
from dataclasses import replace

import pytest

from simmer.figures.search.importances import how_to_read, left_out, rests_on, search_importances
from simmer.figures.search.ped_anova import Importance, Importances
from support.configs import ROOT

FOUND = Importances(
    importances=(
        Importance(hyperparameter="learning_rate", importance=0.7, chance=0.3),
        Importance(hyperparameter="input_form", importance=0.2, chance=0.19),
        Importance(hyperparameter="dropout", importance=0.1, chance=0.4),
    ),
    unvaried=("ff_ratio", "focal_gamma"),
    completed=20,
    pruned=21,
    diverged=2,
    best=11,
)
NOTHING = Importances(importances=None, unvaried=("ff_ratio",), completed=3, pruned=0, diverged=1, best=1)


@pytest.fixture
def drawn(picture, eventful):
    return lambda found: picture(search_importances(eventful.searched, found))


def test_bars_are_named_and_ordered_from_the_top(drawn):
    figure = drawn(FOUND)
    names = [text for text in figure.texts if text in {"learning rate", "input form", "dropout"}]
    assert names == ["learning rate", "input form", "dropout"]
    assert figure.marks(r"importance_\w+") == [
        "importance_learning_rate",
        "importance_input_form",
        "importance_dropout",
    ]
    assert {"70 %", "20 %", "10 %"} <= set(figure.texts)


def test_the_notes_count_the_trials_and_call_few_of_them_rough(drawn):
    prose = drawn(FOUND).prose
    assert "43 trials (20 completed; 21 pruned, ranked below these; 2 diverged, ranked last)" in prose
    assert "Importances from 11 best trials are rough." in prose
    assert "Left out, because they have one value in these trials: ff ratio, focal gamma." in prose


def test_many_trials_are_not_called_rough():
    many = replace(FOUND, completed=78, best=20)
    assert rests_on(many).endswith("2 diverged, ranked last).")
    assert "rough" in rests_on(replace(many, best=19))


def test_the_note_says_that_marks_hold_for_all_bars_together():
    text = how_to_read(FOUND)
    assert "the values of the 11 best trials" in text
    assert "in 95 % of shuffles of the losses no bar at all passes its mark" in text


def test_a_bar_is_compared_with_its_own_mark(eventful):
    (axes,) = search_importances(eventful.searched, FOUND).axes
    bars = {bar.get_gid().removeprefix("importance_"): bar for bar in axes.patches}
    passing, others = (bars[key].get_facecolor() for key in ("learning_rate", "dropout"))
    assert bars["input_form"].get_facecolor() == passing != others
    assert [list(line.get_xdata()) for line in axes.lines] == [[0.3, 0.3], [0.19, 0.19], [0.4, 0.4]]


def test_nothing_is_left_out_where_all_varied():
    assert left_out(replace(FOUND, unvaried=())) == ""


def test_trials_without_a_difference_give_a_sentence(drawn):
    text = "All trials used the same hyperparameters, so there is nothing to compare."
    alike = replace(NOTHING, completed=12)
    assert rests_on(alike) == text
    assert text in drawn(alike).texts


def test_few_trials_are_a_sentence_without_bars(drawn):
    figure = drawn(NOTHING)
    assert "Too few trials to estimate which hyperparameters matter: 3 reached a loss" in figure.prose
    assert figure.marks(r"importance_\w+") == []


def test_importances_of_nothing_can_be_drawn(drawn):
    zero = Importances(
        importances=(Importance(hyperparameter="dropout", importance=0.0, chance=0.0),),
        unvaried=(),
        completed=10,
        pruned=0,
        diverged=0,
        best=3,
    )
    assert "0 %" in drawn(zero).texts


def test_the_same_importances_give_the_same_bytes(drawn):
    assert drawn(FOUND).svg == drawn(FOUND).svg


def test_drawing_opens_no_window_and_preparing_does_without_the_library():
    program = (
        "import sys, simmer.figures.search.searched, simmer.figures.search.ped_anova;"
        "assert 'matplotlib' not in sys.modules;"
        "import search_figures;"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT / "workflow/scripts")
