"""Write the report as HTML, Markdown and CSV."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from simmer.audit.looks import with_looks
from simmer.base.files import read_json, write_text
from simmer.base.logs import PROGRESS, job
from simmer.data.table_entry import features_sha256_in
from simmer.evidence.results import Evidence
from simmer.ledger.made_from import made_from
from simmer.ledger.race import Race
from simmer.ledger.results import RefitResult, TrialResult
from simmer.report.content import content, title
from simmer.report.markdown import to_markdown
from simmer.report.material import Material
from simmer.report.page import to_page
from simmer.report.provenance import provenance_of
from simmer.report.scores_csv import scores_csv

logger = logging.getLogger(__name__)


def main(
    *,
    seed: int,
    facts: Mapping[str, Path],
    resources: Sequence[Path],
    fitted: Mapping[str, Sequence[Path]],
    preflights: Sequence[Path],
    figures: Sequence[Path],
    captions: Path,
    looks: Path,
    summaries: Mapping[str, Path],
) -> None:
    """Write the report as Markdown, CSV and one HTML page.

    Args:
        seed: of the campaign.
        facts: `evidence`, `data_validation`, `dataset` and `audit`.
        resources: the entries of the feature tables.
        fitted: all results of `trials` and of `refits`, and the outcomes of all `races`.
        preflights: of all scales.
        figures: SVG files.
        captions: a folder with a text for each kind of figure.
        looks: the log of looks at the test split; the audit may have been made before it was opened.
        summaries: where `markdown`, `table` and `page` are written.
    """
    known = {name: read_json(path) for name, path in facts.items()}
    known["evidence"] = Evidence.from_json(known["evidence"])
    known["audit"] = with_looks(known["audit"], looks)
    results = {
        "trials": [TrialResult.read(path) for path in fitted["trials"]],
        "refits": [RefitResult.read(path) for path in fitted["refits"]],
    }
    checked = [read_json(path) for path in preflights]
    material = Material(
        **known,
        **results,
        races=[Race.read(path) for path in fitted["races"]],
        preflights={preflight["scale"]: preflight for preflight in checked},
        figures={path.stem: path.read_text(encoding="utf-8") for path in figures},
        captions={
            path.stem: " ".join(path.read_text(encoding="utf-8").replace("*", "").split())
            for path in captions.glob("*.rst")
        },
        provenance=provenance_of(
            known["evidence"],
            **results,
            features_sha256=features_sha256_in(resources),
            seed=seed,
        ),
    )
    blocks = list(content(material))
    write_text(summaries["markdown"], to_markdown(blocks))
    write_text(summaries["table"], scores_csv(known["evidence"]))
    write_text(summaries["page"], to_page(blocks, title=title(material)))
    logger.log(PROGRESS, "The report: %s (opens in a browser, no network needed)", summaries["page"])


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            seed=snakemake.config["seed"],
            facts={
                name: Path(snakemake.input[name])
                for name in ("evidence", "data_validation", "dataset", "audit")
            },
            resources=[Path(path) for path in snakemake.input.resources],
            fitted={
                name: [Path(path) for path in snakemake.input[name]] for name in ("trials", "refits", "races")
            },
            preflights=[Path(path) for path in snakemake.input.preflights],
            figures=[Path(path) for path in snakemake.input.figures],
            captions=Path(snakemake.params.captions),
            looks=Path(snakemake.params.register),
            summaries={name: Path(snakemake.output[name]) for name in ("markdown", "table", "page")},
        )
