"""Slots: how many trainings run side by side, each with its share of cores and memory.

They are counted among the jobs of the run, finished ones too: the same command always gives the same slots,
which set the cores of a trial and so its last digits. The jobs are known only when the workflow has been
read, so these are functions that Snakemake calls for each job. This file has no rules.
"""

from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

from simmer.base.errors import SimmerError
from simmer.ledger.address import Address
from simmer.machine.facts import looks_accelerated


def slots(wildcards):
    """Return how many trials run side by side; a race takes the place of its study's trials."""
    return within_limits(trials_at_once() or 1)


def slots_of_preflight(wildcards):
    """Return how many trials run side by side; without trials in this run, those of a search of one scale."""
    return within_limits(trials_at_once() or len(horizons()) * CAMPAIGN.search.parallel_trials)


def slots_of_refits(wildcards):
    """Return how many refits run side by side."""
    return within_limits(sum(trainings_of_run("refit").values()))


def within_limits(at_once):
    """Return `at_once`, but at most `--cores` and, on an accelerator, `--resources accelerator=`."""
    limits = [at_once, workflow.cores or 1]
    accelerators = workflow.global_resources.get("accelerator")
    if accelerator_share() and accelerators and accelerators.value:
        limits.append(accelerators.value)
    return min(limits)


def trials_at_once():
    """Return how many trials of this run can train at the same time."""
    queues = defaultdict(Counter)
    for study, trials in trainings_of_run("trial").items():
        queue, stage = study, None
        if CAMPAIGN.search.transfer and study.scale in CAMPAIGN.run_scales:
            # It waits for the studies of its horizon with smaller budgets.
            queue, stage = study.horizon_days, CAMPAIGN.scales[study.scale].budget_parameters
        queues[queue][stage] += min(trials, CAMPAIGN.search.parallel_trials)
    # The race of a stage may run beside the trials of the next.
    return sum(
        max(stages.values()) + bool(CAMPAIGN.search.race and len(stages) > 1) for stages in queues.values()
    )


@cache
def trainings_of_run(purpose):
    """Return the number of jobs of this run for each study that train a "trial" or a "refit"."""
    addresses = [address_of(job.output) for job in workflow.dag.jobs]
    return Counter(address.study for address in addresses if address and address.purpose == purpose)


def address_of(outputs):
    """Return the address of the run that a job with these outputs publishes; None for other jobs."""
    try:
        return Address.parse(Path(str(outputs[0]))) if outputs else None
    except SimmerError:
        return None


def accelerator_share():
    """Return 1 where trials share an accelerator, 0 where they share cores only."""
    device = CAMPAIGN.execution.device
    return int(looks_accelerated() if device == "auto" else device != "cpu")
