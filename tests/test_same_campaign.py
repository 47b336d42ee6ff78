"""The comparison of two campaign folders reports every change outside the keys it ignores."""

import json
import shutil

import pytest
from same_campaign import differences, main

RESULT = "results/hpo/2M/h1/trial_000.json"
TABLE = "results/hpo/2M/trials.csv"


@pytest.fixture
def folders(tmp_path):
    """Two equal folders of a result and a table."""
    old, new = tmp_path / "old", tmp_path / "new"
    (old / RESULT).parent.mkdir(parents=True)
    (old / RESULT).write_text(
        json.dumps({"curve": [{"loss": 0.5}], "train_s": 1.0, "machine": {"threads": 2}})
    )
    (old / TABLE).write_text("trial,auc,train_s\n0,0.6,1.0\n")
    shutil.copytree(old, new)
    return old, new


def test_equal_folders_have_no_difference(folders, capsys):
    assert main([str(folder) for folder in folders]) == 0
    assert capsys.readouterr().out == "2 files compared, 0 differences\n"


def test_only_ignored_keys_may_differ(folders, capsys):
    old, new = folders
    changed = {"curve": [{"loss": 0.5000001}], "train_s": 9.0, "machine": {"threads": 1}, "more": None}
    (new / RESULT).write_text(json.dumps(changed))
    (new / TABLE).write_text("trial,auc,train_s\n0,0.7,9.0\n")
    assert list(differences(old, new)) == [
        f"{RESULT}: curve[0].loss: 0.5 became 0.5000001",
        f"{RESULT}: machine.threads: 2 became 1",
        f"{RESULT}: more: nothing became null",
        f'{TABLE}: rows[0].auc: "0.6" became "0.7"',
    ]
    assert main([str(folder) for folder in folders]) == 1
    assert capsys.readouterr().out.endswith("2 files compared, 4 differences\n")


def test_another_type_of_number_and_a_missing_file_are_differences(folders):
    old, new = folders
    (new / RESULT).write_text((old / RESULT).read_text().replace('"threads": 2', '"threads": 2.0'))
    (new / TABLE).unlink()
    assert list(differences(old, new)) == [
        f"{RESULT}: machine.threads: 2 became 2.0",
        f"{TABLE}: only in {old}",
    ]


def test_folders_without_files_to_compare_fail(tmp_path):
    assert main([str(tmp_path), str(tmp_path)]) == 1
