"""Addresses of runs: convert an address to its paths and a path to its address.

Folder of a run in the ledger, below `<root>/<fingerprint>`; parts in brackets only if the address has them:

    [ticker_<TICKER>/]<scale>/h<days>/[fold_<k>/][fraction_<share>/]trial_<NNN>
                                                                    race_<n>_of_trial_<NNN>
                                                                    refit_<n>_of_trial_<NNN>
                                                                    control_<n>

Locks lie below `<root>/locks`, published results below `results/hpo`, `results/races`, `results/refits` or
`results/controls`, in the same folders. Refits lose `_of_trial_<NNN>` there: those of different winners are
published at the same path, so they share a lock. The model of a study is published below `results/models`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Literal, get_args

from simmer.base.errors import LedgerError
from simmer.base.text import TICKER_PATTERN

Purpose = Literal["trial", "race", "refit", "control"]

RESULTS = Path("results")
LOCKS, MADE_FROM = "locks", "made_from"
JOB_LOGS = "logs"
MODELS = "models"

_PUBLISHED: dict[Purpose, str] = {
    "trial": "hpo",
    "race": "races",
    "refit": "refits",
    "control": "controls",
}
PUBLISHED_RUNS = tuple(_PUBLISHED[purpose] for purpose in ("trial", "race", "refit"))
_JOB_LOGS: dict[Purpose, str] = {
    "trial": "hpo_",
    "race": "race/",
    "refit": "refit/",
    "control": "control/",
}
_SCALE, _TICKER = re.compile(r"[A-Za-z0-9]+"), re.compile(TICKER_PATTERN)
_RUN = re.compile(rf"({'|'.join(get_args(Purpose))})_(\d+)(?:_of_trial_(\d+))?")
_HORIZON, _FOLD, _FRACTION = (re.compile(pattern) for pattern in (r"h(\d+)", r"fold_(\d+)", r"fraction_(.+)"))


@dataclass(frozen=True, kw_only=True)
class StudyAddress:
    """Address of a study; a value that is not allowed in a path raises `LedgerError`.

    Attributes:
        scale: letters and digits, such as `20M`.
        horizon_days: days ahead.
        ticker: None for a campaign with one ticker.
        fold: number of the fold of test days, from 0; None without folds.
        data_fraction: share of the train windows, in (0, 1]; None for all of them.
    """

    scale: str
    horizon_days: int
    ticker: str | None = None
    fold: int | None = None
    data_fraction: float | None = None

    def __post_init__(self) -> None:
        usable = (
            _SCALE.fullmatch(self.scale)
            and (self.ticker is None or _TICKER.fullmatch(self.ticker))
            and min(self.horizon_days, self.fold or 0) >= 0
            and (self.data_fraction is None or 0 < self.data_fraction <= 1)
        )
        if not usable:
            raise LedgerError(
                f"found the study {self}; expected a scale of letters and digits, a ticker of capitals, "
                "digits, dots and hyphens, no negative number, and a fraction in (0, 1]: correct the value"
            )

    @property
    def folder(self) -> Path:
        """Its folder, relative to a fingerprint, to the locks and to published results."""
        ticker = None if self.ticker is None else f"ticker_{self.ticker}"
        fold = None if self.fold is None else f"fold_{self.fold}"
        fraction = None if self.data_fraction is None else f"fraction_{float(self.data_fraction)!r}"
        parts = (ticker, self.scale, horizon_name(self.horizon_days), fold, fraction)
        return Path(*(part for part in parts if part is not None))

    @property
    def name(self) -> str:
        """Its name in messages: `2M/h3`, with ticker, fold and data fraction if it has them."""
        return self.folder.as_posix()

    @property
    def model(self) -> Path:
        """The folder of its published model, below the results."""
        return Path(MODELS) / self.folder

    def trial(self, number: int) -> "Address":
        """Return the address of trial `number`, from 0."""
        return Address(study=self, purpose="trial", number=number)

    def refit(self, number: int, *, of_trial: int | None = None) -> "Address":
        """Return the address of refit `number`, from 0, of a trial; without a trial, as it is published."""
        return Address(study=self, purpose="refit", number=number, of_trial=of_trial)

    def race(self, number: int, *, of_trial: int) -> "Address":
        """Return the address of run `number`, from 0, of a trial in the race."""
        return Address(study=self, purpose="race", number=number, of_trial=of_trial)

    @property
    def standings(self) -> Path:
        """The file with the outcome of its race, below the results."""
        return Path(_PUBLISHED["race"]) / self.folder / "race.json"

    def addresses(self, names: Iterable[str]) -> list["Address"]:
        """Return the addresses of runs among these file or folder names, by number; ignore other names."""
        found = (_address(self, name) for name in names)
        return sorted(filter(None, found), key=lambda address: (address.number, address.folder.name))

    @classmethod
    def parse(cls, folder: PurePath) -> "StudyAddress":
        """Return the address of a study's folder.

        Raises:
            LedgerError: when the path does not end in such a folder.
        """
        parts = list(folder.parts)
        fraction, fold = _pop(parts, _FRACTION), _pop(parts, _FOLD)
        days, scale = _pop(parts, _HORIZON), parts.pop() if parts else ""
        ticker = _pop(parts, re.compile(rf"ticker_({_TICKER.pattern})"))
        try:
            address = cls(
                scale=scale,
                horizon_days=-1 if days is None else int(days),
                ticker=ticker,
                fold=None if fold is None else int(fold),
                data_fraction=None if fraction is None else float(fraction),
            )
        except (ValueError, LedgerError):
            address = None
        if address is None or folder.parts[-len(address.folder.parts) :] != address.folder.parts:
            raise LedgerError(
                f"found {folder}, expected the folder of a study, which ends as in 2M/h3: give the path of a "
                "folder that the workflow made"
            )
        return address


@dataclass(frozen=True, kw_only=True)
class Address:
    """Address of a run: a trial, a race run, a refit or a control; a wrong one raises `LedgerError`.

    Attributes:
        study: its study.
        purpose: of the run.
        number: from 0.
        of_trial: the trial that a race run or refit repeats; None for others and for a published refit.
    """

    study: StudyAddress
    purpose: Purpose
    number: int
    of_trial: int | None = None

    def __post_init__(self) -> None:
        repeats = {"race": (True,), "refit": (True, False)}.get(self.purpose, (False,))
        if min(self.number, self.of_trial or 0) < 0 or (self.of_trial is not None) not in repeats:
            raise LedgerError(
                f"found {self}; expected numbers from 0, and `of_trial` of a race run or a refit: correct it"
            )

    @property
    def name(self) -> str:
        """Its name in messages and published files: `trial_007`, `refit_0`, `race_0_of_trial_007`."""
        if self.purpose == "trial":
            return trial_name(self.number)
        return f"{self.purpose}_{self.number}" + (self._of if self.purpose == "race" else "")

    @property
    def folder(self) -> Path:
        """Its folder below a fingerprint; different addresses have different folders."""
        return self.study.folder / f"{self.name}{self._of if self.purpose == 'refit' else ''}"

    @property
    def _of(self) -> str:
        return "" if self.of_trial is None else f"_of_{trial_name(self.of_trial)}"

    @property
    def lock(self) -> Path:
        """Its lock file, below the folder of locks."""
        return self.study.folder / f"{self.name}.lock"

    def published(self, ending: str) -> Path:
        """Return the path of its published result (`json`) or log (`jsonl`), below the results."""
        return Path(_PUBLISHED[self.purpose]) / self.study.folder / f"{self.name}.{ending}"

    @property
    def member(self) -> Path:
        """The path of a refit's published weights, below the results."""
        return self.study.model / f"member_{self.number}.safetensors"

    @property
    def job_log(self) -> Path:
        """The log file of its job, below the results; one job computes all runs of a race."""
        name = "race" if self.purpose == "race" else self.name
        return Path(JOB_LOGS, f"{_JOB_LOGS[self.purpose]}{self.study.name}", f"{name}.log")

    @classmethod
    def parse(cls, path: PurePath) -> "Address":
        """Return the address of a run from its folder, lock, published result, published log or job log.

        Raises:
            LedgerError: when the path is none of these.
        """
        name = path.stem if path.suffix in (".json", ".jsonl", ".lock", ".log") else path.name
        address = _address(StudyAddress.parse(path.parent), name)
        if address is None:
            raise LedgerError(
                f"found {path}, expected a name such as trial_007 or refit_0: give the path of a result that "
                "the workflow made"
            )
        return address


