"""Decide the verdict on scaling by fixed rules from intervals, and write the sentence that gives its reason.

- *law*: from the smallest to the largest scale, the loss falls by at least the practical minimum, and the
  interval of this change excludes 0. The interval of the exponent excludes 0 too; its fit is robust against a
  single outlying scale. No scale is worse than a smaller one by the practical minimum and beyond noise. The
  largest scale beats the base rate; otherwise a falling loss could only mean less overfitting.
- *reverse*: the same with opposite sign, except that no scale has to beat the base rate: the finding that
  size harms holds without it, and the reason mentions it.
- *none*: the intervals of all differences between the winners of two scales lie within plus and minus the
  practical minimum, which excludes effects of practical size. A difference that is not significant is no
  evidence of equality (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15 (1987) 657-680; its
  two one-sided tests are slightly less strict).
- *undetermined*: everything else, and always with fewer than `FEWEST_SCALES` scales, a ratio of largest to
  smallest parameters below `LEAST_SPAN`, or fewer than `FEWEST_REFITS` refits of a scale.
"""

import math
from dataclasses import dataclass
from typing import Literal

Name = Literal["law", "none", "reverse", "undetermined"]

FEWEST_SCALES = 3
FEWEST_REFITS = 3
LEAST_SPAN = 10.0  # largest / smallest; below it, a power law looks like other smooth curves


