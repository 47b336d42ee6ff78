"""Freshness: what is published is compared with the ledger and its settings when the workflow is read.

Snakemake's metadata and file times may be lost, copied or touched, so they do not decide alone what is made again.
This file has no rules.
"""

import json
import os
import sys
import time
from functools import cache
from pathlib import Path

from snakemake.logging import logger as snakemake_logger
from snakemake.persistence import MetadataRecord
from snakemake.settings.enums import RerunTrigger

from simmer.base.errors import SimmerError
from simmer.base.words import count
from simmer.ledger.address import RESULTS, StudyAddress, ledger_in
from simmer.ledger.made_from import Digests, MadeFrom, is_current, record_of
from simmer.ledger.preparation import restore_if_free, restore_published
from simmer.status.next_features import built_features

DIGESTS = Digests()
RECORDS = Path(".snakemake") / "metadata"
# Their outputs are the data themselves: a changed file is refused by its manifest, and never replaced unasked.
SOURCES = ("fetch_data.py", "acquire_data.py")
# Editing code must not throw away days of training; trials record the code's digest.
RERUN_TRIGGERS = frozenset({RerunTrigger.MTIME, RerunTrigger.INPUT, RerunTrigger.PARAMS})


# False in the process of a job, and as a module of another workflow, whose runs have no lock. Asked now, because
# Snakemake knows it only while it reads this file.
IS_MAIN_RUN = workflow.exec_mode.name == "DEFAULT" and workflow.modifier.is_main_snakefile()


def check_when_planned():
    """Start the run when its first job is planned, and run each job again whose outputs are outdated."""
    for one in workflow.rules:
        if one.output and one.script is not None:
            one.set_input(started if one.script.endswith(SOURCES) else forced_if_outdated(one))


def started(wildcards):
    """Start the run; return no input."""
    set_what_resume_needs()
    start_run()
    return []


def remove_damaged_records():
    """Remove Snakemake's own records that it cannot read, because it would end with a traceback.

    Nothing is lost: what is outdated is found without them.
    """
    damaged = [path for path in sorted(RECORDS.rglob("*")) if path.is_file() and not is_readable_record(path)]
    with shown_by_snakemake():
        for path in damaged:
            path.unlink()
    if damaged:
        snakemake_logger.warning(
            f"found {count(len(damaged), 'record')} of Snakemake damaged in {RECORDS}: removed, because none is needed"
        )


def is_readable_record(path):
    """Return True if Snakemake can read one of its records."""
    try:
        record = json.loads(path.read_bytes())
        if record:  # Snakemake takes an empty one for none
            MetadataRecord.model_validate(record)
        return True
    except (OSError, ValueError, RecursionError):
        return False


def forced_if_outdated(producer):
    """Return an input function that adds no input, but has its job run if the outputs are outdated."""
    within = []

    def no_input(wildcards):
        if within:
            return []  # called by `expand_input` below
        started(wildcards)
        outputs = [str(path) for path in producer.expand_output(wildcards)[0]]
        within.append(True)
        try:
            if not all(Path(path).exists() for path in outputs) or not is_up_to_date(
                producer, wildcards, outputs
            ):
                workflow.dag.forcefiles.update(outputs)
        except (SimmerError, OSError) as error:
            sys.exit(str(error))  # any other exception would be printed with a traceback
        finally:
            within.clear()
        return []

    return no_input


@cache
def set_what_resume_needs():
    """Set what another profile could change: incomplete jobs run again, our lock replaces Snakemake's.

    Snakemake has these settings only after it has read the workflow.
    """
    if workflow.execution_settings is not None and workflow.execution_settings.no_hooks:
        sys.exit(
            "found --no-hooks; expected none, because a hook restores the ledger and passes stops on: leave it out"
        )
    workflow.dag_settings.force_incomplete = True
    workflow.dag_settings.rerun_triggers = RERUN_TRIGGERS
    if workflow.execution_settings is not None:  # as with --dag and --report
        workflow.execution_settings.keep_incomplete = False
    workflow.persistence.lock = workflow.persistence.unlock = workflow.persistence.noop
    for name in ("input_changed", "params_changed"):
        setattr(workflow.persistence, name, unless_compared_with_ledger(getattr(workflow.persistence, name)))


def unless_compared_with_ledger(changed):
    """Return Snakemake's check of a job's noted inputs or parameters, left out for runs as the ledger has them."""
    return lambda job, **more: [] if is_published(address_of(job.output)) else changed(job, **more)


