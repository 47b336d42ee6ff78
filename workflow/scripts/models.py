"""Publish the refits of a study as a model: weights, a card for programs and a page for people."""

import logging
from collections.abc import Sequence
from pathlib import Path

from simmer.base.files import read_json, write_bytes, write_text
from simmer.base.logs import job
from simmer.base.records import write_record
from simmer.base.typed_json import as_json
from simmer.config.campaign import Config, parse_config
from simmer.data.manifest import read_entry
from simmer.data.table_entry import features_sha256_in
from simmer.data.tables import read_table, require_content
from simmer.evidence.evaluated import refuse_mixed_refits
from simmer.evidence.results import Evidence
from simmer.figures.evidence.calibration import calibration
from simmer.figures.style import to_svg
from simmer.ledger.address import RESULTS, horizon_days_of, ledger_in
from simmer.ledger.made_from import made_from
from simmer.ledger.model_card import PAGE, PICTURE
from simmer.ledger.results import RefitResult
from simmer.report.model_card import model_card, of_scale
from simmer.report.model_page import model_page
from simmer.runs.model_inputs import inputs_of
from simmer.runs.publish_model import publish_members

logger = logging.getLogger(__name__)


def main(
    *,
    config: Config,
    scale: str,
    horizon_days: int,
    tables: Sequence[Path],
    resources: Sequence[Path],
    refits: Sequence[Path],
    evidence: Path,
    card: Path,
) -> list[Path]:
    """Write the card, the page and the picture; return the files of weights, which are published beside them.

    The card is written last, so that a folder with a card holds the whole model.

    Args:
        config: the campaign.
        scale, horizon_days: of the study.
        tables, resources: the feature tables and their entries, the ticker's own first.
        refits: all published refits of the study.
        evidence: of the campaign.
        card: the output; the page and the picture are written beside it.

    Raises:
        DataError: when a table is not the one its manifest lists.
        LedgerError: when a refit belongs to another study, or a file cannot be written.
    """
    frames, features_sha256 = [read_table(path) for path in tables], features_sha256_in(resources)
    require_content(frames, features_sha256, names=config.dataset.tables)
    ledger = config.study(scale, horizon_days).ledger(ledger_in(RESULTS), features_sha256=features_sha256)
    results = [RefitResult.read(path) for path in refits]
    refuse_mixed_refits(results, {scale: ledger.fingerprint})
    dataset = config.dataset.build(frames[0], horizon_days, pooled=frames[1:])
    inputs = inputs_of(dataset, results[0].hyperparameters["input_form"])
    members = publish_members(results, ledger, inputs=inputs, settings=config.evidence)
    found = Evidence.from_json(read_json(evidence))
    made = model_card(
        results,
        members.refits,
        evidence=found,
        inputs=inputs,
        about=config.about,
        features=read_entry(resources[0]),
        features_sha256=features_sha256,
    )
    horizon = next(one for one in found.horizons if one.days == horizon_days)
    write_bytes(card.with_name(PICTURE), to_svg(calibration(of_scale(horizon, scale), config.about)))
    for sentence in members.absent:
        logger.info("%s: %s", made.name, sentence)
    write_text(card.with_name(PAGE), model_page(made, absent=members.absent))
    write_record(card, as_json(made))
    return list(members.files)


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake) as beside:
        beside += main(
            config=parse_config(snakemake.config),
            scale=snakemake.wildcards.scale,
            horizon_days=horizon_days_of(snakemake.wildcards.horizon),
            tables=[Path(path) for path in snakemake.input.tables],
            resources=[Path(path) for path in snakemake.input.resources],
            refits=[Path(path) for path in snakemake.input.refits],
            evidence=Path(snakemake.input.evidence),
            card=Path(snakemake.output.card),
        )
