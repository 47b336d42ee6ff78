"""Publish the weights that the refits of a study kept, and say why others are not there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simmer.base.files import user_facing_os_errors
from simmer.config.blocks import EvidenceSettings
from simmer.ledger.address import results_of
from simmer.ledger.ledger import StudyLedger
from simmer.ledger.model_card import ModelInputs
from simmer.ledger.results import RefitResult
from simmer.training.saved_model import read_header
from simmer.training.state import DTYPES


@dataclass(frozen=True, kw_only=True)
class PublishedMembers:
    """What is published of a study's refits.

    Attributes:
        refits: those whose weights are published.
        files: the files of weights.
        absent: a sentence about each refit whose weights should be there and are not.
    """

    refits: tuple[RefitResult, ...]
    files: tuple[Path, ...]
    absent: tuple[str, ...]


def publish_members(
    refits: Sequence[RefitResult], ledger: StudyLedger, *, inputs: ModelInputs, settings: EvidenceSettings
) -> PublishedMembers:
    """Copy kept weights from the ledger to the published model of their study, and remove others there.

    Args:
        refits: all refits of the study.
        ledger: of the study.
        inputs: of the model.
        settings: how many members are kept.

    Raises:
        LedgerError: when a file cannot be written or removed.
        ModelError: when a file of weights is none.
    """
    wanted = [refit for refit in refits if refit.refit < settings.kept_members(_member_bytes(refit))]
    why = {refit.refit: _publish(refit, ledger, inputs) for refit in wanted}
    kept = tuple(refit for refit in wanted if why[refit.refit] is None)
    results = results_of(ledger.root)
    files = tuple(results / refit.address.member for refit in kept)
    for path in set((results / ledger.address.model).glob("member_*.safetensors")) - set(files):
        with user_facing_os_errors(path):
            path.unlink()
    absent = tuple(f"Refit {number} is not here: {reason}." for number, reason in why.items() if reason)
    return PublishedMembers(refits=kept, files=files, absent=absent)


def _publish(refit: RefitResult, ledger: StudyLedger, inputs: ModelInputs) -> str | None:
    """Publish the weights of a refit; return why that cannot be done, or None."""
    if refit.best is None:
        return f"it ended as {refit.state} and predicts nothing"
    files = ledger.refit(refit.refit, of_trial=refit.winner)
    again = (
        f"To get them, move {files.folder} and {refit.address.published('json')} away, both in the results, "
        "and run `make report`: it is trained again, from the same seed"
    )
    if refit.kept_weights is None:
        return f"it was trained without keeping its weights. {again}"
    if not files.weights.publish(refit.kept_weights):
        return f"its weights are lost, in the ledger and here. {again}"
    if read_header(files.weights.published).inputs_sha256 != inputs.sha256:
        return "its inputs were standardised by other numbers than this table gives on this machine"
    return None


def _member_bytes(refit: RefitResult) -> int:
    if refit.kept_weights is not None:
        return refit.kept_weights.bytes
    return refit.parameters * DTYPES[refit.machine.precision].itemsize
