"""Large daily moves by kind of ticker, and moves that look like a split without adjustment."""

import pytest

from simmer.data.bars import check_bars
from support.bars import random_bars, rules


def check(frame, *, kind="etf"):
    return check_bars(frame, file_name="X.csv", kind=kind, calendar=None)


@pytest.mark.parametrize(
    ("kind", "factor", "rule"),
    [
        ("etf", 1.24, None),
        ("etf", 1.26, "large_return"),
        ("etf", 0.76, None),
        ("etf", 0.74, "large_return"),
        ("index", 1.24, None),
        ("index", 1.26, "large_return"),
        ("no_volume_index", 2.4, None),
        ("no_volume_index", 2.6, "large_return"),
        ("no_volume_index", 0.1, None),
        # Within 2 % of a half it is a split, beyond it a large return.
        ("etf", 0.509, "split"),
        ("etf", 0.515, "large_return"),
        ("index", 2.03, "split"),
        ("index", 1.95, "large_return"),
        ("index", 2.05, "jump"),
        ("index", 0.48, "jump"),
        ("no_volume_index", 4.1, "jump"),
        ("crypto", 3.9, "large_return"),
        ("crypto", 4.1, "jump"),
    ],
)
def test_the_largest_normal_move_depends_on_the_kind(kind, factor, rule):
    frame = random_bars(30).assign(Volume=0 if kind == "no_volume_index" else 7)
    frame.loc[9:10, ["Open", "High", "Low", "Close"]] = [100.0, 101.0, 99.0, 100.0]
    frame.loc[10:, ["Open", "High", "Low", "Close"]] *= factor
    frame.loc[11:, ["Open", "High", "Low", "Close"]] *= 100 * factor / frame.loc[11, "Close"]
    assert rules(check(frame, kind=kind)) == []
    assert rules(check(frame, kind=kind), "warning") == ([(rule, 12)] if rule else [])


@pytest.mark.parametrize(
    ("factor", "volume", "said"),
    [
        (0.675, 1.0, False),  # the ratio of 3 for 2, and as many shares as before
        (0.5, 1.4, False),
        (0.5, 1.5, True),
        (0.5, 5.0, True),
        (0.5, 0.4, False),
        (2.0, 0.6, True),
        (2.0, 0.7, False),
        (2.0, 2.0, False),
        (2.0, 0.0, False),
    ],
)
def test_the_message_names_the_volume_only_if_it_moves_the_other_way(factor, volume, said):
    frame = random_bars(30)
    frame.loc[9:10, ["Open", "High", "Low", "Close"]] = [100.0, 101.0, 99.0, 100.0]
    frame.loc[10:, ["Open", "High", "Low", "Close"]] *= factor
    frame["Volume"] = 1_000_000
    frame.loc[10, "Volume"] = int(1_000_000 * volume)
    (problem,) = [p for p in check(frame, kind="index") if p.rule == "split"]
    assert (f"volume by a factor of {volume:.1f}" in problem.message) == said
    assert ("volume" in problem.message) == said


@pytest.mark.parametrize("ratio", [2, 3, 4, 10, 1.5, 1 / 2, 1 / 5])
def test_a_move_by_the_ratio_of_a_split_is_reported_as_a_split(ratio):
    frame = random_bars(30)
    frame.loc[9:10, ["Open", "High", "Low", "Close"]] = [100.0, 101.0, 99.0, 100.0]
    frame.loc[10:, ["Open", "High", "Low", "Close"]] /= ratio
    frame["Volume"] = 1_000_000
    frame.loc[10, "Volume"] = int(1_000_000 / ratio)
    (problem,) = [p for p in check(frame) if p.rule == "split"]
    assert (problem.row, problem.severity) == (12, "warning")
    assert "volume" not in problem.message
    frame.loc[10, "Volume"] = int(1_000_000 * ratio)
    (problem,) = [p for p in check(frame) if p.rule == "split"]
    assert f"volume by a factor of {ratio:.1f}" in problem.message