def is_up_to_date(producer, wildcards, outputs):
    """Return True if outputs are as in the ledger or, if it does not have them, as their job left them."""
    address = address_of(outputs)
    if address is not None:
        return is_published(address) is not False
    params = {name: value(wildcards) if callable(value) else value for name, value in producer.params.items()}
    inputs = [str(path) for path in producer.expand_input(wildcards)[0]]
    return is_current(outputs, inputs=inputs, params=params, digests=DIGESTS)


def restore_ledger():
    """Restore the ledger from published files before their jobs start, because Snakemake deletes them then.

    A published file may also be the only copy of another study's result.
    """
    for job in workflow.dag.needrun_jobs():
        address = address_of(job.output)
        if address is not None:
            with shown_by_snakemake():
                restore_published(address, RESULTS)
                ledger, files = run_files(address)
                if files is not None:
                    restore_if_free(ledger, files)


def set_back_future_times():
    """Set inputs that seem to come from the future to now; else Snakemake refuses what is made from them.

    Their job ran before the clock was set back.
    """
    now_s = time.time()
    inputs = {str(path) for job in workflow.dag.needrun_jobs() for path in job.input}
    late = [path for path in sorted(inputs) if Path(path).exists() and Path(path).stat().st_mtime > now_s]
    with shown_by_snakemake():
        for path in late:
            os.utime(path, (now_s, now_s))
    if late:
        snakemake_logger.warning(
            f"found {count(len(late), 'file')} from the future, such as {late[0]}: the clock was set back; "
            "now counts as their time"
        )


def run_files(address):
    """Return a published run's study in the ledger and its files; None for what is not known yet."""
    if address is None:
        return None, None
    ledger = ledger_of(address.study.scale, address.study.horizon_days)
    if ledger is None:
        return None, None
    if address.purpose == "trial":
        return ledger, ledger.trial(address.number)
    winner = winner_in_ledger(address.study.scale, address.study.horizon_days)
    return ledger, None if winner is None else ledger.refit(address.number, of_trial=winner)


@cache
def is_published(address):
    """Return True if a run is published as the ledger has it, False if not; None if its study is not known."""
    _, files = run_files(address)
    return None if files is None else files.is_published()


def is_computed(outputs):
    """Return True if these outputs are of a trial or refit whose result the ledger has."""
    try:
        _, files = run_files(address_of(outputs))
        return files is not None and files.result() is not None
    except (SimmerError, OSError):
        return False


def may_leave_out_inputs():
    """Return True if no job of this run changes what published trials were made from."""
    asked_for = workflow.dag_settings.forceall or workflow.dag_settings.forcerun
    return IS_MAIN_RUN and not asked_for and features_are_final()


@cache
def are_published(scale, days, n_trials):
    """Return True if the first trials of a study are published, and all that they wait for of smaller scales."""
    study, smaller = StudyAddress(scale=scale, horizon_days=days), CAMPAIGN.next_smaller_scale(scale)
    return all(is_published(study.trial(number)) for number in range(n_trials)) and (
        smaller is None or are_published(smaller, days, CAMPAIGN.scales[smaller].n_trials)
    )


@cache
def features_are_final():
    """Return True if no job of this run changes a feature table: all were made from the bars now requested."""
    try:
        requested = max((REQUESTS / f"{ticker}.json").stat().st_mtime for ticker in tickers())
        return all(
            is_final(MadeFrom.read(record_of(table)), requested) for table in dataset_tables("parquet")
        )
    except (SimmerError, OSError):
        return False


def is_final(record, requested):
    """Return True if a table is as it was made, from bars as they are and not older than their requests."""
    if record is None:
        return False
    bars = {name: digest for name, digest in record.inputs.items() if name.startswith("data/raw/")}
    return not DIGESTS.changed(record.outputs | bars) and all(
        Path(name).stat().st_mtime >= requested for name in bars
    )


def ledger_of(scale, days):
    """Return a study's ledger; None while its features are not known. They may change during a run."""
    features = built_features(map(Path, dataset_tables("resource.json")))
    return None if features is None else ledger_with(features, scale, days)


@cache
def ledger_with(features, scale, days):
    """Return the ledger of the study with these features."""
    return CAMPAIGN.study(scale, days).ledger(ledger_in(RESULTS), features_sha256=features)


@cache
def winner_in_ledger(scale, days):
    """Return the number of a study's winner; None while the ledger lacks a trial or a run of its race."""
    return ledger_of(scale, days).winner(CAMPAIGN.scales[scale].n_trials, CAMPAIGN.search.race)
