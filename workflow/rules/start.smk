"""Start: what a run does before its jobs are planned. This file has no rules.

Snakemake calls input functions when it plans jobs; the first of them calls `start_run`. Only then is it known whether
jobs are to be run.
"""

import shlex
import sys
import time
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger as snakemake_logger

from simmer.base.locks import lock_or_refuse
from simmer.base.words import count
from simmer.config.tickers import folder_of
from simmer.evidence.looks import read_looks, record_look
from simmer.ledger.address import RESULTS, campaign_lock_in, looks_in
from simmer.ledger.adoption import adopt_studies
from simmer.ledger.publication import publish_finished, remove_others, review_pages
from simmer.status.last_run import LastRun, last_run, remember_run
from simmer.status.next_features import next_features
from simmer.status.own_files import news_of_files
from simmer.status.plan import read_plan, start_lines


@cache
def start_run():
    """Take the campaign's lock, say what is new, and publish what the ledger has of the configured studies."""
    if workflow.execution_settings is None:
        return  # as with --dag and --report
    try:
        with shown_by_snakemake():
            run, last = this_run(), last_run(RESULTS)
            refuse_forgotten_configuration(run, last)
            if not workflow.dryrun:
                # It ends with this process.
                workflow.globals["campaign_lock"] = lock_or_refuse(
                    campaign_lock_in(RESULTS), what="this folder"
                )
            if TICKERS:
                start_tickers()
            else:
                start_study(run, last)
            if not workflow.dryrun:
                remember_run(RESULTS, run)
    except WorkflowError as error:
        sys.exit(str(error))  # any other exception would be printed with a traceback


def start_study(run, last):
    """Say what is new of the campaign of one ticker, and publish what the ledger has of it."""
    if not workflow.dryrun:
        adopt(CAMPAIGN.dataset.ticker, folder_of(CAMPAIGN.dataset.ticker) / RESULTS, RESULTS)
    features = next_features(CAMPAIGN, Path("data"))
    show_plan(features, run, last)
    for line in news_of_files(CAMPAIGN, Path("data")):
        snakemake_logger.warning(line)
    if not workflow.dryrun:
        publish_from_ledger(features)


def adopt(ticker, source, target):
    """Copy what another results folder has of a ticker: its studies, and its looks at test days."""
    copied = adopt_studies(source, target, ticker)
    if copied:
        snakemake_logger.warning(f"studies of {ticker} copied from {source} to {target}: {copied}")
    for look in read_looks(looks_in(source)):
        if look["ticker"] == ticker:
            record_look(looks_in(target), look)


def refuse_forgotten_configuration(run, last):
    """Refuse a run that names no configuration in a folder whose last run named one."""
    if (
        last is not None
        and (last.overlays or last.options)
        and not (workflow.config_settings.configfiles or run.options)
    ):
        files = shlex.join(["--configfile", *last.overlays]) if last.overlays else ""
        shipped = shlex.join(["--configfile", str(SHIPPED)])
        raise WorkflowError(
            f"found no configuration named, but the last run here used {last.words}; expected the one that is meant: "
            f"add {' '.join(filter(None, [files, shlex.join(last.options)]))} to go on, or {shipped} for the shipped one"
        )


def this_run():
    """Return the configuration of this run."""
    settings = workflow.config_settings
    files = [Path(path).absolute() for path in settings.configfiles]
    return LastRun(
        overlays=tuple(str(path) for path in files if settings.replace_workflow_config or path != SHIPPED),
        replaces_shipped=settings.replace_workflow_config,
        given=settings.config,
        configuration=WHOLE,
    )


def show_plan(features, run, last):
    """Say which studies are new, what is left to train, and what changed since the last run."""
    changed = None if last is None else last.changes_to(config)
    plan = read_plan(CAMPAIGN, RESULTS, features_sha256=features, changed=changed, now_s=time.time())
    for line in start_lines(plan, CAMPAIGN, file=run.name):
        snakemake_logger.info(line)


def publish_from_ledger(features):
    """Remove what belongs to other studies than those with these features, and publish what is computed."""
    if features is None:
        return
    studies = {
        scale: [ledger_with(features, scale, days) for days in CAMPAIGN.dataset.horizons_days]
        for scale in CAMPAIGN.scales
    }
    removed = remove_others(RESULTS, [study for of_scale in studies.values() for study in of_scale])
    published = [
        address
        for scale, of_scale in studies.items()
        for study in of_scale
        for address in publish_finished(
            study,
            n_trials=CAMPAIGN.scales[scale].n_trials,
            race=CAMPAIGN.search.race,
            refits=CAMPAIGN.evidence.seeds,
        )
    ]
    review_pages(RESULTS)
    if removed:
        snakemake_logger.warning(
            f"{count(len(removed), 'file')} of other studies removed from {RESULTS}; the ledger keeps their runs"
        )
    if published:
        snakemake_logger.warning(
            f"{count(len(published), 'run')} published from the ledger, without a training"
        )
