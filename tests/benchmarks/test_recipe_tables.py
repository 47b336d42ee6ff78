"""The tables of a comparison, on made-up results."""

import math

import numpy as np

from recipe_results import Results
from recipe_scores import Members
from recipe_tables import print_curves, print_differences, print_losses, print_reach
from walk_forward import WalkForwardSet

SETS = [WalkForwardSet("GSPC", days, fold) for fold in (0, 1) for days in (1, 3)]
LABELS = np.array([1, 1])


def members(loss, *, seeds=2):
    probabilities = {seed: np.full(2, math.exp(-loss)) for seed in range(seeds)}
    parts = ("validation", "later")
    return Members(dict.fromkeys(parts, LABELS), dict.fromkeys(parts, probabilities))


def run(*losses):
    best = losses.index(min(losses)) + 1
    return {"losses": {"validation": losses, "later": losses}, "best_epoch": best, "seconds": 7.0}


RESULTS = Results(
    trained={
        ("shipped", "200k"): {one: members(0.5) for one in SETS},
        # Better by 0.01 in the first fold, by 0.03 in the second.
        ("changed", "200k"): {one: members(0.49 - 0.02 * one.fold) for one in SETS},
    },
    runs={("shipped", "200k"): [run(0.7, 0.5), run(0.6, 0.7, 0.4)], ("changed", "200k"): [run(0.5)]},
    opponents={"mlp": {one: members(0.47, seeds=5) for one in SETS}},
)


def test_losses(capsys):
    print_losses(RESULTS)
    assert (
        "| shipped | 200k | 4 | 2 |" + " 0.5000 |" * 4 + " 0.0000 | 0.0000 | 7 |" in capsys.readouterr().out
    )


def test_differences_to_the_shipped_recipe_with_both_errors(capsys):
    print_differences(RESULTS)
    cell = " -0.0200 ± 0.0100, 0.0058 |"
    assert f"| changed | 200k |{cell}{cell}\n" in capsys.readouterr().out


def test_a_training_that_has_ended_keeps_its_last_loss(capsys):
    print_curves(RESULTS)
    out = capsys.readouterr().out
    assert "| shipped | 200k | later days | 0.6500 | 0.6000 | 0.4500 |" in out
    assert "| shipped | 200k | chosen | 0 | 1 | 1 |" in out
    assert "| changed | 200k | later days | 0.5000 |  |  |" in out


def test_reach_by_horizon(capsys):
    print_reach(RESULTS)
    out = capsys.readouterr().out
    assert "| changed | 4 | 2 | 0.4800 | 0.4800 |" in out
    assert "| MLP | 4 | 5 | 0.4700 | 0.4700 |" in out
    assert "| shipped | all | +0.0300 ± 0.0000, 0.0000 |" in out
    assert "| changed | 3 | +0.0100 ± 0.0100, 0.0100 |" in out
    assert "| changed | 5 |  |" in out


def test_nothing_finished_prints_empty_tables(capsys):
    for show in (print_losses, print_differences, print_curves, print_reach):
        show(Results())
    assert "| variant | scale |" in capsys.readouterr().out
