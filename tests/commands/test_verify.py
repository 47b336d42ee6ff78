import shutil
import subprocess
import sys

import pytest

from simmer.base.checks import CheckStatus
from simmer.base.files import read_json, write_json
from simmer.commands import verify as command
from simmer.data.bars_csv import canonical_csv
from simmer.machine.facts import inspect_machine
from support.bars import session_bars
from support.configs import ROOT


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    nothing = tmp_path_factory.mktemp("machine")
    return inspect_machine(nothing, nothing)


@pytest.fixture
def data(prepared_data, tmp_path):
    """A copy of the data folder that the workflow builds."""
    return shutil.copytree(prepared_data, tmp_path / "data")


@pytest.fixture(scope="module")
def prepared_data(tmp_path_factory):
    """Raw and processed data of the bundled S&P 500, made by the scripts of the rules."""
    from support.chain import build_data

    return build_data(tmp_path_factory.mktemp("chain"), "GSPC")


def verify(data, machine, *, installed=None, pinned=None):
    return command.verify(data, machine, installed=installed or {}, pinned=pinned or {})


def failed(found):
    return {check.id for check in found.checks if check.status is CheckStatus.FAIL}


def row(found, name):
    return next(check for check in found.checks if check.id == name)


def test_valid_data_pass_with_a_row_per_table(data, machine):
    found = verify(data, machine)
    assert found.ok, found.as_text()
    assert "5,031 rows, 1999-01-04 to 2018-12-31" in row(found, "raw/GSPC.csv").measured
    assert "4,832 rows" in row(found, "processed/GSPC_dataset_a33.parquet").measured
    assert row(found, "pending registrations").status is CheckStatus.OK
    assert found.as_text().endswith("all in order\n")
    assert found.as_json()["ok"] is True


def test_saved_models_are_read_with_the_data_beside_them(saved, machine):
    assert row(verify(saved / "data", machine), "models/debug/h1").measured == "2 members"
    member = saved / "results/models/debug/h1/member_1.safetensors"
    member.write_bytes(bytes(member.stat().st_size))
    found = row(verify(saved / "data", machine), "models/debug/h1")
    assert (found.status, found.fix) == (
        CheckStatus.FAIL,
        "member_1.safetensors is damaged: make doctor FIX=yes",
    )
    (member.parent / "card.json").write_text("{}")
    assert "card.json damaged" in row(verify(saved / "data", machine), "models/debug/h1").fix


def test_versions_are_compared_with_the_pinned_ones(data, machine):
    found = verify(data, machine, installed={"numpy": "1.0", "pandas": "3.1.1"}, pinned={"numpy": "2.4.6"})
    assert row(found, "numpy").status is CheckStatus.WARN
    assert row(found, "pandas").status is CheckStatus.OK
    assert found.ok


def test_unlisted_changed_and_missing_files_fail_with_rows_of_their_own(data, machine):
    (data / "NEW.csv").write_text("x")
    (data / "processed/GSPC_dataset_a33.parquet").unlink()
    content = bytearray((data / "raw/GSPC.csv").read_bytes())
    content[-2] ^= 1
    (data / "raw/GSPC.csv").write_bytes(bytes(content))
    found = verify(data, machine)
    assert failed(found) == {
        "NEW.csv",
        "raw/GSPC.csv",
        "processed/GSPC_dataset_a33.parquet",
        "pending registrations",
    }
    assert row(found, "pending registrations").measured == "1 not listed, 1 missing, 1 changed"
    text = found.as_text()
    assert "make register FILE=<file>" in text
    assert "the content has the hash" in text
    assert text.endswith(" 4 FAIL: not in order\n")


def test_a_missing_manifest_fails(data, machine):
    (data / "raw/datapackage.json").unlink()
    found = verify(data, machine)
    assert "raw/datapackage.json" in failed(found)


