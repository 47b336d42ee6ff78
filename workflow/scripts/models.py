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
from simmer.data.tables import read_table, require_content
from simmer.evidence.evaluated import refuse_mixed_refits
from simmer.evidence.results import Evidence
from simmer.figures.evidence.calibration import calibration
from simmer.figures.style import to_svg
from simmer.ledger.address import RESULTS, horizon_days_of, ledger_in
from simmer.ledger.made_from import made_from
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
    refits: Sequence[Path],
    evidence: Path,
    card: Path,
    page: Path,
    picture: Path,
) -> list[Path]:
    """Write the card, the page and the picture; return the files of weights, which are published beside them.

    The card is written last, so that a folder with a card holds the whole model.

    Args:
        config: the campaign.
        scale, horizon_days: of the study.
        tables: the feature table and its resource entry.
        refits: all published refits of the study.
        evidence: of the campaign.
        card, page, picture: the outputs.

    Raises:
        DataError: when the table is not the one its manifest lists.
        LedgerError: when a refit belongs to another study, or a file cannot be written.
    """
    frame, features = read_table(tables[0]), read_entry(tables[1])
    require_content(frame, features["content_sha256"], what=config.dataset.table)
    ledger = config.study(scale, horizon_days).ledger(
        ledger_in(RESULTS), features_sha256=features["content_sha256"]
    )
    results = [RefitResult.read(path) for path in refits]
    refuse_mixed_refits(results, {scale: ledger.fingerprint})
    inputs = inputs_of(config.dataset.build(frame, horizon_days), results[0].hyperparameters["input_form"])
    members = publish_members(results, ledger, inputs=inputs, settings=config.evidence)
    found = Evidence.from_json(read_json(evidence))
    made = model_card(
        results, members.refits, evidence=found, inputs=inputs, about=config.about, features=features
    )
    horizon = next(one for one in found.horizons if one.days == horizon_days)
    write_bytes(picture, to_svg(calibration(of_scale(horizon, scale), config.about)))
    for sentence in members.absent:
        logger.info("%s: %s", made.name, sentence)
    write_text(page, model_page(made, absent=members.absent))
    write_record(card, as_json(made))
    return list(members.files)


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake) as beside:
        beside += main(
            config=parse_config(snakemake.config),
            scale=snakemake.wildcards.scale,
            horizon_days=horizon_days_of(snakemake.wildcards.horizon),
            tables=[Path(snakemake.input.table), Path(snakemake.input.resource)],
            refits=[Path(path) for path in snakemake.input.refits],
            evidence=Path(snakemake.input.evidence),
            card=Path(snakemake.output.card),
            page=Path(snakemake.output.page),
            picture=Path(snakemake.output.picture),
        )
