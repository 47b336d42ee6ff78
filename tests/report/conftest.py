"""The results of a small campaign, with computed evidence."""

from dataclasses import replace

import pytest

from simmer.evidence.answer import adjust_for_all, answer
from simmer.evidence.headlines import headlines
from simmer.evidence.results import Evidence
from simmer.report.material import Material
from support.final_predictions import table_and_facts
from support.report_material import CHECK, SVG, computed
from support.results import refit_result


@pytest.fixture(scope="session")
def evidence():
    table, facts = table_and_facts({"2M": 2.5, "20M": 2.5}, noise_of_baselines=0.0)
    facts["models"]["mlp"]["sklearn_version"] = "1.9.1"
    answers, comparisons = adjust_for_all([answer(table, facts, horizon_days=1, comparisons=1)], horizons=1)
    one = replace(answers[0], headlines=headlines(answers[0], comparisons=comparisons))
    made = Evidence(campaign="small", code="e" * 12, comparisons=comparisons, horizons=(one,))
    return made.as_json()


@pytest.fixture
def material(evidence):
    def make(*, trials=12, **changed):
        known = {
            "evidence": evidence,
            "trials": [computed(scale, n) for scale in ("2M", "20M") for n in range(trials)],
            "refits": [
                computed(
                    "2M",
                    n,
                    make=refit_result,
                    predictions={} if n else None,
                    state="complete" if n else "diverged",
                )
                for n in range(3)
            ],
            "races": [],
            "data_validation": {"checked": [], "problems": []},
            "dataset": {"ticker": "GSPC", "basis": "high", "threshold": 0.01, "context_days": 60},
            "preflights": {"2M": {"checks": [CHECK | {"id": "disk", "measured": 70.25, "unit": "GiB"}]}},
            "audit": {"checks": [CHECK]},
            "figures": {"scaling": SVG, "search_history_2M_h1": SVG, "calibration_h1": SVG},
            "captions": {"scaling": "What scales.", "search_history": "How it went.", "calibration": "True?"},
            "provenance": {"campaign": "small"},
        }
        known |= changed
        return Material(**(known | {"evidence": Evidence.from_json(known["evidence"])}))

    return make
