"""The verdict on scaling, by fixed rules from intervals, and the sentence that gives its reason.

- *law*: from the smallest to the largest scale the loss falls by at least the practical minimum and the
  interval of this difference excludes 0; so does that of the exponent, whose line hardly bends to a single
  scale far off the others; no scale is worse than a smaller one by the minimum and beyond noise; and the
  largest beats the prior, without which "falls" only means "overfits less".
- *reverse*: the mirror image, except that no scale has to beat the prior: that size harms is a finding even
  then, and the reason says so.
- *none*: the intervals of all differences between the winners of two scales lie within plus and minus the
  practical minimum, so that effects of practical size are excluded. Not being significant is no evidence of
  equality (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15 (1987) 657-680, whose two
  one-sided tests ask for a little less).
- *undetermined*: anything else, and always with fewer than `FEWEST_SCALES` scales, a span of parameters below
  `LEAST_SPAN`, or fewer than `FEWEST_SEEDS` seeds at a scale.
"""

import math
from dataclasses import dataclass
from typing import Literal

Name = Literal["law", "none", "reverse", "undetermined"]

FEWEST_SCALES = 3
FEWEST_SEEDS = 3
LEAST_SPAN = 10.0  # largest over smallest; over less, a power law looks like any other smooth curve


@dataclass(frozen=True)
class Estimate:
    """A figure and its interval, in the unit of the figure."""

    value: float
    low: float
    high: float

    @property
    def sign(self) -> int:
        """1 or -1 where the interval excludes 0, else 0."""
        return int(self.low > 0) - int(self.high < 0)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Loss of the scale with more parameters less that of the one with fewer, in nats.

    Attributes:
        fewer, more: counted parameters of the two.
        change: the difference; below 0 where the loss falls.
    """

    fewer: float
    more: float
    change: Estimate


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a verdict rests on; every interval has the same level.

    Attributes:
        parameters: [scales] counted parameters, ascending.
        losses: [scales] mean test log-loss over seeds, nats.
        seeds: [scales] number of seeds.
        level: of each interval, 1 - 0.05 / comparisons.
        comparisons: horizons assessed together.
        change: largest less smallest scale, the noise between searches included.
        differences: of the winners of every two scales.
        exponent: alpha of the pure power, above 0 where the loss falls.
        skills: [scales] 1 - loss / loss of the prior.
        practical: the smallest change that matters, nats.
        detectable: the change from smallest to largest that such data would show with 80 % power, nats.
        leans_on: parameters of scales without any one of which the exponent's interval would include 0; empty
            where too few would be left to say.
    """

    parameters: tuple[float, ...]
    losses: tuple[float, ...]
    seeds: tuple[int, ...]
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
    """A verdict, and one sentence that gives its reason in figures."""

    name: Name
    reason: str


def judge(findings: Findings) -> Verdict:
    """Return the verdict by the rules at the head of this module."""
    words = _Words(findings)
    change, exponent = findings.change.change, findings.exponent
    if too_few := _too_few(findings):
        return words.verdict("undetermined", too_few)
    if all(_within(difference.change, findings.practical) for difference in findings.differences):
        return words.verdict(
            "none",
            f"the winners of no two scales differ by as much as {words.nats(findings.practical)}"
            f"{words.standing()}",
        )
    falls, rises = (_steepest(findings, sign) for sign in (-1, 1))
    if falls and rises:
        return words.verdict(
            "undetermined",
            f"it goes both ways beyond noise, {words.step(falls)} and {words.step(rises)}",
        )
    if change.sign == 0:
        return words.verdict(
            "undetermined",
            f"a change of {words.nats(findings.detectable)} would have been seen with 80 % power",
        )
    if abs(change.value) < findings.practical:
        return words.verdict("undetermined", f"less than the {words.nats(findings.practical)} that matter")
    if exponent.sign != -change.sign:
        return words.verdict("undetermined", f"but the exponent, {words.exponent()}, may be 0")
    if change.sign > 0:
        return words.verdict("reverse", f"exponent {words.exponent()}{words.leaning()}{words.standing()}")
    if findings.skills[-1].sign <= 0:
        return words.verdict(
            "undetermined", f"but the largest scale does not beat the prior, {words.skill(-1)}"
        )
    return words.verdict("law", f"exponent {words.exponent()}{words.leaning()}")


def count(parameters: float) -> str:
    """Return a number of parameters as people write it, to two digits: 1.8M, 19M, 200M, 2.0B."""
    rounded = float(f"{parameters:.1e}")
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if rounded >= size:
            return f"{rounded / size:.1f}{unit}" if rounded < 10 * size else f"{rounded / size:.0f}{unit}"
    return f"{rounded:.0f}"


def _too_few(findings: Findings) -> str | None:
    parameters = findings.parameters
    if len(parameters) < FEWEST_SCALES:
        return f"{len(parameters)} scales are no law, it takes at least {FEWEST_SCALES}"
    if parameters[-1] < LEAST_SPAN * parameters[0]:
        return (
            f"the largest has {parameters[-1] / parameters[0]:.2g} times the parameters of the smallest, and "
            f"a law takes at least {LEAST_SPAN:g} times"
        )
    fewest = min(findings.seeds)
    if fewest < FEWEST_SEEDS:
        at = count(parameters[findings.seeds.index(fewest)])
        return f"{at} has {fewest} seeds, and their noise takes at least {FEWEST_SEEDS} at every scale"
    return None


def _within(estimate: Estimate, size: float) -> bool:
    return -size < estimate.low and estimate.high < size


def _steepest(findings: Findings, sign: int) -> Difference | None:
    # A step too small to matter, however sure, does not make the losses go both ways.
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
        # Two digits of the half-width, so that an interval never prints as a single number.
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
        return "" if beaten else ", and no scale beats the prior"
