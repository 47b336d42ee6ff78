"""Start: what a run does before its jobs are planned. This file has no rules.

Snakemake calls input functions when it plans jobs; the first of them calls `start_run`. Only then is it known whether
jobs are to be run.
"""

import sys
import time
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger as snakemake_logger

from simmer.base.locks import lock_or_refuse
from simmer.base.words import count
from simmer.ledger.address import RESULTS, campaign_lock_in
from simmer.ledger.publication import Wanted, publish_finished, remove_others, review_pages
from simmer.status.last_run import LastRun, last_run, remember_run
from simmer.status.own_files import news_of_files
from simmer.status.plan import read_plan, start_lines


@cache
def start_run():
    """Take the campaign's lock, say what is new, and publish what the ledger has of the configured studies."""
    if workflow.execution_settings is None:
        return  # as with --dag and --report
    try:
        with shown_by_snakemake():
            if not workflow.dryrun:
                # It ends with this process.
                workflow.globals["campaign_lock"] = lock_or_refuse(
                    campaign_lock_in(RESULTS), what="this folder"
                )
            show_plan()
            for line in news_of_files(CAMPAIGN, Path("data")):
                snakemake_logger.warning(line)
            if not workflow.dryrun:
                publish_from_ledger()
                remember_run(RESULTS, this_run())
    except WorkflowError as error:
        sys.exit(str(error))  # any other exception would be printed with a traceback


def this_run():
    """Return the configuration of this run."""
    files = tuple(str(Path(path).absolute()) for path in configuration_files())
    return LastRun(files=files, given=workflow.config_settings.config, configuration=config)


def show_plan():
    """Say which studies are new, what is left to train, and what changed since the last run."""
    run = this_run()
    plan = read_plan(CAMPAIGN, config, RESULTS, last=last_run(RESULTS), now_s=time.time())
    for line in start_lines(plan, CAMPAIGN, file=run.name):
        snakemake_logger.info(line)


def publish_from_ledger():
    """Publish what is computed, and remove what belongs to other studies."""
    removed, published = [], []
    for scale in CAMPAIGN.scales:
        for days in CAMPAIGN.dataset.horizons_days:
            ledger = ledger_of(scale, days)
            if ledger is None or not (scale in CAMPAIGN.run_scales or ledger.home.is_dir()):
                continue
            removed += remove_others(ledger)
            wanted = Wanted(
                ledger=ledger, n_trials=CAMPAIGN.scales[scale].n_trials, refits=CAMPAIGN.evidence.seeds
            )
            published += publish_finished(wanted)
    review_pages(RESULTS)
    if removed:
        snakemake_logger.warning(
            f"{count(len(removed), 'file')} of other studies removed from {RESULTS}; the ledger keeps their runs"
        )
    if published:
        snakemake_logger.warning(
            f"{count(len(published), 'run')} published from the ledger, without a training"
        )
