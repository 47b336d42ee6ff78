"""Draw the evidence: scaling, opponents, calibration, learning curves, base rates, time and energy."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from simmer.base.files import read_json, write_bytes
from simmer.base.logs import job
from simmer.evidence.results import Evidence
from simmer.figures.evidence.base_rates import base_rates
from simmer.figures.evidence.calibration import calibration
from simmer.figures.evidence.costs import costs
from simmer.figures.evidence.learning_curves import learning_curves
from simmer.figures.evidence.opponents import opponents
from simmer.figures.evidence.scaling import scaling
from simmer.figures.style import to_svg
from simmer.ledger.about import About
from simmer.ledger.made_from import made_from
from simmer.ledger.race import Race
from simmer.ledger.results import RaceResult, RefitResult, RunResult, TrialResult

Result = TypeVar("Result", bound=RunResult)

logger = logging.getLogger(__name__)


def main(
    *,
    evidence: Path,
    trials: Sequence[Path],
    refits: Sequence[Path],
    races: Sequence[Path],
    about: About,
    figures: Mapping[str, Sequence[Path]],
) -> None:
    """Draw every figure.

    Args:
        evidence: of all horizons.
        trials, refits: their results.
        races: outcomes of races; the results of their runs are published beside them.
        about: names for people.
        figures: a file for each name, or one for each horizon in ascending order.

    Raises:
        LedgerError: when the evidence or a result cannot be read.
    """
    found = Evidence.from_json(read_json(evidence))
    fitted = [RefitResult.read(path) for path in refits]
    drawn = {
        "scaling": [scaling(found, about)],
        "opponents": [opponents(found, about)],
        "base_rates": [base_rates(found, about)],
        "costs": [costs(_by_scale(map(TrialResult.read, trials)), about, races=_by_scale(_race_runs(races)))],
        "calibration": [calibration(horizon, about) for horizon in found.horizons],
        "learning_curves": [
            learning_curves(
                horizon.days,
                _by_scale(one for one in fitted if one.horizon_days == horizon.days),
                horizon.splits["validation"].prior_log_loss,
                about,
            )
            for horizon in found.horizons
        ],
    }
    for name, paths in figures.items():
        for path, figure in zip(paths, drawn[name], strict=True):
            write_bytes(path, to_svg(figure))
    logger.info("drew %d figures", sum(map(len, drawn.values())))


def _race_runs(races: Sequence[Path]) -> Iterator[RaceResult]:
    for path in races:
        for address in Race.read(path).runs:
            yield RaceResult.read(path.parent / address.published("json").name)


def _by_scale(results: Iterable[Result]) -> dict[str, list[Result]]:
    grouped: dict[str, list[Result]] = {}
    for result in results:
        grouped.setdefault(result.scale, []).append(result)
    return grouped


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            evidence=Path(snakemake.input.evidence),
            trials=[Path(path) for path in snakemake.input.trials],
            refits=[Path(path) for path in snakemake.input.refits],
            races=[Path(path) for path in snakemake.input.races],
            about=About(**snakemake.params.about),
            figures={
                **{
                    name: [Path(snakemake.output[name])]
                    for name in ("scaling", "opponents", "base_rates", "costs")
                },
                **{
                    name: [Path(path) for path in snakemake.output[name]]
                    for name in ("calibration", "learning_curves")
                },
            },
        )
