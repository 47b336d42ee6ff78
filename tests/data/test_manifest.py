import json
import os
import re

import frictionless
import pytest

from simmer.base.errors import DataError
from simmer.base.files import sha256_of_bytes, to_json, write_json
from simmer.data.bars_csv import canonical_csv
from simmer.data.manifest import (
    Provenance,
    build_manifest,
    describe_resource,
    gather_sidecars,
    read_entry,
    read_manifest,
    sidecar_path,
)
from support.bars import random_bars


def provenance(ticker, kind="etf"):
    return Provenance(ticker, kind, "unknown", "own file", ({"title": "own file"},))


def register(folder, ticker, *, seed=0):
    """Write the table of one ticker and its sidecar, as its job does."""
    frame = random_bars(60, seed=seed)
    content = canonical_csv(frame)
    path = folder / f"{ticker}.csv"
    path.write_bytes(content)
    entry = describe_resource(path.name, content=content, frame=frame, provenance=provenance(ticker))
    write_json(sidecar_path(path), entry)
    return path


@pytest.fixture
def folder(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    sidecars = [sidecar_path(register(raw, ticker, seed=seed)) for seed, ticker in enumerate(("SPY", "DIA"))]
    write_json(raw / "datapackage.json", gather_sidecars("raw", sidecars))
    return raw


def test_an_entry_holds_the_facts_of_its_bytes():
    frame = random_bars(60)
    content = canonical_csv(frame)
    entry = describe_resource("SPY.csv", content=content, frame=frame, provenance=provenance("SPY"))
    assert entry["bytes"] == len(content)
    assert entry["hash"] == f"sha256:{sha256_of_bytes(content)}"
    assert (entry["name"], entry["path"], entry["encoding"]) == ("spy", "SPY.csv", "utf-8")
    assert (entry["rows"], entry["date_min"], entry["date_max"]) == (60, "2003-01-06", "2003-03-28")
    assert entry["schema"]["primaryKey"] == ["Date"]
    types = [field["type"] for field in entry["schema"]["fields"]]
    assert types == ["date", "number", "number", "number", "number", "integer"]


@pytest.mark.parametrize(
    "path", ["../SPY.csv", "/SPY.csv", "a\\b.csv", "SPY.csv.gz", "SPY", "./SPY.csv", "É.csv"]
)
def test_a_path_that_a_manifest_may_not_hold_is_never_listed(path):
    with pytest.raises(DataError, match="cannot be listed in a manifest"):
        describe_resource(path, content=b"x", frame=random_bars(5), provenance=provenance("SPY"))


def test_an_empty_table_is_never_listed():
    with pytest.raises(DataError, match="no rows"):
        describe_resource("SPY.csv", content=b"x", frame=random_bars(0), provenance=provenance("SPY"))


def test_a_sidecar_is_read_as_strictly_as_a_manifest(folder):
    assert read_entry(folder / "SPY.resource.json")["ticker"] == "SPY"
    (folder / "SPY.resource.json").write_text('{"bytes": NaN}')
    with pytest.raises(DataError, match="NaN is not JSON"):
        read_entry(folder / "SPY.resource.json")


def test_manifest_bytes_do_not_depend_on_the_order_of_the_jobs(folder):
    sidecars = sorted(folder.glob("*.resource.json"))
    assert len(sidecars) == 2
    forward, backward = (to_json(gather_sidecars("raw", order)) for order in (sidecars, sidecars[::-1]))
    assert forward == backward == (folder / "datapackage.json").read_text()
    names = [entry["name"] for entry in read_manifest(folder / "datapackage.json")["resources"]]
    assert names == ["dia", "spy"]


def test_the_manifest_keeps_the_core_rules_of_data_package_2(folder):
    manifest = json.loads((folder / "datapackage.json").read_text())
    assert manifest["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    for entry in manifest["resources"]:
        assert re.fullmatch(r"[a-z0-9._-]+", entry["name"])
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", entry["hash"])
        assert entry["type"] == "table"
        assert all(source["title"] for source in entry["sources"])


def test_where_and_when_a_table_came_from_is_in_its_entry():
    frame = random_bars(60)
    came = Provenance("SPY", "etf", "x", "y", ({"title": "z"},), "XNYS", "2026-01-01T00:00:00+00:00")
    entry = describe_resource("SPY.csv", content=canonical_csv(frame), frame=frame, provenance=came)
    assert (entry["calendar"], entry["retrieved_at"]) == ("XNYS", "2026-01-01T00:00:00+00:00")
    assert (entry["adjustment"], entry["tool"], entry["sources"]) == ("x", "y", [{"title": "z"}])


def test_two_tables_of_one_name_are_refused():
    with pytest.raises(DataError, match="two tables are called 'spy'"):
        build_manifest("raw", [{"name": "spy"}, {"name": "dia"}, {"name": "spy"}])


def test_a_missing_or_broken_sidecar_is_named(tmp_path):
    with pytest.raises(DataError, match=r"SPY\.resource\.json does not exist; acquire that table again"):
        gather_sidecars("raw", [tmp_path / "SPY.resource.json"])
    for text, message in (("{", "not a JSON"), ("[]", "holds a list"), ('{"a": 1, "a": 1}', "appears twice")):
        (tmp_path / "SPY.resource.json").write_text(text)
        with pytest.raises(DataError, match=message):
            gather_sidecars("raw", [tmp_path / "SPY.resource.json"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a JSON manifest"),
        (b"<html>", "not a JSON manifest"),
        (b'{"resources": [{}]', "not a JSON manifest"),
        (b'\xff{"resources": [{}]}', "not a JSON manifest"),
        (b'{"resources": [{"path": "a", "path": "b"}]}', "a key appears twice"),
        (b'{"resources": [{"bytes": NaN}]}', "NaN is not JSON"),
        (b'{"resources": [{"bytes": -Infinity}]}', "-Infinity is not JSON"),
        (b'{"resources": [{"bytes": ' + b"9" * 5000 + b"}]}", "not a JSON manifest"),
        (b"[" * 200_000, "not a JSON manifest"),
        (b'{"resources": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not a JSON manifest"),
        (b"[]", "holds a list"),
        (b"3", "holds a int"),
        (b"{}", "another shape"),
        (b'{"resources": {"a": 1}}', "another shape"),
        (b'{"resources": ["SPY.csv"]}', "another shape"),
        (b'{"resources": []}', "names 0 resources"),
        (b'{"resources": [' + b",".join([b"{}"] * 10_001) + b"]}", "names 10001 resources"),
        (b'{"resources": [' + b",".join([b"{}"] * 1_000_000) + b"]}", "names 1000000 resources"),
    ],
)
def test_a_manifest_of_another_shape_is_refused(tmp_path, content, message):
    path = tmp_path / "datapackage.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_manifest(path)


def test_a_manifest_that_is_missing_or_no_file_or_huge_is_refused(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        read_manifest(tmp_path / "datapackage.json")
    with pytest.raises(DataError, match="not a regular file"):
        read_manifest(tmp_path)
    os.mkfifo(tmp_path / "fifo.json")
    with pytest.raises(DataError, match="not a regular file"):
        read_manifest(tmp_path / "fifo.json")
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(DataError, match="1099511627776 bytes"):
        read_manifest(tmp_path / "huge.json")


def test_an_independent_reader_agrees(folder):
    report = frictionless.validate(str(folder / "datapackage.json"))
    assert report.valid, report.flatten(["type", "message"])
