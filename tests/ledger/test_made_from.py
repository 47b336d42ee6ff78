from dataclasses import dataclass, field
from pathlib import Path

import pytest

from simmer.ledger.made_from import Digests, is_current, made_from


@dataclass
class FakeJob:
    input: list[str] = field(default_factory=lambda: ["in.csv"])
    output: list[str] = field(default_factory=lambda: ["results/a.json", "results/a.txt"])
    params: dict = field(default_factory=lambda: {"seed": 1, "limits": [1.5, None]})


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A job that was run."""
    monkeypatch.chdir(tmp_path)
    made = FakeJob()
    Path("in.csv").write_text("bars")
    with made_from(made):
        for path in made.output:
            Path(path).parent.mkdir(exist_ok=True)
            Path(path).write_text(path)
    return made


def current(job, **params):
    return is_current(job.output, inputs=job.input, params=job.params | params, digests=Digests())


def test_unchanged_outputs_are_current_whatever_their_times(job):
    assert current(job)
    Path("in.csv").touch()
    assert current(job)


def test_other_settings_make_outputs_outdated(job):
    assert not current(job, seed=2)


@pytest.mark.parametrize("path", ["in.csv", "results/a.json", "results/a.txt"])
def test_another_content_makes_outputs_outdated(job, path):
    Path(path).write_text("edited")
    assert not current(job)


def test_a_missing_output_is_outdated_and_a_missing_input_is_not(job):
    Path("in.csv").unlink()
    assert current(job)
    Path("results/a.txt").unlink()
    assert not current(job)


def test_files_beside_the_outputs_count_and_of_weights_their_size(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_text("bars")
    made, weights = FakeJob(output=["results/card.json"]), Path("results/member_0.safetensors")
    with made_from(made) as beside:
        weights.parent.mkdir()
        weights.write_bytes(b"abc")
        Path("results/card.json").write_text("{}")
        beside.append(weights)
    assert current(made)
    weights.write_bytes(b"xyz")
    assert current(made), "gigabytes are not read at each start"
    weights.write_bytes(b"ab")
    assert not current(made)
    weights.unlink()
    assert not current(made)


def test_more_outputs_than_recorded_are_outdated(job):
    Path("results/b.json").write_text("b")
    job.output.append("results/b.json")
    assert not current(job)


@pytest.mark.parametrize("inputs", [[], ["in.csv", "more.csv"]])
def test_other_inputs_than_recorded_make_outputs_outdated(job, inputs):
    job.input = inputs
    assert not current(job)


@pytest.mark.parametrize("damage", [b"", b"{}", b"[1]", b"null", b"\0\0", b"\xff"])
def test_a_damaged_record_makes_outputs_outdated(job, damage):
    [record] = Path("results/ledger/made_from").rglob("*.json")
    record.write_bytes(damage)
    assert not current(job)


def test_outputs_of_an_older_version_have_no_record_and_are_current(job):
    [record] = Path("results/ledger/made_from").rglob("*.json")
    record.unlink()
    assert current(job)


def test_a_job_that_fails_records_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="half way"), made_from(FakeJob()):
        raise ValueError("half way")
    assert not Path("results").exists()
