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


def test_what_is_read_back_is_what_was_predicted(tmp_path, market):
    given = [market.predict("2M", noise=0.1, refit=n) for n in (0, 1)]
    given.append(market.predict("mlp", noise=0.3))
    prediction_table(market.labels, given).to_parquet(tmp_path / "p.parquet", index=False)
    table = pd.read_parquet(tmp_path / "p.parquet")
    for split in ("validation", "test"):
        found = read_predictions(table, split)
        assert list(found) == ["2M", "mlp"]
        assert [found[name].kind for name in found] == ["transformer", "baseline"]
        np.testing.assert_array_equal(found["2M"].labels, market.labels[split].labels)
        for row, one in zip([*found["2M"].probabilities, *found["mlp"].probabilities], given, strict=True):
            assert row.tolist() == one.splits[split]["probabilities"]


def test_the_table_says_of_each_row_when_it_was_and_what_came(market):
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
    with pytest.raises(DatasetError, match="refit 3 of 2M predicts 600 rows of test, not the 600"):
        prediction_table(market.labels, [replace(one, splits=moved)])


def test_predictions_that_are_not_those_that_were_scored_are_refused(market):
    one = replace(market.predict("mlp", noise=0.1), validation_log_loss=0.5)
    with pytest.raises(
        DatasetError, match=r"predictions of mlp score 0\.\d+ on validation, and it was recorded"
    ):
        prediction_table(market.labels, [one])


def test_a_table_whose_models_saw_different_rows_is_refused(market):
    table = prediction_table(market.labels, [market.predict(name, noise=0.1) for name in ("a", "b")])
    short = table.drop(table.index[-1])
    with pytest.raises(DatasetError, match="b was asked about other rows of test"):
        read_predictions(short, "test")
