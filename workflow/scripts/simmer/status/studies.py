"""Choose the studies to show: those of the configuration, found in the ledger by their settings."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simmer.base.files import read_json, to_json
from simmer.config.campaign import Config
from simmer.ledger.address import STUDY_FILE, StudyAddress, homes_in
from simmer.search.study import Study
from simmer.status.progress import StudyPlace

_UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError)


@dataclass(frozen=True, kw_only=True)
class KnownStudy:
    """A study in the ledger, read from its study.json.

    Attributes:
        home: its folder, named by its fingerprint.
        meaning: all settings in study.json, without the digest of the features.
        features_sha256: digest of the feature values it was begun with.
    """

    home: Path
    scale: str
    horizon_days: int
    epochs_max: int
    budget_parameters: int
    meaning: dict[str, Any]
    features_sha256: str

    @property
    def address(self) -> StudyAddress:
        """Scale and horizon."""
        return StudyAddress(scale=self.scale, horizon_days=self.horizon_days)

    @property
    def trials_folder(self) -> Path:
        """The folder of its trials."""
        return self.home / self.address.folder


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The studies to show.

    Attributes:
        places: in the order in which they are run.
        configured: False if the ledger has only other studies, which are then shown.
        others: studies of the ledger that are not shown.
    """

    places: tuple[StudyPlace, ...]
    configured: bool
    others: tuple[KnownStudy, ...]


def choose(config: Config, ledger: Path, data: Path) -> Chosen:
    """Return the studies of a configuration or, if none of them has begun, those of the ledger.

    A study of the ledger matches if it has the same settings and was begun with the feature table now in
    `data`. Without that table's entry the features are not compared.
    """
    known = known_studies(ledger)
    features = _features_sha256(data / "processed" / f"{config.dataset.table}.resource.json")
    refits = config.evidence.seeds
    places, shown = [], []
    for scale in config.run_scales:
        for days in config.dataset.horizons_days:
            study = config.study(scale, days)
            match = _match(study, known, features)
            shown += [] if match is None else [match]
            places.append(StudyPlace.of(study, None if match is None else match.home, refits=refits))
    if known and not shown:
        newest = {(each.scale, each.horizon_days): each for each in sorted(known, key=_touched_s)}
        shown = sorted(newest.values(), key=lambda each: (each.budget_parameters, each.horizon_days))
        places = [
            StudyPlace(
                scale=each.scale,
                horizon_days=each.horizon_days,
                n_trials=None,
                epochs_max=each.epochs_max,
                home=each.home,
            )
            for each in shown
        ]
        return Chosen(places=tuple(places), configured=False, others=_without(known, shown))
    return Chosen(places=tuple(places), configured=True, others=_without(known, shown))


def known_studies(ledger: Path) -> list[KnownStudy]:
    """Return the studies in a ledger; unreadable ones are left out."""
    found = []
    try:
        homes = homes_in(ledger)
    except OSError:
        return []
    for home in homes:
        try:
            meaning = read_json(home / STUDY_FILE)
            features = meaning.pop("features_sha256")
            found.append(
                KnownStudy(
                    home=home,
                    scale=meaning["scale"],
                    horizon_days=meaning["label"]["horizon_days"],
                    epochs_max=meaning["epochs_max"],
                    budget_parameters=meaning["budget_parameters"],
                    meaning=meaning,
                    features_sha256=features,
                )
            )
        except _UNREADABLE:
            continue  # study.json is not written yet, or this is not a study
    return found


def _match(study: Study, known: Sequence[KnownStudy], features_sha256: str | None) -> KnownStudy | None:
    meaning = json.loads(to_json(study.meaning()))
    same = [
        each for each in known if each.meaning == meaning and features_sha256 in (None, each.features_sha256)
    ]
    return max(same, key=_touched_s, default=None)


def _touched_s(study: KnownStudy) -> float:
    """Return when a trial of the study last began, in seconds since 1970."""
    try:
        return study.trials_folder.stat().st_mtime
    except OSError:
        return 0.0


def _features_sha256(entry: Path) -> str | None:
    try:
        return str(read_json(entry)["content_sha256"])
    except _UNREADABLE:
        return None


def _without(known: Iterable[KnownStudy], shown: Iterable[KnownStudy]) -> tuple[KnownStudy, ...]:
    homes = {each.home for each in shown}
    return tuple(each for each in known if each.home not in homes)
