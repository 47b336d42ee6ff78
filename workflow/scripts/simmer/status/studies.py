"""Choose the studies to show: those of the configuration, found in the ledger by their settings."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from simmer.base.errors import LedgerError
from simmer.base.files import to_json
from simmer.config.campaign import Config
from simmer.ledger.address import StudyAddress, homes_in
from simmer.ledger.ledger import StudyLedger
from simmer.ledger.study_file import read_about, read_study_file
from simmer.search.study import Study
from simmer.status.changes import FEATURES, Changes, changes
from simmer.status.next_features import next_features
from simmer.status.progress import StudyPlace

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
    def place(self) -> StudyPlace:
        """Its place in the ledger; how many trials are wanted is not known."""
        return StudyPlace(
            scale=self.scale,
            horizon_days=self.horizon_days,
            n_trials=None,
            epochs_max=self.epochs_max,
            home=self.home,
        )

    def has_models_of(self, study: Study) -> bool:
        """Return True if its trials have the models and epochs of a configured study."""
        names = ("scale", "budget_parameters", "geometry", "epochs_max")
        wanted = json.loads(to_json(study.meaning()))
        return all(self.meaning.get(name) == wanted.get(name) for name in names)

    @property
    def ticker(self) -> str | None:
        """Whose bars it learns from; None if that is not recorded."""
        try:
            return read_about(self.home).ticker
        except LedgerError:
            return None

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
        changes: settings in which the configured studies differ from those shown instead.
    """

    places: tuple[StudyPlace, ...]
    configured: bool
    others: tuple[KnownStudy, ...]
    changes: Changes = field(default_factory=dict)


def choose(config: Config, ledger: Path, data: Path, *, earlier: Config | None = None) -> Chosen:
    """Return the studies of a configuration or, if none of them has begun, the last ones.

    A study of the ledger matches if it has the same settings and features. If the features cannot be built,
    the tickers are compared instead.

    Args:
        config: the configuration.
        ledger: folder of the ledger.
        data: folder of the feature tables.
        earlier: configuration of the last run; without it, the newest study of each scale and horizon counts
            as the last one.
    """
    known = known_studies(ledger)
    features = next_features(config, data, needs_table=True)
    chosen, shown = _chosen(config, known, features)
    if shown or not known:
        return chosen
    if earlier is not None:
        last, shown = _chosen(earlier, known, next_features(earlier, data, needs_table=True))
    if not shown:
        last, shown = _newest(known)
    return replace(last, configured=False, changes=_changes(config, shown, features))


def _chosen(
    config: Config, known: Sequence[KnownStudy], features: str | None
) -> tuple[Chosen, list[KnownStudy]]:
    """Return the studies of a configuration, and those of them that are in the ledger."""
    places, shown = [], []
    for study in configured_studies(config):
        match = matching(study, known, features, ticker=config.dataset.ticker)
        shown += [] if match is None else [match]
        home = None if match is None else match.home
        places.append(StudyPlace.of(study, home, refits=config.evidence.seeds))
    return Chosen(places=tuple(places), configured=True, others=_without(known, shown)), shown


def _newest(known: Sequence[KnownStudy]) -> tuple[Chosen, list[KnownStudy]]:
    """Return the newest study of each scale and horizon in a ledger."""
    newest = {(each.scale, each.horizon_days): each for each in sorted(known, key=_touched_s)}
    shown = sorted(newest.values(), key=lambda each: (each.budget_parameters, each.horizon_days))
    places = tuple(each.place for each in shown)
    return Chosen(places=places, configured=False, others=_without(known, shown)), shown


def configured_studies(config: Config) -> list[Study]:
    """Return the studies of a configuration in the order in which they are run."""
    return [config.study(scale, days) for scale in config.run_scales for days in config.dataset.horizons_days]


def nearest(study: Study, known: Iterable[KnownStudy], features_sha256: str | None) -> Changes:
    """Return how a study differs from the most similar known one of its scale and horizon, if any."""
    same = [each for each in known if each.address == study.address]
    found = [differences(each, study, features_sha256) for each in sorted(same, key=_touched_s, reverse=True)]
    return min(found, key=len, default={})


def _changes(config: Config, shown: Sequence[KnownStudy], features: str | None) -> Changes:
    found = [nearest(study, shown, features) for study in configured_studies(config)]
    return next(filter(None, found), {})


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
            features = meaning.pop(FEATURES)
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


def differences(known: KnownStudy, study: Study, features_sha256: str | None) -> Changes:
    """Return the settings in which a study of the ledger differs from a configured one, with both values.

    Args:
        known: the study of the ledger.
        study: the configured one.
        features_sha256: digest of the present feature values; None if unknown, then they are not compared.
    """
    old, new = known.meaning, json.loads(to_json(study.meaning()))
    if features_sha256 is not None:
        old, new = {**old, FEATURES: known.features_sha256}, {**new, FEATURES: features_sha256}
    return changes(old, new)


def matching(
    study: Study, known: Sequence[KnownStudy], features_sha256: str | None, *, ticker: str
) -> KnownStudy | None:
    """Return the study of the ledger that a configured one continues; None if it is new.

    Args:
        study: the configured one.
        known: those of the ledger.
        features_sha256: digest of its feature values; None if unknown, then the tickers are compared.
        ticker: whose bars it learns from.
    """
    same = [each for each in known if not differences(each, study, features_sha256)]
    if features_sha256 is None:
        same = [each for each in same if each.ticker in (None, ticker)]
    return max(same, key=_touched_s, default=None)


def folders_beside(place: StudyPlace, others: Iterable[KnownStudy]) -> list[Path]:
    """Return the trial folders of other studies with the same scale and horizon, which share the locks."""
    return [each.trials_folder for each in others if each.address == place.address]


def _touched_s(study: KnownStudy) -> float:
    """Return when a trial of the study last began, in seconds since 1970."""
    try:
        return study.trials_folder.stat().st_mtime
    except OSError:
        return 0.0


def _without(known: Iterable[KnownStudy], shown: Iterable[KnownStudy]) -> tuple[KnownStudy, ...]:
    homes = {each.home for each in shown}
    return tuple(each for each in known if each.home not in homes)
