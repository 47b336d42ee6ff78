"""The sections on data, labels and splits, and on the leakage audit."""

from collections.abc import Iterator

from simmer.evidence.results import Split
from simmer.ledger.address import horizon_days_of
from simmer.report.blocks import Block, Heading, Paragraph, Table
from simmer.report.figure_blocks import figure
from simmer.report.material import Material, Values, days, number, percent
from simmer.report.search_section import checks_table

SPLITS = ("train", "validation", "test")
MOST_PROBLEMS = 5


def data_section(material: Material) -> Iterator[Block]:
    """Yield labels, splits, base rates and the validation of the raw data."""
    dataset = material.dataset
    yield Heading("Data")
    yield Paragraph(
        f"{dataset['ticker']}: a label is 1 if {_price(dataset['basis'])} of one of the next days, up to the "
        f"horizon, is at least {100 * dataset['threshold']:g} % above today's Close. A window has "
        f"{dataset['context_days']} days. Decision rows whose label would use days of the next split are "
        "purged; windows may include days of the split before."
    )
    yield from figure(material, "base_rates")
    yield Table(
        ("horizon", "split", "decision rows", "base rate", "from", "to", "log-loss of train's base rate"),
        [
            (days(horizon.days), split, *_split(horizon.splits[split]))
            for horizon in material.evidence.horizons
            for split in SPLITS
        ],
    )
    if "pooled" in dataset:
        yield Paragraph(
            "The model and all baselines but the base rate are also trained on windows of other tickers, "
            "whose labels end before validation begins."
        )
        yield Table(
            ("horizon", "pooled ticker", "train windows", "base rate", "from", "to"),
            [
                (days(horizon_days_of(horizon)), ticker, *_pooled(facts))
                for horizon, tickers in dataset["pooled"].items()
                for ticker, facts in tickers.items()
            ],
        )
    yield Heading("Validation of the raw data", 3)
    yield Table(
        ("file", "ticker", "rows", "from", "to", "SHA-256"),
        [
            (
                entry["path"],
                entry["ticker"],
                str(entry["rows"]),
                entry["date_min"],
                entry["date_max"],
                entry["sha256"][:16],
            )
            for entry in material.data_validation["checked"]
        ],
        note=_problems(material.data_validation),
    )
    for entry in material.data_validation["checked"]:
        if entry.get("choices"):
            yield Paragraph(f"{entry['ticker']}, by choice: {entry['choices']}.")


def audit_section(material: Material) -> Iterator[Block]:
    """Yield the check table of the leakage audit, controls included."""
    yield Heading("Leakage audit")
    yield checks_table(material.audit["checks"])


def _split(split: Split) -> tuple[str, ...]:
    return (
        str(split.n),
        percent(split.base_rate),
        split.first_date,
        split.last_date,
        number(split.prior_log_loss),
    )


def _pooled(facts: Values) -> tuple[str, ...]:
    return str(facts["n"]), percent(facts["base_rate"]), facts["first_date"], facts["last_date"]


def _price(basis: str) -> str:
    return {"high": "the High", "close": "the Close"}[basis]


def _problems(validation: Values) -> str:
    problems = validation["problems"]
    if not problems:
        return "The data pass every rule for bars and manifests."
    listing = "; ".join(
        f"{problem['severity']} in {problem['file']}{_row(problem)}: {problem['message']}"
        for problem in problems[:MOST_PROBLEMS]
    )
    more = len(problems) - MOST_PROBLEMS
    return listing + (f"; and {more} more in data_validation.txt" if more > 0 else "")


def _row(problem: Values) -> str:
    return "" if problem["row"] is None else f", row {problem['row']}"
