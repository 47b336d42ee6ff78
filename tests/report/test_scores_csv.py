import csv
import io

import pytest

from simmer.evidence.results import Evidence
from simmer.report.scores_csv import scores_csv


def test_a_row_per_model_and_horizon_with_empty_cells_for_missing_values(evidence):
    rows = list(csv.DictReader(io.StringIO(scores_csv(Evidence.from_json(evidence)))))
    models = {model["name"]: model for model in evidence["horizons"]["1"]["models"]}
    assert {row["model"] for row in rows} == set(models)
    by_name = {row["model"]: row for row in rows}
    scale, base_rate = by_name["2M"], by_name["base_rate"]
    assert float(scale["log_loss"]) == pytest.approx(models["2M"]["log_loss"]["value"])
    assert float(scale["averaged_skill_high"]) == pytest.approx(models["2M"]["averaged_skill"]["high"])
    assert (scale["members"], scale["tries"]) == ("3", "")
    assert [(by_name[name]["members"], by_name[name]["tries"]) for name in ("mlp", "base_rate")] == [
        ("3", "50"),
        ("1", "50"),
    ]
    assert float(scale["skill_low"]) == pytest.approx(models["2M"]["skill"]["low"])
    assert (scale["parameters"], scale["seeds"], scale["verdict"]) == ("1998000", "3", "undetermined")
    assert base_rate["auc"] == base_rate["parameters"] == base_rate["search_validation_log_loss"] == ""
