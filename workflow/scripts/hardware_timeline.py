"""Draw the timeline of one study: heat, state, duty and load over the hours in which it ran."""

from collections.abc import Sequence
from pathlib import Path

from simmer.base.files import write_bytes
from simmer.base.logs import job
from simmer.config.campaign import parse_config
from simmer.figures.machine.history import history_of
from simmer.figures.machine.timeline import timeline
from simmer.figures.style import to_svg
from simmer.ledger.about import About
from simmer.ledger.made_from import made_from
from simmer.ledger.trial_log import read_trial_log
from simmer.thermal.limits import Limits


def main(
    *,
    scale: str,
    horizon: str,
    logs: Sequence[Path],
    limits: Limits,
    interval_s: float,
    about: About,
    figure: Path,
) -> None:
    """Draw the study whose trials wrote `logs` to `figure`, an SVG.

    Raises:
        LedgerError: when a log is damaged.
    """
    history = history_of([read_trial_log(path) for path in logs], interval_s=interval_s)
    write_bytes(figure, to_svg(timeline(f"{scale} {horizon}", history, limits, about)))


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        config = parse_config(snakemake.config)
        main(
            scale=snakemake.wildcards.scale,
            horizon=snakemake.wildcards.horizon,
            logs=[Path(path) for path in snakemake.input.logs],
            limits=config.thermal.limits(),
            interval_s=config.hardware_interval_s,
            about=config.about,
            figure=Path(snakemake.output.figure),
        )
