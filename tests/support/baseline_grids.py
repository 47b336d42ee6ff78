"""Small grids of settings for the baselines, so that tests fit few models."""

from collections.abc import Mapping

import pytest

from simmer.evidence import baseline_models

SMALL = {
    "BOOSTING_RATES": (0.1,),
    "MAX_BOOSTING_ITERATIONS": 120,
    "BOOSTING_DEPTHS": (2, 3),
    "MLP_MEMBERS": 2,
    "MLP_PENALTIES": (10.0, 1.0),
}
ONE_SETTING = {
    "INVERSE_PENALTIES": (0.1,),
    "BOOSTING_DEPTHS": (3,),
    "MLP_MEMBERS": 1,
    "MLP_PENALTIES": (1.0,),
    "MLP_HIDDEN": ((16,),),
}


def use_grids(patch: pytest.MonkeyPatch, grids: Mapping[str, object]) -> None:
    """Replace the grids of these names."""
    for name, grid in grids.items():
        patch.setattr(baseline_models, name, grid)
