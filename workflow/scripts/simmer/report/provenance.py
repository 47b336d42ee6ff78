"""Collect the provenance of a report: versions, digests, fingerprints and seeds."""

from collections.abc import Iterable, Mapping, Sequence

from simmer.base.provenance import code_digest
from simmer.evidence.results import Evidence
from simmer.ledger.results import RefitResult, TrialResult


def provenance_of(
    evidence: Evidence,
    trials: Sequence[TrialResult],
    refits: Sequence[RefitResult],
    *,
    features_sha256: str,
    seed: int,
) -> Mapping[str, str]:
    """Return versions, digests, fingerprints and seeds by a readable name.

    Args:
        evidence: of all horizons.
        trials, refits: all results of the campaign.
        features_sha256: of the content of the feature tables.
        seed: the campaign's.
    """
    computed = [*trials, *refits]
    digests = sorted({digest for result in computed for digest in result.code_digests})
    fingerprints = {
        f"fingerprint of {refit.scale}, {refit.horizon_days} d": refit.fingerprint for refit in refits
    }
    versions = {name: _all(result.versions[name] for result in computed) for name in computed[0].versions}
    sklearn = _all(
        model.sklearn_version
        for one in evidence.horizons
        for model in one.models
        if model.sklearn_version is not None
    )
    return {
        "campaign": evidence.campaign,
        "seed of the search": str(seed),
        "code of the evidence": evidence.code,
        "code of this report": code_digest(),
        "code of trials and refits": ", ".join(digests),
        "content of the feature table, SHA-256": features_sha256,
        **{
            f"predictions scored, {one.days} d, SHA-256": one.reading["predictions_sha256"]
            for one in evidence.horizons
        },
        **fingerprints,
        **versions,
        "scikit-learn": sklearn,
        "computed on": _all(f"{result.machine.device}, {result.machine.precision}" for result in computed),
    }


def _all(values: Iterable[object]) -> str:
    return ", ".join(sorted({str(value) for value in values}))
