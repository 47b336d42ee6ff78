"""Write the report over several tickers as HTML, Markdown and CSV."""

import logging
from collections.abc import Mapping
from pathlib import Path

from simmer.base.files import read_json, write_text
from simmer.base.logs import PROGRESS, job
from simmer.evidence.results import Evidence
from simmer.ledger.made_from import made_from
from simmer.report.markdown import to_markdown
from simmer.report.page import to_page
from simmer.report.scores_csv import scores_csv_of_tickers
from simmer.report.tickers import tickers_content, tickers_title

logger = logging.getLogger(__name__)


def main(*, campaign: str, evidence: Mapping[str, Path], summaries: Mapping[str, Path]) -> None:
    """Write the report as Markdown, CSV and one HTML page.

    Args:
        campaign: its name.
        evidence: the published evidence of each ticker, beside which its own report is.
        summaries: where `markdown`, `table` and `page` are written.

    Raises:
        LedgerError: when published evidence is damaged.
    """
    found = {ticker: Evidence.from_json(read_json(path)) for ticker, path in evidence.items()}
    pages = {ticker: path.with_name("summary.html").as_posix() for ticker, path in evidence.items()}
    blocks = list(tickers_content(campaign, found, pages))
    write_text(summaries["markdown"], to_markdown(blocks))
    write_text(summaries["table"], scores_csv_of_tickers(found))
    write_text(summaries["page"], to_page(blocks, title=tickers_title(campaign)))
    logger.log(PROGRESS, "The report: %s (opens in a browser, no network needed)", summaries["page"])


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            campaign=snakemake.params.campaign,
            evidence=dict(zip(snakemake.params.tickers, map(Path, snakemake.input.evidence), strict=True)),
            summaries={name: Path(snakemake.output[name]) for name in ("markdown", "table", "page")},
        )
