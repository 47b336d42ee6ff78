"""Compute the difference that a test split can detect, so that "no difference" is not taken for "equal".

The standard error comes from a paired block bootstrap of the split and needs no assumption about the true
difference. Power at the observed difference is not computed, as it adds nothing to the p-value (Hoenig and
Heisey, "The abuse of power", American Statistician 55 (2001) 19-24).
"""

from statistics import NormalDist

from simmer.base.errors import DatasetError
from simmer.evidence.bootstrap import LEVEL

SIGNIFICANCE = 1 - LEVEL
POWER = 0.8


def detectable_difference(
    standard_error: float, *, significance: float = SIGNIFICANCE, power: float = POWER
) -> float:
    """Return the smallest true difference that a two-sided test detects with probability `power`.

    It is (z[1 - significance/2] + z[power]) standard errors, with z the quantiles of the normal distribution:
    2.80 at 5 % and 80 % (Bloom, "Minimum detectable effects", Evaluation Review 19 (1995) 547-556). It
    neglects the chance of a significant result with the wrong sign, about 1 in 1,000,000 at these values.

    Raises:
        DatasetError: when the standard error is negative or not finite, or not 0 < significance < power < 1.
    """
    if not 0 <= standard_error < float("inf"):
        raise DatasetError(
            f"found a standard error of {standard_error}, expected a finite one; bootstrap the split first"
        )
    if not 0 < significance < power < 1:
        raise DatasetError(
            f"found a significance of {significance} and a power of {power}; expected probabilities with the "
            "power above the significance"
        )
    normal = NormalDist()
    return (normal.inv_cdf(1 - significance / 2) + normal.inv_cdf(power)) * standard_error
