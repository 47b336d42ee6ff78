"""The report over several tickers: verdicts, claims and losses side by side; each ticker has its own page."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from simmer.base.words import count, listed, spoken
from simmer.evidence.results import Evidence, Horizon
from simmer.report.answer_section import MEANINGS
from simmer.report.blocks import Block, Findings, Heading, Paragraph, Table
from simmer.report.content import LIMITS
from simmer.report.material import days, number


def tickers_title(campaign: str) -> str:
    """Return the title of the report."""
    return f"Does scale help? Campaign {campaign}, all tickers"


def tickers_content(
    campaign: str, evidence: Mapping[str, Evidence], pages: Mapping[str, str]
) -> Iterator[Block]:
    """Yield the report.

    Args:
        campaign: its name.
        evidence: of each ticker, in the order of the tables.
        pages: where the report of each ticker is, as text.
    """
    answers = [(ticker, one) for ticker, found in evidence.items() for one in found.horizons]
    yield Heading(tickers_title(campaign), 1)
    against = _sentences(answers, "against")
    if against:
        yield Heading("Read this first")
        yield Findings(against, alarm=True)
    yield Heading("Does scale help?")
    yield Findings([_tally(answers, len(evidence)), *_decided(answers), *_sentences(answers, "in_favour")])
    comparisons = max(found.comparisons for found in evidence.values())
    yield Paragraph(
        "All tickers share the 5 % chance of a wrong claim: verdicts are adjusted for all tickers and "
        f"horizons, p-values for up to {count(comparisons, 'comparison')}. Prices of one market move "
        "together, so the same verdict for several tickers is less evidence than their number suggests."
    )
    for horizon in dict.fromkeys(one.days for _, one in answers):
        yield Heading(days(horizon).capitalize())
        yield _losses([(ticker, one) for ticker, one in answers if one.days == horizon])
    yield Heading("Each ticker")
    yield Table(("ticker", "its report"), [(ticker, pages[ticker]) for ticker in evidence])
    yield Heading("Limits of this report")
    for sentence in LIMITS:
        yield Paragraph(sentence)


def _tally(answers: Sequence[tuple[str, Horizon]], tickers: int) -> str:
    found = Counter(one.scaling.verdict for _, one in answers)
    each = [
        f"{found[verdict]} {verdict.upper()}, {MEANINGS[verdict]}" for verdict in MEANINGS if found[verdict]
    ]
    return f"{count(len(answers), 'verdict')} on {count(tickers, 'ticker')}: {'; '.join(each)}."


def _decided(answers: Sequence[tuple[str, Horizon]]) -> list[str]:
    """Return a sentence for each verdict that decides, with the tickers it holds for."""
    found = []
    for verdict in MEANINGS:
        names = [f"{ticker} ({days(one.days)})" for ticker, one in answers if one.scaling.verdict == verdict]
        if names and verdict != "undetermined":
            found.append(f"{verdict.upper()}: {listed(names)}.")
    return found


def _sentences(answers: Sequence[tuple[str, Horizon]], side: str) -> list[str]:
    return [
        f"{ticker}, {days(one.days)}: {sentence}"
        for ticker, one in answers
        for sentence in getattr(one.headlines, side)
    ]


def _losses(answers: Sequence[tuple[str, Horizon]]) -> Table:
    scales = list(dict.fromkeys(model.name for _, one in answers for model in one.scales))
    rows = []
    for ticker, one in answers:
        by_name = {model.name: model for model in one.models}
        best = by_name[one.best_baseline]
        rows.append(
            (
                ticker,
                str(one.decisions),
                number(one.base_rate_log_loss),
                f"{number(best.loss_of_average)} ({spoken(best.name)})",
                *(number(by_name[scale].loss_of_average) if scale in by_name else "-" for scale in scales),
                one.scaling.verdict,
            )
        )
    return Table(
        ("ticker", "test rows", "base rate", "best baseline", *scales, "verdict on scale"),
        rows,
        note="Test log-loss (nats) of averaged members; the best baseline is chosen on validation. "
        "Intervals and p-values are in the report of each ticker.",
    )
