"""One rule opens the test split, and its content changes no earlier result."""

import ast

import numpy as np
import pytest

from simmer.base.files import read_json, write_json
from simmer.data.tables import content_sha256, write_table
from simmer.runs.run import Run
from simmer.runs.trial import Trial
from simmer.training.settings import Execution
from support.bars import bundled_table
from support.campaign import without_machine
from support.configs import ROOT, default_config
from support.runs import FakeGuard

WORKFLOW = ROOT / "workflow"
OPENERS = {"open": {"scripts/final_evaluation.py"}}
# These may use the inputs of the test split, to predict it or to count its rows.
OPENERS["inputs"] = {
    "scripts/baselines.py",
    "scripts/describe_dataset.py",
    "scripts/simmer/commands/check_labels.py",
    "scripts/simmer/runs/refit.py",
}


def how_datasets_are_built(path):
    """Yield the argument `test` of the calls of `build` in a file, direct or through `partial`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", None))
        assert name != "build" or len(node.args) < 3, f"{path}: name `test`, so that this test can read it"
        for keyword in node.keywords:
            if keyword.arg == "test" and isinstance(keyword.value, ast.Constant):
                yield keyword.value.value


@pytest.mark.parametrize("how", OPENERS)
def test_only_these_scripts_open_the_test_split(how):
    found = {
        path.relative_to(WORKFLOW).as_posix()
        for path in WORKFLOW.rglob("*.py")
        if how in how_datasets_are_built(path)
    }
    assert found == OPENERS[how]


def test_only_datasets_and_their_pooled_windows_make_labels():
    importers = {
        path.relative_to(WORKFLOW).as_posix()
        for path in WORKFLOW.rglob("*.py")
        if "import label" in path.read_text()
    }
    assert importers == {"scripts/simmer/features/dataset.py", "scripts/simmer/features/pooling.py"}


def test_labels_of_the_test_split_do_not_change_the_baselines(tmp_path, monkeypatch):
    import baselines

    from simmer.evidence import baseline_models
    from simmer.features import dataset as datasets

    overlay = {"dataset": {"split": {"train_fraction": 0.15, "validation_fraction": 0.15}}}
    overlay |= {"run_scales": ["2M"], "scales": {"2M": {"n_trials": 1}}, "evidence": {"seeds": 2}}
    config = default_config(overlay)
    table = tmp_path / "table.parquet"
    frame = bundled_table()
    write_table(frame, table)
    resource = tmp_path / "table.resource.json"
    write_json(resource, {"content_sha256": content_sha256(frame)})
    first = config.dataset.build(frame, 1).borders[1]
    monkeypatch.setattr(baseline_models, "MAX_BOOSTING_ITERATIONS", 20)
    found = []
    genuine = datasets.label_rows
    for flipped in (False, True):

        def labels(high, close, spec, flipped=flipped):
            made = genuine(high, close, spec)
            made[first - 1 :] ^= flipped
            return made

        monkeypatch.setattr(datasets, "label_rows", labels)
        baselines.main(
            config=config,
            horizon_days=1,
            tables=[table],
            resources=[resource],
            fitted=tmp_path / f"{flipped}.json",
        )
        models = read_json(tmp_path / f"{flipped}.json")["models"]
        found.append({name: model["members"] for name, model in models.items()})
        of_test = config.dataset.build(frame, 1, test="open").labels_of("test")
        assert (of_test.mean() > 0.5) == flipped, "the labels of test were not flipped"
    assert found[0] == found[1]
    assert {name: len(members) for name, members in found[0].items() if len(members) > 1} == {
        "gradient_boosting": 2,
        "mlp": 2,
    }


def test_a_trial_is_bit_identical_for_any_test_rows(tmp_path):
    overlay = {"scales": {"debug": {"epochs_max": 2, "budget_parameters": 20000}}}
    config = default_config(overlay)
    table = bundled_table()
    first = config.dataset.build(table, 1).borders[1]
    other = table.copy()
    noise = np.random.default_rng(1).uniform(0.5, 2.0, (len(table) - first, 1))
    numbers = [name for name in table if name != "Date"]
    other.loc[first:, numbers] = other.loc[first:, numbers].to_numpy() * noise
    results = []
    for frame in (table, other):
        study, sha256 = config.study("debug", 1), content_sha256(frame)
        trial = Run(
            campaign="test",
            purpose=Trial(
                study=study, ledger=study.ledger(tmp_path / sha256, features_sha256=sha256), number=0
            ),
            dataset=config.dataset.build(frame, 1),
            execution=Execution(device="cpu", precision="fp32", threads=1),
            checkpoint_interval_s=1e9,
        )
        trial.compute(FakeGuard())
        results.append(without_machine(trial.files.result().as_json()))
    assert results[0].pop("fingerprint") != results[1].pop("fingerprint")
    assert results[0] == results[1]
