"""Find what the next run would do, by a dry run beside the campaign's folder.

A dry run writes its own notes into the folder in which it runs. So it runs in a temporary folder with links
to everything in the campaign's folder, and with a copy of the engine's notes.
"""

import shlex
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from simmer.base.text import plain, shortened
from simmer.base.words import count, listed
from simmer.config.campaign import Config
from simmer.doctor.checkup import Checkup

_TABLE = "Job stats:"
_FIGURES = ("search_figures", "hardware_timeline", "evidence_figures")
_NOT_COPIED = ("log", "conda*", "singularity", "shadow")
_REFITS = "refit"
_LONGEST_REASON = 300


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The workflow engine.

    Attributes:
        program: the command that begins a campaign, without folder and configuration.
        notes: name of the folder of its notes, beside the results.
    """

    program: str
    notes: str


def planned(
    engine: Engine,
    config: Config,
    found: Checkup,
    *,
    overlays: Sequence[Path],
    options: Sequence[str] = (),
    targets: Sequence[str],
) -> str:
    """Return what the next run would do, in words that follow "the next run".

    Args:
        engine: the workflow engine.
        config: the configuration.
        found: the checked folder.
        overlays: the files merged over the shipped configuration.
        options: further options of the engine.
        targets: files to ask for; none for the whole campaign.
    """
    words = [*shlex.split(engine.program), "-n", "--quiet", "rules", *options]
    words += ["--configfile", *map(str, overlays)] if overlays else []
    try:
        with _beside(found.results.absolute().parent, engine.notes) as folder:
            words += ["--directory", str(folder), "--", *targets]
            ended = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        return f"is not known: cannot start {words[0]} beside a copy of the notes ({error.strerror or error})"
    if ended.returncode != 0:
        return f"would be refused: {_reason(ended.stdout + ended.stderr)}"
    return in_words(jobs_in(ended.stdout + ended.stderr), runs_to_train(config, found))


def jobs_in(text: str) -> Counter[str]:
    """Return the number of jobs of each rule in the output of a dry run."""
    rows = [line.split() for line in text.partition(_TABLE)[2].splitlines()]
    return Counter(
        {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit() and row[0] != "total"}
    )


def runs_to_train(config: Config, found: Checkup) -> Counter[str]:
    """Return by rule the number of runs without a whole result; other planned runs are published again."""
    horizons = len(config.dataset.horizons_days)
    left = Counter({_rule(scale): horizons * config.scales[scale].n_trials for scale in config.run_scales})
    left[_REFITS] = horizons * len(config.run_scales) * config.evidence.seeds
    for study in found.studies:
        for run in study.runs if study.configured else ():
            address = run.files.address
            if run.finished and run.must_be_published and address.purpose != "race":
                is_wanted = address.purpose == "refit" or address.number < study.n_trials
                left[_REFITS if address.purpose == "refit" else _rule(address.study.scale)] -= is_wanted
    return left


def in_words(jobs: Mapping[str, int], to_train: Mapping[str, int]) -> str:
    """Return what the jobs of a dry run would do.

    Args:
        jobs: their number by rule.
        to_train: by rule, the number of runs without a result.
    """
    trained = {rule: min(number, to_train[rule]) for rule, number in jobs.items() if rule in to_train}
    refits, figures = trained.pop(_REFITS, 0), sum(jobs.get(rule, 0) for rule in _FIGURES)
    trials = sum(trained.values())
    again = sum(jobs[rule] for rule in jobs if rule in to_train) - trials - refits
    races = jobs.get("race", 0)
    others = sum(jobs.values()) - trials - races - refits - again - figures
    parts = [
        *([f"train {count(trials, 'trial')}"] if trials else []),
        *([f"hold {count(races, 'race')}"] if races else []),
        *([f"train {count(refits, 'refit')}"] if refits else []),
        *([f"publish {count(again, 'run')} again"] if again else []),
        *([f"draw figures in {count(figures, 'job')}"] if figures else []),
        *([f"run {count(others, 'other job')}"] if others else []),
    ]
    return f"would {listed(parts)}" if parts else "has nothing left to do"


def _rule(scale: str) -> str:
    return f"hpo_{scale}"


def _reason(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [number for number, line in enumerate(lines) if "Error" in line]
    return shortened(plain(" ".join(lines[errors[0] if errors else 0 :])), _LONGEST_REASON)


@contextmanager
def _beside(campaign: Path, notes: str) -> Iterator[Path]:
    """Yield a temporary folder with links to everything in the campaign's folder, and a copy of the notes."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for path in campaign.iterdir():
            if path.name != notes:
                (folder / path.name).symlink_to(path)
        if (campaign / notes).is_dir():
            ignore = shutil.ignore_patterns(*_NOT_COPIED)
            shutil.copytree(campaign / notes, folder / notes, symlinks=True, ignore=ignore)
        yield folder
