"""The first section of the report: warnings, verdicts, and the differences that the test split can detect."""

from collections.abc import Iterator, Sequence

from simmer.base.words import count, first_upper, listed, spoken
from simmer.evidence.answer import FEWEST_TRIALS
from simmer.evidence.results import BASE_RATE, Horizon
from simmer.evidence.scaling_verdict import FEWEST_REFITS
from simmer.report.blocks import Block, Findings, Heading, Paragraph, Table
from simmer.report.material import Material, days, number

MEANINGS = {
    "law": "larger is better by a power law of the parameters, over the range of scales that was tried",
    "reverse": "larger is worse over the range of scales that was tried",
    "none": "scale makes no difference of practical size",
    "undetermined": "these data do not decide",
}


def answer_section(material: Material) -> Iterator[Block]:
    """Yield warnings, verdicts, search effort and detectable differences."""
    warnings = _warnings(material)
    if warnings:
        yield Heading("Read this first")
        yield Findings(warnings, alarm=True)
    yield Heading("Does scale help?")
    answers = material.evidence.horizons
    yield Findings([_verdict(one) for one in answers])
    yield Paragraph(
        "Verdicts follow fixed rules from intervals of refits on the test split, which training and search "
        "did not use. All horizons share the 5 % chance of a wrong claim. Parameters are counted."
    )
    yield Paragraph(likeness(answers))
    yield Paragraph(effort(material))
    yield Heading("Differences that this test split can detect", 3)
    yield Table(
        ("horizon", "comparison", "detectable difference"),
        [
            (days(one.days), comparison, number(detectable))
            for one in answers
            for comparison, detectable in _power(one)
        ],
        note="Differences in test log-loss (nats) that are detected with 80 % power. Smaller effects may go "
        "undetected. A difference matters in practice from half a percent of the base rate's loss on.",
    )


def likeness(answers: Sequence[Horizon]) -> str:
    """Return what is compared with what: single refits or averages of members, and the tries of baselines."""
    sizes = sorted({pair.members for one in answers for pair in one.differences})
    tries = max(model.tries or 0 for one in answers for model in one.models)
    between = (
        f"Scales and baselines are compared by averages of {listed([str(size) for size in sizes])} members "
        "on both sides; a baseline without random numbers has one member, which equals any average of it. "
        if sizes
        else ""
    )
    return (
        f"Scales are compared with each other by the mean loss of their single refits. {between}Tries of a "
        f"baseline on validation: {tries}, as many as the largest search has trials."
    )


def _verdict(one: Horizon) -> str:
    verdict = one.scaling.verdict
    because = first_upper(one.scaling.reason.removeprefix(f"{verdict}: "))
    return f"{days(one.days).capitalize()}: {verdict.upper()}, {MEANINGS[verdict]}. {because}."


def _warnings(material: Material) -> list[str]:
    answers = material.evidence.horizons
    found = [f"{days(one.days)}: {sentence}" for one in answers for sentence in one.headlines.against]
    found += _small_searches(material)
    found += [
        f"{days(one.days)}: the test split was looked at {one.looks} times with different predictions. Each "
        "look makes a result by chance more likely."
        for one in answers
        if one.looks > 1
    ]
    found += [
        f"Leakage audit, {check['id']}: {check['verdict']}, {check['measured']}; {check['fix']}"
        for check in material.audit["checks"]
        if check["verdict"] in ("WARN", "FAIL") and not check["id"].startswith("test reads")
    ]
    found += [
        f"{refit.scale}, {days(refit.horizon_days)}: refit {refit.refit} ended as "
        f"{refit.state}" + (" and is left out." if refit.predictions is None else ".")
        for refit in material.refits
        if refit.state != "complete"
    ]
    found += [
        f"{days(one.days)}: {model.name} has {count(model.seeds, 'refit')}; claims about a scale need at "
        f"least {FEWEST_REFITS}, to measure how much refits differ."
        for one in answers
        for model in one.models
        if model.transformer and model.seeds < FEWEST_REFITS
    ]
    return found


def _small_searches(material: Material) -> list[str]:
    counts = {
        scale: min(len(material.trials_of(scale, horizon)) for horizon in material.horizons)
        for scale in material.scales
    }
    small = {scale: trials for scale, trials in counts.items() if trials < FEWEST_TRIALS}
    if not small:
        return []
    listing = ", ".join(f"{trials} at {scale}" for scale, trials in small.items())
    return [
        f"The search had fewer than {FEWEST_TRIALS} trials per study ({listing}). Such a campaign shows that "
        "the workflow runs, not whether scale helps."
    ]


def _power(one: Horizon) -> Iterator[tuple[str, float]]:
    if one.scaling.detectable is not None:
        yield "smallest to largest scale", one.scaling.detectable
    for pair in one.differences:
        if pair.b in (BASE_RATE, one.best_baseline):
            yield f"{pair.a} to {spoken(pair.b)}", pair.detectable


def effort(material: Material) -> str:
    """Return the number of trials and epochs of each scale's search, and a caution about them."""
    scales = [model for model in material.evidence.horizons[0].models if model.transformer]
    listing = ", ".join(
        f"{model.name} {count(model.trials, 'trial')} of up to {count(model.epochs_max, 'epoch')}"
        for model in scales
    )
    alike = len({(model.trials, model.epochs_max) for model in scales}) == 1
    return f"Search effort per study: {listing}. " + (
        "A large model may need more trials and epochs."
        if alike
        else "The effort differs, so a difference between scales may come from it."
    )