def horizon_name(horizon_days: int) -> str:
    """Return the name of a horizon in paths: `h5` for five days."""
    return f"h{horizon_days}"


def horizon_days_of(name: str) -> int:
    """Return the days of a horizon from its name: 5 for `h5`.

    Raises:
        LedgerError: for any other name.
    """
    match = _HORIZON.fullmatch(name)
    if match is None:
        raise LedgerError(
            f"found the horizon {name!r}, expected h and its days, such as h5: correct the name"
        )
    return int(match[1])


def trial_name(number: int) -> str:
    """Return the name of a trial in paths and messages: `trial_007`."""
    return f"trial_{number:03d}"


def purpose_of(name: str) -> Purpose | None:
    """Return the purpose of the run with this name; None if it is not the name of a run."""
    match = _RUN.fullmatch(name)
    return match and match[1]


def ledger_in(results: Path) -> Path:
    """Return the folder of the ledger in a results folder."""
    return results / "ledger"


def results_of(ledger: Path) -> Path:
    """Return the results folder of a ledger."""
    return ledger.parent


def campaign_lock_in(results: Path) -> Path:
    """Return the lock of a campaign, which one run holds at a time, in a results folder."""
    return results / ".lock"


def made_from_in(results: Path) -> Path:
    """Return the folder that says what published files were made from."""
    return ledger_in(results) / MADE_FROM


def looks_in(results: Path) -> Path:
    """Return the path of the log of looks at test days in a results folder."""
    return ledger_in(results) / "test_reads.jsonl"


def shown_warnings_in(results: Path) -> Path:
    """Return the folder with a file for each warning that the terminal has shown."""
    return results / JOB_LOGS / "warnings"


def published_folder(scale: str, purpose: Purpose = "trial") -> Path:
    """Return the folder of all published runs of a scale with this purpose."""
    return RESULTS / _PUBLISHED[purpose] / scale


def done_file(scale: str) -> Path:
    """Return the file that marks a scale as done, below the results."""
    return Path(f"hpo_{scale}.done")


def homes_in(root: Path) -> list[Path]:
    """Return the entries of a ledger that may be folders of fingerprints, sorted.

    Raises:
        OSError: when the ledger cannot be read.
    """
    return sorted(path for path in root.iterdir() if path.name not in (LOCKS, MADE_FROM))


def _pop(parts: list[str], pattern: re.Pattern[str]) -> str | None:
    match = pattern.fullmatch(parts[-1]) if parts else None
    if match is None:
        return None
    parts.pop()
    return match[1]


def _address(study: StudyAddress, name: str) -> Address | None:
    match = _RUN.fullmatch(name)
    if match is None:
        return None
    of_trial = None if match[3] is None else int(match[3])
    try:
        address = Address(study=study, purpose=match[1], number=int(match[2]), of_trial=of_trial)
    except LedgerError:
        return None
    return address if address.folder.name == name else None
