"""The manifests in the repository are those of the default campaign, and every run reproduces them."""

import platform

import pytest

from simmer.base.files import read_json
from support.chain import build_data
from support.configs import ROOT


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build_data(tmp_path_factory.mktemp("chain"), "GSPC", "IXIC")


def tracked(stage):
    path = ROOT / f"data/{stage}/datapackage.json"
    if [entry["ticker"] for entry in read_json(path)["resources"]] != ["GSPC", "IXIC"]:
        pytest.skip("another campaign than the shipped one was run in this folder")
    return path


def test_raw_manifest_is_written_again_byte_for_byte(built):
    assert (built / "raw/datapackage.json").read_bytes() == tracked("raw").read_bytes()


def test_processed_manifest_is_written_again_byte_for_byte(built):
    if platform.machine() != "x86_64":
        pytest.skip("another processor may round the last bit of a feature differently")
    assert (built / "processed/datapackage.json").read_bytes() == tracked("processed").read_bytes()


def test_processed_tables_name_the_hashes_of_what_they_were_made_of(built):
    raw = {entry["path"]: entry["hash"] for entry in read_json(tracked("raw"))["resources"]}
    for entry in read_json(tracked("processed"))["resources"]:
        (source,) = entry["sources"]
        assert raw[source["path"]] == source["hash"]
        assert "TA-Lib" in entry["tool"]
