"""Choose the studies to show: those of the configuration, found in the ledger by their settings."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simmer.base.errors import DataError, LedgerError
from simmer.base.files import to_json
from simmer.config.campaign import Config
from simmer.data.table_entry import content_sha256_in
from simmer.ledger.address import StudyAddress, homes_in
from simmer.ledger.ledger import StudyLedger
from simmer.ledger.study_file import read_study_file
from simmer.search.study import Study
from simmer.status.progress import StudyPlace

_FEATURES = "features_sha256"
_UNREADABLE = (LedgerError, OSError, ValueError, LookupError, TypeError, AttributeError)


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
    def ledger(self) -> StudyLedger:
        """Its part of the ledger."""
        return StudyLedger(
            root=self.home.parent,
            address=self.address,
            fingerprint=self.home.name,
            meaning=self.meaning,
            features_sha256=self.features_sha256,
        )

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
    features = features_sha256(data / "processed" / f"{config.dataset.table}.resource.json")
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
            meaning = read_study_file(home)
            features = meaning.pop(_FEATURES)
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


def differences(known: KnownStudy, study: Study, features_sha256: str | None) -> dict[str, tuple[Any, Any]]:
    """Return the settings in which a study of the ledger differs from a configured one, with both values.

    Args:
        known: the study of the ledger.
        study: the configured one.
        features_sha256: digest of the present feature values; None if unknown, then they are not compared.
    """
    old, new = (_by_path(values) for values in (known.meaning, json.loads(to_json(study.meaning()))))
    if features_sha256 is not None:
        old, new = old | {_FEATURES: known.features_sha256}, new | {_FEATURES: features_sha256}
    return {
        name: (old.get(name), new.get(name))
        for name in old | new
        if (name in old, old.get(name)) != (name in new, new.get(name))
    }


def features_sha256(entry: Path) -> str | None:
    """Return the digest of the feature values in the entry of a feature table; None if it is not known."""
    try:
        return content_sha256_in(entry)
    except DataError:
        return None


def _by_path(values: Any, path: str = "") -> dict[str, Any]:
    """Return the values of nested objects by their joined keys, such as `label.threshold`."""
    if not isinstance(values, dict) or not values:
        return {path: values}
    parts = (_by_path(value, f"{path}.{key}" if path else key) for key, value in values.items())
    return {name: value for part in parts for name, value in part.items()}


def _match(study: Study, known: Sequence[KnownStudy], features_sha256: str | None) -> KnownStudy | None:
    same = [each for each in known if not differences(each, study, features_sha256)]
    return max(same, key=_touched_s, default=None)


def _touched_s(study: KnownStudy) -> float:
    """Return when a trial of the study last began, in seconds since 1970."""
    try:
        return study.trials_folder.stat().st_mtime
    except OSError:
        return 0.0


def _without(known: Iterable[KnownStudy], shown: Iterable[KnownStudy]) -> tuple[KnownStudy, ...]:
    homes = {each.home for each in shown}
    return tuple(each for each in known if each.home not in homes)
