"""How often the verdict on scaling is right, and how often it reports a law where there is none.

    make bench-false-laws

Draw test losses of all scales from a known law, with noise between searches, refits and test rows of the size
measured in this project, and count the verdicts. The last line is the largest share of "law" in any setting
without one.
"""

import os

# One thread per process: two processes share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import command_line

sys.path[:0] = [str(Path(__file__).parents[1] / part) for part in ("workflow/scripts", "tests")]

from simmer.base.seeds import derive_seed  # noqa: E402
from simmer.evidence.noise import SEARCH_SHARE  # noqa: E402
from simmer.evidence.scaling import findings  # noqa: E402
from simmer.evidence.scaling_verdict import judge  # noqa: E402
from support.scaling_results import SCALES, Noise, draw  # noqa: E402

FULL_DRAWS, SHORT_DRAWS = 2000, 5
VERDICTS = ("law", "none", "reverse", "undetermined")
# The difference between winners of two searches of one scale, as measured at 2M.
SEARCH_SD = SEARCH_SHARE * 0.65
ONE_DAY, FIVE_DAYS = Noise(search_sd=SEARCH_SD), Noise(search_sd=SEARCH_SD, overlap=5)
# A setting's words seed its draws, so they stay as they are; the table shows these instead.
SHOWN = {
    "falls towards the prior": "falls towards the base rate",
    "3 seeds": "3 refits",
    "seeds dominate, sd 0.02": "refits dominate, sd 0.02",
}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A law, the noise, and what was trained.

    Attributes:
        name: of the law, as the table shows it.
        losses: expected at 2M, 20M, 200M and 2B.
        noise: between refits and rows.
        remark: on the noise, as the table shows it.
        scales: how many, from the smallest.
        comparisons: horizons assessed together.
        has_law: True if there is a law or a reverse law to find.
    """

    name: str
    losses: tuple[float, ...]
    noise: Noise = ONE_DAY
    remark: str = ""
    scales: int = 4
    comparisons: int = 1
    has_law: bool = False

    def law(self, parameters: np.ndarray) -> np.ndarray:
        """Return the expected losses."""
        return np.array(self.losses[: len(parameters)])


def power(alpha: float, floor: float = 0.0, smallest: float = 0.62) -> tuple[float, ...]:
    """Return losses that start at `smallest` and fall to `floor` with exponent `alpha`."""
    return tuple((floor + (smallest - floor) * (np.array(SCALES) / SCALES[0]) ** -alpha).tolist())


CONSTANT = (0.6,) * 4
SETTINGS = [
    *(
        Setting(name="constant", losses=CONSTANT, noise=noise, scales=scales)
        for noise in (ONE_DAY, FIVE_DAYS)
        for scales in (4, 3)
    ),
    Setting(
        name="constant", losses=CONSTANT, noise=replace(FIVE_DAYS, mean_block=20), remark="blocks of 20 rows"
    ),
    Setting(name="constant", losses=CONSTANT, noise=replace(ONE_DAY, heavy=True), remark="heavy tails"),
    Setting(name="constant", losses=CONSTANT, noise=replace(ONE_DAY, seeds=3), remark="3 seeds"),
    Setting(
        name="constant",
        losses=CONSTANT,
        noise=replace(ONE_DAY, correlation=0.999, seed_sd=0.02),
        remark="seeds dominate, sd 0.02",
    ),
    Setting(name="constant", losses=CONSTANT, remark="3 comparisons", comparisons=3),
    Setting(name="constant", losses=(0.65,) * 4, remark="no skill"),
    Setting(
        name="constant",
        losses=CONSTANT,
        noise=Noise(correlation=0.9995, seed_sd=0.0005),
        remark="small noise, the same winners",
    ),
    Setting(
        name="constant",
        losses=CONSTANT,
        noise=replace(ONE_DAY, correlation=0.98),
        remark="like-minded models",
    ),
    Setting(
        name="constant",
        losses=CONSTANT,
        noise=replace(ONE_DAY, search_sd=2 * SEARCH_SD),
        remark="searches twice as far apart",
    ),
    Setting(name="falls towards the prior", losses=(0.70, 0.68, 0.66, 0.65), remark="no skill"),
    Setting(name="best in the middle", losses=(0.62, 0.57, 0.58, 0.62)),
    *(
        Setting(name=f"power {alpha}", losses=power(alpha), noise=noise, scales=scales, has_law=True)
        for alpha in (0.002, 0.005, 0.01, 0.03)
        for noise, scales in ((ONE_DAY, 4), (FIVE_DAYS, 4), (ONE_DAY, 3))
    ),
    *(
        Setting(name=f"power {alpha}", losses=power(alpha), noise=noise, has_law=True)
        for alpha in (-0.002, -0.01, -0.03)
        for noise in (ONE_DAY, FIVE_DAYS)
    ),
    Setting(name="power 0.3 above 0.45", losses=power(0.3, floor=0.45), has_law=True),
    Setting(name="power 0.3 above 0.58", losses=power(0.3, floor=0.58), has_law=True),
    Setting(name="a step of 0.05, then flat", losses=(0.62, 0.57, 0.57, 0.57), has_law=True),
    Setting(name="a step of 0.10, then flat", losses=(0.62, 0.52, 0.52, 0.52), has_law=True),
]


def count_verdicts(setting: Setting, draws: int) -> Counter[str]:
    """Return how many draws got each verdict."""
    rng = np.random.default_rng(derive_seed("false laws", repr(setting)))
    return Counter(
        judge(
            findings(
                draw(setting.law, rng, noise=setting.noise, scales=SCALES[: setting.scales]),
                comparisons=setting.comparisons,
            )
        ).name
        for _ in range(draws)
    )


def measure(chosen: argparse.Namespace) -> str:
    """Print the table of verdicts, in percent of draws; return the summary."""
    draws = SHORT_DRAWS if chosen.short else FULL_DRAWS
    print(f"| law | scales | days | noise | {' | '.join(VERDICTS)} |")
    print("|" + "---|" * (4 + len(VERDICTS)))
    worst = dict.fromkeys(("law", "reverse", "claim"), 0.0)
    with ProcessPoolExecutor(2) as workers:
        counted = workers.map(count_verdicts, SETTINGS, [draws] * len(SETTINGS))
        for setting, verdicts in zip(SETTINGS, counted, strict=True):
            percent = {verdict: 100 * verdicts[verdict] / draws for verdict in VERDICTS}
            cells = (setting.name, setting.scales, setting.noise.overlap, setting.remark)
            shown = [
                *(SHOWN.get(cell, str(cell)) for cell in cells),
                *(f"{percent[verdict]:.1f}" for verdict in VERDICTS),
            ]
            print(f"| {' | '.join(shown)} |", flush=True)
            if not setting.has_law:
                claim = percent["law"] + percent["reverse"]
                for key, share in (
                    ("law", percent["law"]),
                    ("reverse", percent["reverse"]),
                    ("claim", claim),
                ):
                    worst[key] = max(worst[key], share)
    return "\n".join(f"false_{key}_percent={worst[key]:.2f}" for key in ("reverse", "claim", "law"))


if __name__ == "__main__":
    command_line.run(measure, command_line.parser(__doc__))
