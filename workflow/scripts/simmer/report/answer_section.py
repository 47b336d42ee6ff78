"""The answer: what speaks against it first, then verdicts, and what could have been seen."""

from collections.abc import Iterator

from simmer.base.words import count, spoken
from simmer.evidence.answer import FEWEST_TRIALS
from simmer.evidence.scaling_verdict import FEWEST_SEEDS
from simmer.report.blocks import Block, Findings, Heading, Paragraph, Table
from simmer.report.material import Material, Values, days, number

MEANINGS = {
    "law": "larger is better, by a power of its parameters, over the range that was tried",
    "reverse": "larger is worse over the range that was tried",
    "none": "scale makes no difference of practical size",
    "undetermined": "these data do not decide",
}


def answer_section(material: Material) -> Iterator[Block]:
    """Yield what a reader who stops here must know."""
    warnings = _warnings(material)
    if warnings:
        yield Heading("Read this first")
        yield Findings(warnings, alarm=True)
    yield Heading("Does scale help?")
    answers = {horizon: material.evidence["horizons"][horizon] for horizon in material.horizons}
    yield Findings([_verdict(horizon, one["scaling"]) for horizon, one in answers.items()])
    yield Paragraph(
        "Verdicts follow fixed rules from intervals of refits on the test split, which nothing before them "
        "could read; the chance of a wrong claim, 5 %, is shared by all horizons. Parameters are counted."
    )
    yield Paragraph(effort(material))
    yield Heading("What this test split could have shown", 3)
    yield Table(
        ("horizon", "comparison", "could have been seen"),
        [
            (days(horizon), comparison, number(detectable))
            for horizon, one in answers.items()
            for comparison, detectable in _power(one)
        ],
        note="Differences in test log-loss (nats) that would have been seen with 80 % power. A smaller "
        "effect may be there and cannot be seen here. Half a percent of the loss of the base rate counts as "
        "practical.",
    )


def _verdict(horizon: str, scaling: Values) -> str:
    verdict = scaling["verdict"]
    reason = scaling["reason"].removeprefix(f"{verdict}: ")
    because = reason[:1].upper() + reason[1:]
    return f"{days(horizon).capitalize()}: {verdict.upper()}, {MEANINGS[verdict]}. {because}."


def _warnings(material: Material) -> list[str]:
    answers = material.evidence["horizons"]
    found = [
        f"{days(horizon)}: {sentence}"
        for horizon in material.horizons
        for sentence in answers[horizon]["headlines"]["against"]
    ]
    found += _small_searches(material)
    found += [
        f"{days(horizon)}: the test split was looked at {answers[horizon]['looks']} times with different "
        "predictions, and each look makes a lucky result more likely."
        for horizon in material.horizons
        if answers[horizon]["looks"] > 1
    ]
    found += [
        f"Leakage audit, {check['id']}: {check['verdict']}, {check['measured']}; {check['fix']}"
        for check in material.audit["checks"]
        if check["verdict"] in ("WARN", "FAIL") and not check["id"].startswith("test reads")
    ]
    found += [
        f"{refit['scale']}, {days(str(refit['horizon_days']))}: refit {refit['refit']} ended as "
        f"{refit['state']}" + (" and is left out." if refit["predictions"] is None else ".")
        for refit in material.refits
        if refit["state"] != "complete"
    ]
    found += [
        f"{days(horizon)}: {model['name']} was refitted {model['seeds']} times; claims about it take at "
        f"least {FEWEST_SEEDS}, for fewer do not show how refits differ."
        for horizon in material.horizons
        for model in answers[horizon]["models"]
        if model["kind"] == "transformer" and model["seeds"] < FEWEST_SEEDS
    ]
    return found


def _small_searches(material: Material) -> list[str]:
    counts = {
        scale: min(len(material.trials_of(scale, horizon)) for horizon in material.horizons)
        for scale in material.scales
    }
    small = {scale: count for scale, count in counts.items() if count < FEWEST_TRIALS}
    if not small:
        return []
    listing = ", ".join(f"{count} at {scale}" for scale, count in small.items())
    return [
        f"The search had fewer than {FEWEST_TRIALS} trials a study ({listing}): this proves that the chain "
        "works, and says nothing about scale."
    ]


def _power(answer: Values) -> Iterator[tuple[str, float]]:
    if answer["scaling"]["detectable"] is not None:
        yield "smallest to largest scale", answer["scaling"]["detectable"]
    for difference in answer["differences"]:
        if difference["b"] in ("base_rate", answer["best_baseline"]):
            yield f"{difference['a']} to {spoken(difference['b'])}", difference["detectable"]


def effort(material: Material) -> str:
    """Return with how many trials and epochs each scale was searched, and whether these differ."""
    models = next(iter(material.evidence["horizons"].values()))["models"]
    scales = [model for model in models if model["kind"] == "transformer"]
    listing = ", ".join(
        f"{model['name']} {count(model['trials'], 'trial')} of up to {count(model['epochs_max'], 'epoch')}"
        for model in scales
    )
    alike = len({(model["trials"], model["epochs_max"]) for model in scales}) == 1
    return f"The search of a study: {listing}. " + (
        "A large model may need more of both."
        if alike
        else "These differ, so a difference between scales may be one of effort."
    )
