from statistics import NormalDist

import pytest

from simmer.base.errors import DatasetError
from simmer.evidence.power import detectable_difference


def test_detectable_difference_has_the_asked_power():
    normal = NormalDist()
    assert detectable_difference(1.0) == pytest.approx(2.8016, abs=5e-5)
    assert detectable_difference(0.013) == pytest.approx(0.013 * 2.8016, rel=1e-4)
    for significance, power in ((0.05, 0.8), (0.05, 0.9), (0.01, 0.8)):
        effect = detectable_difference(1.0, significance=significance, power=power)
        border = normal.inv_cdf(1 - significance / 2)
        found = 1 - normal.cdf(border - effect) + normal.cdf(-border - effect)
        assert found == pytest.approx(power, abs=2e-6)
    assert detectable_difference(0.0) == 0.0


@pytest.mark.parametrize("error", [-0.1, float("nan"), float("inf")])
def test_invalid_standard_errors_are_refused(error):
    with pytest.raises(DatasetError, match="bootstrap the split first"):
        detectable_difference(error)


@pytest.mark.parametrize(("significance", "power"), [(0.0, 0.8), (0.05, 1.0), (0.05, 0.05), (0.8, 0.05)])
def test_impossible_tests_are_refused(significance, power):
    with pytest.raises(DatasetError, match="power above the significance"):
        detectable_difference(1.0, significance=significance, power=power)
