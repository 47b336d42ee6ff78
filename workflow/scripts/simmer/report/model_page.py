"""The card of a saved model as a page for people."""

from collections.abc import Iterator, Sequence

from simmer.base.words import count, percent, short, size
from simmer.ledger.model_card import NO_ADVICE, PICTURE, Card, CardScores
from simmer.report.blocks import Block, Findings, Heading, Paragraph, Table
from simmer.report.markdown import to_markdown
from simmer.report.material import days, interval, number


def model_page(card: Card, *, absent: Sequence[str]) -> str:
    """Return the page in Markdown.

    Args:
        card: of the model.
        absent: what to say of refits without weights, a sentence each.
    """
    picture = "" if card.test is None else f"\n![Calibration on the test split]({PICTURE})\n"
    return to_markdown(list(_blocks(card, absent))) + picture


def _blocks(card: Card, absent: Sequence[str]) -> Iterator[Block]:
    yield Heading(f"{card.name}: {card.bars.ticker}, campaign {card.campaign}", 1)
    yield Paragraph(
        f"The probability that {card.event}. A prediction is the average of "
        f"{count(len(card.members), 'member')}: trainings of the same hyperparameters from different seeds."
    )
    yield Paragraph(NO_ADVICE)
    yield Heading("What the report says of it")
    yield Findings(card.findings)
    if card.test is not None:
        yield from _scores(card, card.test)
    yield Heading("Members")
    if card.members:
        yield Table(
            ("file", "seed", "best epoch", "validation log-loss", "size", "computed on"),
            [
                (
                    member.file,
                    str(member.seed),
                    str(member.best_epoch),
                    number(member.validation_log_loss),
                    size(member.bytes),
                    f"{member.execution.device}, {member.execution.precision}, kernels of "
                    f"{member.execution.kernels}",
                )
                for member in card.members
            ],
            note="On the machine that trained them and with the same versions, predictions for the "
            "validation and test splits are bit-identical to those that were scored.",
        )
    for sentence in absent:
        yield Paragraph(sentence)
    yield Heading("Model and inputs")
    yield Table(("what", "value"), list(_facts(card)))


def _scores(card: Card, test: CardScores) -> Iterator[Block]:
    yield Heading("On the test split")
    yield Table(
        ("score", "value (95 %)"),
        [
            ("log-loss", interval(test.log_loss)),
            ("log-loss of the averaged refits", number(test.averaged_log_loss)),
            ("log-loss of the base rate", number(test.base_rate_log_loss)),
            ("skill", interval(test.skill)),
            ("AUC", interval(test.auc, 3)),
            ("Brier", number(test.brier)),
            ("calibration error", number(test.calibration_error, 3)),
            ("calibration slope", number(test.calibration_slope, 2)),
        ],
        note=f"{count(test.decisions, 'decision row')} from {test.first_date} to {test.last_date}; means "
        f"over {count(test.refits, 'refit')}, {len(card.members)} of which are in this folder. Skill is "
        "1 - loss / loss of the base rate of train.",
    )


def _facts(card: Card) -> Iterator[tuple[str, str]]:
    inputs = card.inputs
    yield "parameters", f"{card.parameters:,} ({short(card.parameters)})"
    yield "shape", ", ".join(f"{name} {value}" for name, value in card.shape.items())
    yield "hyperparameters", ", ".join(f"{name} {value}" for name, value in card.recipe.items())
    yield "window", f"{inputs.context_days} days of {len(inputs.columns)} columns in the form {inputs.form}"
    yield "columns, in order", ", ".join(inputs.columns)
    yield "label", f"{days(card.label.horizon_days)}, {card.label.basis} {card.label.threshold}"
    yield "base rate of train", percent(card.base_rate)
    if card.pooled:
        yield (
            "train windows of others",
            ", ".join(f"{name} {number:,}" for name, number in card.pooled.items()),
        )
    bars = card.bars
    yield "bars", f"{bars.ticker}, {bars.kind}, adjustment: {bars.adjustment}, calendar {bars.calendar}"
    yield "hashes of the bars", ", ".join(str(source.get("hash")) for source in bars.sources)
    yield "digest of the features", card.features_sha256
    yield "study, trial", f"{card.fingerprint}, {card.winner}"
    yield "versions", ", ".join(f"{name} {version}" for name, version in card.versions.items())
