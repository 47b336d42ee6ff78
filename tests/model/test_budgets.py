"""The shapes of every scale meet the budget, counted on the real model on the meta device."""

import random

import pytest
import torch

from simmer.base.errors import BudgetError
from simmer.model.budgets import Geometry, expected_parameters, solve_shape
from simmer.model.patchtst import PatchTST, counted_parameters
from support.configs import default_config

GEOMETRY = Geometry(channels=25, context_days=60, patch_days=10, stride_days=5)
CONFIG = default_config()


def counted(shape):
    with torch.device("meta"):
        return counted_parameters(PatchTST(shape, dropout=0.1, window_norm=True))


@pytest.mark.parametrize("scale", CONFIG.scales)
def test_the_default_shape_of_every_scale_meets_its_budget(scale):
    study = CONFIG.study(scale, 1)
    parameters = counted(study.shape(study.default))
    assert abs(parameters / study.budget_parameters - 1) <= 0.02


@pytest.mark.parametrize("patch_days", [None, 10])
@pytest.mark.parametrize("budget", [20_000, 2_000_000])
def test_nested_patches_are_part_of_the_budget(budget, patch_days):
    geometry = Geometry(
        channels=33,
        context_days=60,
        patch_days=patch_days,
        stride_days=patch_days and 5,
        nested_days=(1, 5, 20, 60),
    )
    shape = solve_shape(
        budget=budget, tolerance=0.02, geometry=geometry, depth=2, head_width=16, ff_ratio=2.0
    )
    assert abs(counted(shape) / budget - 1) <= 0.02
    assert counted(shape) == expected_parameters(shape)


@pytest.mark.parametrize("suggestions", [20, pytest.param(200, marks=pytest.mark.long)])
@pytest.mark.parametrize("scale", CONFIG.scales)
def test_random_suggestions_of_every_scale_meet_the_budget(scale, suggestions):
    study = CONFIG.study(scale, 1)
    dice = random.Random(f"budgets of {scale}")
    for _ in range(suggestions):
        shape = solve_shape(
            budget=study.budget_parameters,
            tolerance=study.budget_tolerance,
            geometry=study.geometry,
            depth=draw(study.space.dimensions["depth"], dice),
            head_width=draw(study.space.dimensions["head_width"], dice),
            ff_ratio=draw(study.space.dimensions["ff_ratio"], dice),
        )
        parameters = counted(shape)
        assert abs(parameters / study.budget_parameters - 1) <= 0.02, shape
        assert parameters == expected_parameters(shape)


def draw(dimension, dice):
    if hasattr(dimension, "values"):
        return dice.choice(dimension.values)
    return dice.randint(dimension.low, dimension.high)


@pytest.mark.parametrize("ff_ratio", [2.0, 4.0, 6.0])
def test_the_achieved_ratio_is_near_the_one_asked_for(ff_ratio):
    shape = solve_shape(
        budget=20_000_000, tolerance=0.02, geometry=GEOMETRY, depth=6, head_width=64, ff_ratio=ff_ratio
    )
    assert shape.ff_width / shape.width == pytest.approx(ff_ratio, rel=0.05)


def test_an_impossible_shape_is_refused_with_advice():
    with pytest.raises(BudgetError, match=r"depth 500.*lower the depth"):
        solve_shape(budget=40_000, tolerance=0.02, geometry=GEOMETRY, depth=500, head_width=64, ff_ratio=4.0)