@pytest.mark.parametrize("content", ["{", "[]", '{"resources": [{"path": "../x", "calendar": "MOON"}]}'])
def test_a_broken_manifest_is_a_row_not_a_traceback(data, machine, content):
    (data / "raw/datapackage.json").write_text(content)
    assert any(name.startswith("raw/") for name in failed(verify(data, machine)))


def test_an_unknown_calendar_fails_the_row_of_its_entry(data, machine):
    manifest = read_json(data / "raw/datapackage.json")
    manifest["resources"][0]["calendar"] = "MOON"
    write_json(data / "raw/datapackage.json", manifest)
    found = verify(data, machine)
    assert failed(found) == {"raw/GSPC.csv"}
    assert "calendar 'MOON' is unknown" in found.as_text()


def test_a_machine_without_a_working_device_fails(data, machine):
    from dataclasses import replace

    from simmer.machine.facts import Accelerator

    assert failed(verify(data, replace(machine, accelerator=None))) == {"accelerator"}
    broken = Accelerator("cuda", problem="the product was wrong")
    assert "the product was wrong" in verify(data, replace(machine, accelerator=broken)).as_text()


def test_the_exit_status_is_0_if_all_checks_passed(data):
    def run():
        command = [sys.executable, "-m", "simmer.commands.verify", str(data)]
        environment = {"PYTHONPATH": "workflow/scripts", "PATH": "/usr/bin:/bin"}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "torch" in done.stdout
    assert "temperature_source" in done.stdout


def test_the_exit_status_is_1_if_a_file_is_not_listed(data, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    (data / "own.csv").write_bytes(canonical_csv(session_bars(30)))
    with pytest.raises(SystemExit) as ended:
        command.main([str(data)])
    assert ended.value.code == 1
    assert "own.csv" in capsys.readouterr().out


def test_a_table_built_from_other_bars_fails(data, machine):
    manifest = read_json(data / "processed/datapackage.json")
    manifest["resources"][0]["sources"][0]["hash"] = "sha256:" + "0" * 64
    write_json(data / "processed/datapackage.json", manifest)
    found = verify(data, machine)
    assert failed(found) == {"processed/GSPC_dataset_a33.parquet"}
    assert "raw has another version of GSPC.csv now" in found.as_text()


def test_a_table_of_another_configuration_is_a_warning(data, machine):
    (data / "processed/OLD_dataset_a33.parquet").write_bytes(b"made of other bars")
    (data / "processed/OLD_dataset_a33.resource.json").write_text("{}")
    found = verify(data, machine)
    assert found.ok
    assert row(found, "processed/OLD_dataset_a33.parquet").status is CheckStatus.WARN


def test_a_clean_clone_has_nothing_built_yet(data, machine):
    for path in data.rglob("*"):
        if path.is_file() and path.name != "datapackage.json":
            path.unlink()
    found = verify(data, machine)
    assert found.ok
    assert row(found, "raw").measured == "nothing built yet"
    assert "run the campaign to build it" in found.as_text()


@pytest.mark.parametrize(
    ("removed", "verdicts"),
    [
        # As a clone whose campaign needs other tables than the tracked manifest lists.
        (
            ["GSPC_dataset_a33.parquet", "GSPC_dataset_a33.resource.json"],
            {"processed/GSPC_dataset_a33.parquet": "WARN"},
        ),
        # As a run that nothing has asked for the manifest.
        (["datapackage.json"], {"processed/datapackage.json": "WARN"}),
        (["GSPC_dataset_a33.parquet"], {"processed/GSPC_dataset_a33.parquet": "FAIL"}),
    ],
)
def test_what_nothing_has_asked_for_is_not_made_yet(data, machine, removed, verdicts):
    for name in removed:
        (data / "processed" / name).unlink()
    found = verify(data, machine)
    assert {name: row(found, name).status.value for name in verdicts} == verdicts
    assert found.ok == ("FAIL" not in verdicts.values()), found.as_text()
    assert ("not made yet" in found.as_text()) == found.ok
    assert "made for another configuration" not in found.as_text()
