"""Check before a search whether this machine has the memory and disk of every scale."""

from collections.abc import Iterator
from dataclasses import replace

from simmer.base.checks import CheckResult, CheckStatus
from simmer.base.errors import BudgetError
from simmer.base.flow_yaml import as_yaml
from simmer.config.campaign import Config
from simmer.ledger.address import RESULTS
from simmer.machine.facts import Machine
from simmer.machine.preflight import check_accelerator, check_disk, check_memory, check_memory_recipe
from simmer.runs.fit_machine import fit_to_machine
from simmer.runs.needs import deepest, kept_weights_bytes, needs_of_study
from simmer.search.study import Study

_SLOTS = 1  # trials side by side


def check_scales(config: Config, machine: Machine) -> list[CheckResult]:
    """Return memory and disk of every scale in `run_scales`, and what else is not in order."""
    by_scale = {scale: list(_check_scale(config, scale, machine)) for scale in config.run_scales}
    fitting = [
        scale for scale, rows in by_scale.items() if all(row.status is not CheckStatus.FAIL for row in rows)
    ]
    write = f"\nwrite `run_scales: {as_yaml(fitting)}` to leave out what does not fit here" if fitting else ""
    return [
        replace(row, id=f"{scale} {row.id}", fix=f"{row.fix}{write}" if row.status == "FAIL" else row.fix)
        for scale, rows in by_scale.items()
        for row in rows
    ]


def _check_scale(config: Config, scale: str, machine: Machine) -> Iterator[CheckResult]:
    study = config.study(scale, config.dataset.horizons_days[0])
    try:
        execution = fit_to_machine(study, config.execution, machine, slots=_SLOTS, measure=False)
        needs = needs_of_study(
            study,
            execution,
            device=config.execution.device,
            slots=_SLOTS,
            weights_bytes=kept_weights_bytes(config, study, execution, results=RESULTS),
        )
    except BudgetError as error:
        fix, needed = f"{error}\n{_shallower(study)}", f"{study.budget_parameters:,}"
        yield CheckResult.judged("parameters", measured=None, needed=needed, source="space", fix=fix)
        return
    yield from check_memory(needs, machine)
    yield check_disk(needs, machine)
    for row in (check_accelerator(needs, machine), check_memory_recipe(needs)):
        if row.status is not CheckStatus.OK:
            yield row


def _shallower(study: Study) -> str:
    """Return the lines of the scale with which every model meets its budget."""
    high = deepest(study)
    if high is None:
        return "write larger `budget_parameters`, or narrower heads: `space: {head_width: {values: [8, 16]}}`"
    low, default = study.space.dimensions["depth"].ends[0], min(study.default.depth, high)
    space = {"low": low, "high": high, "log": True} if low < high else {"values": [high]}
    lines = (as_yaml({"depth": value}) for value in (space, default))
    return "write `space: {}` and `default: {}` in this scale".format(*lines)