@dataclass(frozen=True)
class Estimate:
    """A figure and its interval, in the unit of the figure."""

    value: float
    low: float
    high: float

    @property
    def sign(self) -> int:
        """1 or -1 if the interval excludes 0, else 0."""
        return int(self.low > 0) - int(self.high < 0)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Loss of the scale with more parameters minus that of the one with fewer, in nats.

    Attributes:
        fewer, more: counted parameters of the two.
        change: the difference; below 0 if the loss falls with scale.
    """

    fewer: float
    more: float
    change: Estimate


@dataclass(frozen=True, kw_only=True)
class Findings:
    """The figures on which a verdict is based; all intervals have the same level.

    Attributes:
        parameters: [scales] counted parameters, ascending.
        losses: [scales] mean test log-loss over refits, nats.
        refits: [scales] number of refits.
        level: of each interval, 1 - 0.05 / comparisons.
        comparisons: number of horizons assessed together.
        change: largest minus smallest scale, including the noise between searches.
        differences: between the winners of every two scales.
        exponent: alpha of the pure power, above 0 if the loss falls with scale.
        skills: [scales] 1 - loss / loss of the base rate.
        practical: the smallest change that matters in practice, nats.
        detectable: the change from smallest to largest that is detected with 80 % power, nats.
        leans_on: parameters of each scale without which the exponent's interval would include 0; empty if too
            few scales would be left.
    """

    parameters: tuple[float, ...]
    losses: tuple[float, ...]
    refits: tuple[int, ...]
    level: float
    comparisons: int
    change: Difference
    differences: tuple[Difference, ...]
    exponent: Estimate
    skills: tuple[Estimate, ...]
    practical: float
    detectable: float
    leans_on: tuple[float, ...]


@dataclass(frozen=True)
class Verdict:
    """A verdict, and one sentence with its reason in figures."""

    name: Name
    reason: str


def judge(findings: Findings) -> Verdict:
    """Return the verdict by the rules in the docstring of this module."""
    words = _Words(findings)
    change, exponent = findings.change.change, findings.exponent
    if too_few := _too_few(findings):
        return words.verdict("undetermined", too_few)
    if all(_within(difference.change, findings.practical) for difference in findings.differences):
        return words.verdict(
            "none",
            f"the winners of any two scales differ by less than {words.nats(findings.practical)}"
            f"{words.standing()}",
        )
    falls, rises = (_steepest(findings, sign) for sign in (-1, 1))
    if falls and rises:
        return words.verdict(
            "undetermined",
            f"the loss both falls and rises beyond noise, {words.step(falls)} and {words.step(rises)}",
        )
    if change.sign == 0:
        return words.verdict(
            "undetermined",
            f"a change of {words.nats(findings.detectable)} would be detected with 80 % power",
        )
    if abs(change.value) < findings.practical:
        return words.verdict(
            "undetermined", f"less than the {words.nats(findings.practical)} that matter in practice"
        )
    if exponent.sign != -change.sign:
        return words.verdict("undetermined", f"but the exponent, {words.exponent()}, may be 0")
    if change.sign > 0:
        return words.verdict("reverse", f"exponent {words.exponent()}{words.leaning()}{words.standing()}")
    if findings.skills[-1].sign <= 0:
        return words.verdict(
            "undetermined", f"but the largest scale does not beat the base rate, {words.skill(-1)}"
        )
    return words.verdict("law", f"exponent {words.exponent()}{words.leaning()}")


def count(parameters: float) -> str:
    """Return a number of parameters to two digits with its unit: 1.8M, 19M, 200M, 2.0B."""
    rounded = float(f"{parameters:.1e}")
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if rounded >= size:
            return f"{rounded / size:.1f}{unit}" if rounded < 10 * size else f"{rounded / size:.0f}{unit}"
    return f"{rounded:.0f}"


def _too_few(findings: Findings) -> str | None:
    parameters = findings.parameters
    if len(parameters) < FEWEST_SCALES:
        return f"there are {len(parameters)} scales, and a law needs at least {FEWEST_SCALES}"
    if parameters[-1] < LEAST_SPAN * parameters[0]:
        return (
            f"the largest has {parameters[-1] / parameters[0]:.2g} times the parameters of the smallest, and "
            f"a law needs at least {LEAST_SPAN:g} times"
        )
    fewest = min(findings.refits)
    if fewest < FEWEST_REFITS:
        at = count(parameters[findings.refits.index(fewest)])
        return f"{at} has {fewest} refits, and every scale needs at least {FEWEST_REFITS}"
    return None


def _within(estimate: Estimate, size: float) -> bool:
    return -size < estimate.low and estimate.high < size


def _steepest(findings: Findings, sign: int) -> Difference | None:
    # Steps below the practical minimum do not count, even if they are significant.
    steps = [
        step
        for step in findings.differences
        if step.change.sign == sign and abs(step.change.value) >= findings.practical
    ]
    return max(steps, key=lambda step: abs(step.change.value)) if steps else None


class _Words:
    """The figures of one set of findings, in words."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        change = findings.change.change
        # Two digits of the half-width, so that the ends of an interval never print as equal.
        size = max((change.high - change.low) / 2, 1e-9)
        self.digits = min(max(3, 1 - math.floor(math.log10(size))), 9)
        self.percent = f"{100 * findings.level:.3g} %"

    def verdict(self, name: Name, why: str) -> Verdict:
        change = self.findings.change
        return Verdict(
            name,
            f"{name}: from {count(change.fewer)} to {count(change.more)} parameters the test log-loss "
            f"changes by {self.figure(change.change)}; {why}",
        )

    def figure(self, estimate: Estimate) -> str:
        value, low, high = (f"{x:+.{self.digits}f}" for x in (estimate.value, estimate.low, estimate.high))
        return f"{value} ({self.percent} {low} to {high})"

    def nats(self, value: float) -> str:
        return f"{value:.{self.digits}f}"

    def step(self, step: Difference) -> str:
        return f"{count(step.fewer)} to {count(step.more)} by {self.figure(step.change)}"

    def exponent(self) -> str:
        found = self.findings.exponent
        size = max((found.high - found.low) / 2, 1e-9)
        digits = min(max(3, 1 - math.floor(math.log10(size))), 9)
        value, low, high = (f"{x:.{digits}f}" for x in (found.value, found.low, found.high))
        return f"{value} ({low} to {high})"

    def leaning(self) -> str:
        scales = " or ".join(count(parameters) for parameters in self.findings.leans_on)
        return f", though without {scales} it may be 0" if scales else ""

    def skill(self, scale: int) -> str:
        value, low, high = (
            f"{100 * x:.1f}"
            for x in (getattr(self.findings.skills[scale], part) for part in ("value", "low", "high"))
        )
        return f"skill {value} % ({low} to {high})"

    def standing(self) -> str:
        beaten = any(skill.sign > 0 for skill in self.findings.skills)
        return "" if beaten else ", and no scale beats the base rate"
