"""Find published models, compare their files with their cards, and remove those of other studies."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from simmer.base.errors import DamagedError, ModelError
from simmer.base.files import user_facing_os_errors
from simmer.base.records import read_file
from simmer.ledger.address import MODELS, StudyAddress, ledger_in
from simmer.ledger.kept_weights import KeptWeights, problem_of
from simmer.ledger.model_card import CARD, PAGE, PICTURE, Card, Member
from simmer.ledger.run_files import RunFiles


@dataclass(frozen=True, kw_only=True)
class PublishedModel:
    """A published model.

    Attributes:
        results: the folder of results.
        folder: its own.
        card: its card.
    """

    results: Path
    folder: Path
    card: Card

    @property
    def study(self) -> StudyAddress:
        """Address of its study."""
        return StudyAddress(scale=self.card.scale, horizon_days=self.card.label.horizon_days)

    @property
    def home(self) -> Path:
        """Folder of its fingerprint in the ledger."""
        return ledger_in(self.results) / self.card.fingerprint

    def weights(self, member: Member) -> KeptWeights:
        """Return the two files of a member's weights: in the ledger and published."""
        address = self.study.refit(member.refit, of_trial=self.card.winner)
        return RunFiles(self.home, address).weights

    def files(self) -> list[Path]:
        """Return its files, the card first, so that a model without one is never whole."""
        names = (CARD, PAGE, PICTURE, *(member.file for member in self.card.members))
        return [path for name in names if (path := self.folder / name).is_file()]

    def problems(self) -> dict[Path, str]:
        """Return what is wrong with its files of weights, in a few words."""
        paths = {self.folder / member.file: member.stored for member in self.card.members}
        found = {path: problem_of(path, stored) for path, stored in paths.items()}
        return {path: problem for path, problem in found.items() if problem is not None}


def cards_in(results: Path) -> list[Path]:
    """Return the paths of the cards of all published models, sorted."""
    return sorted((results / MODELS).glob(f"*/*/{CARD}"))


def read_model(path: Path, results: Path) -> PublishedModel | None:
    """Return the model with a card; None if the card is absent, of another version, or of another folder.

    Args:
        path: of the card.
        results: the folder of results.

    Raises:
        DamagedError: when the card is damaged.
        LedgerError: when it must not be read.
    """
    content = read_file(path, advice="the next run makes it again")
    try:
        card = None if content is None else Card.parse(content, where=path)
    except ModelError:
        return None
    model = None if card is None else PublishedModel(results=results, folder=path.parent, card=card)
    return None if model is None or results / model.study.model != path.parent else model


def models_in(results: Path) -> Iterator[PublishedModel]:
    """Yield the published models whose cards can be used; others are made again by their job.

    Raises:
        LedgerError: when a card must not be read.
    """
    for path in cards_in(results):
        with suppress(DamagedError):
            model = read_model(path, results)
            if model is not None:
                yield model


def remove_other_models(results: Path, homes: Mapping[StudyAddress, Path]) -> list[Path]:
    """Remove published models of other studies than these; return the removed paths.

    Weights that the ledger lacks are restored there first; a model of which that fails is kept.

    Args:
        results: the folder of results.
        homes: the folder of the fingerprint of each configured study.

    Raises:
        LedgerError: when a file cannot be written or removed.
    """
    removed = []
    for model in models_in(results):
        restored = (model.weights(member).restore(member.stored) for member in model.card.members)
        if homes.get(model.study) != model.home and all(restored):
            removed += model.files()
    for path in removed:
        with user_facing_os_errors(path):
            path.unlink()
    return removed
