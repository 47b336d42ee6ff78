"""List every study of a ledger: what it is about, how far it is, and when it was last used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from simmer.base.errors import LedgerError
from simmer.base.files import bytes_below
from simmer.ledger.about import About
from simmer.ledger.address import LOCKS, homes_in, ledger_in
from simmer.ledger.results import DatasetFacts
from simmer.ledger.study_file import read_about
from simmer.status.next_features import built_features
from simmer.status.progress import StudyPlace, StudyProgress, read_study
from simmer.status.studies import KnownStudy, known_studies

FEWEST_DIGITS = 7  # of a short fingerprint


@dataclass(frozen=True, kw_only=True)
class ListedStudy:
    """A study of the ledger.

    Attributes:
        study: the study.
        short: the first digits of its fingerprint, which no other study of the ledger has.
        about: names for people.
        progress: its trials and refits.
        dataset: facts of its splits; None before its first result.
        size_bytes: of its folder.
    """

    study: KnownStudy
    short: str
    about: About
    progress: StudyProgress
    dataset: DatasetFacts | None
    size_bytes: int

    @property
    def name(self) -> str:
        """Scale and horizon."""
        return self.study.address.name

    @property
    def begun(self) -> int:
        """Number of trials that have begun and have no result."""
        return sum(work.trial.is_trial for work in self.progress.begun)

    @property
    def last_used_s(self) -> float | None:
        """When a run last wrote a line, in seconds since 1970; None if none ever did."""
        return max(
            (each.last_s for each in self.progress.all_trials if each.last_s is not None), default=None
        )


def listed_studies(results: Path) -> list[ListedStudy]:
    """Return the studies in the ledger of a results folder, the last used first, without unreadable ones."""
    tickers, known = tickers_by_features(results.parent / "data"), known_studies(ledger_in(results))
    short, found = short_names([study.home.name for study in known]), []
    for study in known:
        others = [one.trials_folder for one in known if one.address == study.address and one != study]
        try:
            found.append(_listed(study, others, short=short[study.home.name], tickers=tickers))
        except LedgerError:
            continue
    return sorted(found, key=lambda each: (-(each.last_used_s or 0.0), each.study.home.name))


def unreadable_homes(results: Path, listed: Sequence[ListedStudy]) -> list[Path]:
    """Return the folders in the ledger that should hold a study and are not listed."""
    try:
        homes = homes_in(ledger_in(results))
    except OSError:
        return []
    known = {each.study.home for each in listed}
    return [home for home in homes if home.is_dir() and home not in known]


def about_study(home: Path, features: str, tickers: Mapping[str, str]) -> About:
    """Return what a study is about; for one of an older version, the ticker of the table with its features.

    Args:
        home: its folder in the ledger.
        features: digest of the feature values that it was begun with.
        tickers: as `tickers_by_features` returns them.

    Raises:
        LedgerError: when its study.json cannot be read.
    """
    about = read_about(home)
    return about if about.ticker is not None else replace(about, ticker=tickers.get(features))


def tickers_by_features(data: Path) -> dict[str, str]:
    """Return the ticker of each feature table in a data folder, by the digest of its values."""
    entries = {
        path: built_features([path]) for path in (data / "processed").glob("*_dataset_*.resource.json")
    }
    return {
        digest: path.name.rpartition("_dataset_")[0] for path, digest in entries.items() if digest is not None
    }


def short_names(fingerprints: Sequence[str]) -> dict[str, str]:
    """Return the first digits of each fingerprint, as many for all as tell them apart."""
    digits = FEWEST_DIGITS
    while len({each[:digits] for each in fingerprints}) < len(fingerprints):
        digits += 1
    return {each: each[:digits] for each in fingerprints}


def _listed(
    study: KnownStudy, others: Sequence[Path], *, short: str, tickers: Mapping[str, str]
) -> ListedStudy:
    place = StudyPlace(
        scale=study.scale,
        horizon_days=study.horizon_days,
        n_trials=None,
        epochs_max=study.epochs_max,
        home=study.home,
    )
    progress = read_study(place, study.home.parent / LOCKS, others=others)
    about = about_study(study.home, study.features_sha256, tickers)
    # The campaign that used it last: a study keeps its meaning when the campaign is renamed.
    names = [trial.campaign for trial in progress.finished if trial.campaign is not None]
    return ListedStudy(
        study=study,
        short=short,
        about=replace(about, campaign=names[-1]) if names else about,
        progress=progress,
        dataset=_dataset(study, progress),
        size_bytes=bytes_below(study.home),
    )


def _dataset(study: KnownStudy, progress: StudyProgress) -> DatasetFacts | None:
    for trial in progress.finished:
        try:
            result = study.ledger.trial(trial.number).result()
        except (LedgerError, OSError):
            continue
        if result is not None:
            return result.dataset
    return None
