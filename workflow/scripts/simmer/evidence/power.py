"""How large a difference a test split could have shown, so that "no difference" is not read as "equal".

The standard error is measured on the split, by a paired block bootstrap; it needs no assumption about the
size of the true difference. Power at the difference that happened to be found says nothing that the p-value
does not, and is not computed (Hoenig and Heisey, "The abuse of power", American Statistician 55 (2001)
19-24).
"""

from statistics import NormalDist

from simmer.base.errors import DatasetError
from simmer.evidence.bootstrap import LEVEL

SIGNIFICANCE = 1 - LEVEL
POWER = 0.8


def detectable_difference(
    standard_error: float, *, significance: float = SIGNIFICANCE, power: float = POWER
) -> float:
    """Return the smallest true difference that a two-sided test finds with probability `power`.

    (z[1 - significance/2] + z[power]) standard errors, with z the quantiles of the normal distribution: 2.80
    at 5 % and 80 % (Bloom, "Minimum detectable effects", Evaluation Review 19 (1995) 547-556). It leaves out
    the chance of a significant result of the wrong sign, which is 1 in 1,000,000 there.

    Raises:
        DatasetError: when the standard error is negative or not finite, or `significance` and `power` are
            not probabilities with the power above the significance.
    """
    if not 0 <= standard_error < float("inf"):
        raise DatasetError(
            f"a standard error of {standard_error}; expected a finite one, bootstrap the split first"
        )
    if not 0 < significance < power < 1:
        raise DatasetError(
            f"a significance of {significance} and a power of {power}; expected probabilities with the "
            "power above the significance"
        )
    normal = NormalDist()
    return (normal.inv_cdf(1 - significance / 2) + normal.inv_cdf(power)) * standard_error
