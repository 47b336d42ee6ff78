from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from simmer.base.errors import DatasetError
from simmer.evidence.predictions import prediction_table, read_predictions
from support.final_predictions import Market


@pytest.fixture
def market():
    return Market()


def test_predictions_are_read_back_unchanged(tmp_path, market):
    given = [market.predict("2M", noise=0.1, refit=n) for n in (0, 1)]
    given += [market.predict("mlp", noise=0.3, refit=n, kind="baseline") for n in (0, 1)]
    given.append(market.predict("logistic_regression", noise=0.3))
    prediction_table(market.labels, given).to_parquet(tmp_path / "p.parquet", index=False)
    table = pd.read_parquet(tmp_path / "p.parquet")
    for split in ("validation", "test"):
        found = read_predictions(table, split)
        assert list(found) == ["2M", "mlp", "logistic_regression"]
        assert [found[name].kind for name in found] == ["transformer", "baseline", "baseline"]
        np.testing.assert_array_equal(found["2M"].labels, market.labels[split].labels)
        rows = [row for model in found.values() for row in model.probabilities]
        for row, one in zip(rows, given, strict=True):
            assert row.tolist() == one.splits[split]["probabilities"]


def test_the_table_has_the_date_and_label_of_each_row(market):
    table = prediction_table(market.labels, [market.predict("mlp", noise=0.3)])
    assert list(table) == ["split", "row", "date", "label", "model", "kind", "refit", "probability"]
    of_test = table[table["split"] == "test"]
    assert of_test["date"].tolist() == pd.to_datetime(market.labels["test"].dates).tolist()
    assert of_test["refit"].isna().all()
    assert len(table) == sum(len(rows) for rows in market.rows.values())


def test_predictions_of_other_rows_are_refused(market):
    one = market.predict("2M", noise=0.1, refit=3)
    moved = {
        **one.splits,
        "test": {**one.splits["test"], "rows": [r + 1 for r in one.splits["test"]["rows"]]},
    }
    with pytest.raises(DatasetError, match="refit 3 of 2M has predictions for 600 rows of test, expected"):
        prediction_table(market.labels, [replace(one, splits=moved)])


def test_predictions_with_another_loss_than_recorded_are_refused(market):
    one = replace(market.predict("mlp", noise=0.1, refit=1, kind="baseline"), validation_log_loss=0.5)
    with pytest.raises(
        DatasetError,
        match=r"predictions of member 1 of mlp have a validation log-loss of 0\.\d+, expected the recorded",
    ):
        prediction_table(market.labels, [one])


def test_a_table_with_different_rows_per_model_is_refused(market):
    table = prediction_table(market.labels, [market.predict(name, noise=0.1) for name in ("a", "b")])
    short = table.drop(table.index[-1])
    with pytest.raises(DatasetError, match="b has predictions for other rows of test"):
        read_predictions(short, "test")
