"""Check whether this machine can run one scale."""

from datetime import UTC, datetime
from pathlib import Path

from simmer.base.checks import log_checks
from simmer.base.files import write_json, write_text
from simmer.base.logs import job
from simmer.config.campaign import Config, parse_config
from simmer.ledger.address import RESULTS
from simmer.ledger.made_from import made_from
from simmer.machine.facts import inspect_data, inspect_machine
from simmer.machine.preflight import run_preflight
from simmer.runs.fit_machine import fit_to_machine
from simmer.runs.needs import kept_weights_bytes, needs_of_study
from simmer.training.kernels import kernels_problem


def main(
    *, config: Config, scale: str, slots: int, validation: Path, dataset: Path, report: Path, table: Path
) -> None:
    """Write the checks of `scale` to `report` and `table`; write nothing if one of them fails.

    Raises:
        PreflightError: naming every failed check and how to fix it.
    """
    study = config.study(scale, config.dataset.horizons_days[0])
    thermal = config.thermal
    machine = inspect_machine(report.parent, Path(thermal.sysfs_root), sensors=thermal.sensors())
    execution = fit_to_machine(study, config.execution, machine, slots=slots)
    unwanted = execution.device != "cpu" or execution.compiled or config.execution.kernels == "torch"
    needs = needs_of_study(
        study,
        execution,
        device=config.execution.device,
        slots=slots,
        kernels_problem=None if unwanted else kernels_problem(),
        weights_bytes=kept_weights_bytes(config, study, execution, results=RESULTS),
    )
    checks = run_preflight(
        needs,
        machine,
        inspect_data(validation, dataset),
        limits=thermal.limits(),
        govern=thermal.govern,
        require_sensor=thermal.require_sensor,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    log_checks(checks)
    checks.raise_if_failed()
    write_text(table, checks.as_text())
    write_json(report, checks.as_json())


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            config=parse_config(snakemake.config),
            scale=snakemake.wildcards.scale,
            slots=snakemake.resources.slots,
            validation=Path(snakemake.input.validation),
            dataset=Path(snakemake.input.dataset),
            report=Path(snakemake.output.report),
            table=Path(snakemake.output.table),
        )
