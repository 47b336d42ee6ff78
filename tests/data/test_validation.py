import json
import os
import sys
from pathlib import Path

import pytest

from simmer.base.files import sha256_of_bytes, to_json, write_json
from simmer.data.bars_csv import canonical_csv
from simmer.data.manifest import Provenance, build_manifest, describe_resource
from simmer.data.tables import write_table
from simmer.data.validation import validate_manifest
from support.bars import bundled_bars, random_bars

KINDS = {"SPY": "etf", "GSPC": "index"}


def entry_of(path, frame, *, ticker, kind):
    origin = Provenance(ticker, kind, "unknown", "own file", ({"title": "own file"},))
    return describe_resource(path.name, content=path.read_bytes(), frame=frame, provenance=origin)


@pytest.fixture
def folder(tmp_path):
    """A valid folder of two raw tables with its manifest."""
    raw = tmp_path / "raw"
    raw.mkdir()
    entries = []
    for ticker, kind in KINDS.items():
        frame = random_bars(60, seed=len(ticker))
        path = raw / f"{ticker}.csv"
        path.write_bytes(canonical_csv(frame))
        entries.append(entry_of(path, frame, ticker=ticker, kind=kind))
    write_json(raw / "datapackage.json", build_manifest("raw", entries))
    return raw


def edit(folder, which, /, **values):
    """Change entries of one ticker in the manifest; `None` removes the key."""
    path = folder / "datapackage.json"
    manifest = json.loads(path.read_text())
    for entry in manifest["resources"]:
        if entry["ticker"] == which:
            entry.update(values)
            for key in [key for key, value in values.items() if value is None]:
                del entry[key]
    path.write_text(json.dumps(manifest))


def validate(folder, *, kinds=None, calendar=None, **options):
    calendars = None if calendar is None else dict.fromkeys(kinds or KINDS, calendar)
    return validate_manifest(
        folder / "datapackage.json", kinds=kinds or KINDS, calendars=calendars, **options
    )


def errors(report):
    return {(p.file, p.rule) for p in report.problems if p.severity == "error"}


def test_a_valid_folder_has_no_problem_and_the_result_is_reproducible(folder):
    report = validate(folder)
    assert report.ok
    assert report.problems == ()
    assert [file.path for file in report.checked] == ["GSPC.csv", "SPY.csv"]
    assert report.checked[1].sha256 == sha256_of_bytes((folder / "SPY.csv").read_bytes())
    assert to_json(report.as_json()) == to_json(validate(folder).as_json())
    assert json.loads(to_json(report.as_json()))["ok"] is True


def test_real_bars_are_valid(tmp_path):
    frame = bundled_bars()
    path = tmp_path / "GSPC.csv"
    path.write_bytes(canonical_csv(frame))
    entry = entry_of(path, frame, ticker="GSPC", kind="index")
    write_json(tmp_path / "datapackage.json", build_manifest("raw", [entry]))
    report = validate(tmp_path, kinds={"GSPC": "index"}, calendar="XNYS")
    assert report.problems == ()
    assert report.checked[0].rows == 5031


def test_the_text_is_an_aligned_table(folder):
    (folder / "SPY.csv").unlink()
    text = validate(folder).table().as_text()
    lines = text.splitlines()
    assert lines[0] == "datapackage.json: 1 file read, 1 error, 0 warnings"
    header, row = lines[1], lines[2]
    assert row.index("OK") == header.index("status")
    assert row.index("index, 60 rows, 2003-01-06 to ") == header.index("measured")
    assert "    -> SPY.csv: " in text
    assert text.endswith("1 OK, 1 FAIL: not in order\n")


def test_a_missing_or_broken_manifest_is_a_problem_not_a_traceback(tmp_path):
    report = validate(tmp_path)
    assert not report.ok
    assert "does not exist" in report.problems[0].message
    (tmp_path / "datapackage.json").write_text("{")
    assert errors(validate(tmp_path)) == {("datapackage.json", "manifest")}


def test_one_changed_byte_is_found(folder):
    path = folder / "SPY.csv"
    content = bytearray(path.read_bytes())
    content[-2] = ord("1") if content[-2] != ord("1") else ord("2")
    path.write_bytes(bytes(content))
    assert errors(validate(folder)) == {("SPY.csv", "hash"), ("SPY.csv", "content_sha256")}


def test_a_file_cut_off_in_a_number_is_found(folder):
    path = folder / "SPY.csv"
    path.write_bytes(path.read_bytes()[:-3])
    report = validate(folder)
    assert errors(report) >= {("SPY.csv", "hash"), ("SPY.csv", "bytes")}
    assert ("line_end", 61) in {(p.rule, p.row) for p in report.problems}


def test_all_problems_of_all_files_come_at_once(folder):
    (folder / "GSPC.csv").write_text("Date,Open,High,Low,Close,Volume\nx,1,1,1,1,1\n2018-12-28,1,1,1,no,1\n")
    edit(folder, "SPY", rows=59, kind="index")
    assert errors(validate(folder)) == {
        ("GSPC.csv", "bytes"),
        ("GSPC.csv", "hash"),
        ("GSPC.csv", "date_format"),
        ("GSPC.csv", "number"),
        ("SPY.csv", "rows"),
        ("SPY.csv", "ticker"),
    }


def test_rules_of_bars_are_applied_with_the_kind_and_the_calendar(folder):
    frame = random_bars(60)
    frame.loc[7, "Volume"] = 0
    for ticker, severity in (("SPY", "error"), ("GSPC", "warning")):
        path = folder / f"{ticker}.csv"
        path.write_bytes(canonical_csv(frame))
        facts = entry_of(path, frame, ticker=ticker, kind=KINDS[ticker])
        edit(folder, ticker, **facts)
        found = [p for p in validate(folder).problems if p.rule == "no_volume" and p.file == path.name]
        assert [(p.row, p.severity) for p in found] == [(9, severity)]
    sessions = [p for p in validate(folder, calendar="XNYS").problems if p.rule == "extra_session"]
    assert sessions  # every weekday has a bar here, holidays included


@pytest.mark.parametrize(
    "path",
    ["../SPY.csv", "/etc/passwd", "a/../SPY.csv", "./SPY.csv", "sub\\SPY.csv", "SPY\x00.csv", "C:SPY.csv",
     "", "SPY.csv/", "//SPY.csv", "ＳＰＹ.csv", "\ud800.csv", "=cmd.csv", 7, ["SPY.csv"], {"a": 1}, None,
     "none.csv", "SPY.csv/x.csv", "a" * 5000 + ".csv"],
)  # fmt: skip
def test_a_path_that_leads_nowhere_or_elsewhere_is_refused(folder, path):
    (folder.parent / "SPY.csv").write_bytes((folder / "SPY.csv").read_bytes())
    edit(folder, "SPY", path=path)
    report = validate(folder)
    assert "path" in {rule for _, rule in errors(report)}
    assert [file.ticker for file in report.checked] == ["GSPC"]
    report.table().as_text().encode("ascii")
    to_json(report.as_json()).encode()


@pytest.mark.parametrize("case", ["outside", "folder", "loop", "dangling", "fifo", "device", "directory"])
def test_links_and_special_files_are_refused_without_being_opened(folder, case):
    path = folder / "SPY.csv"
    outside = folder.parent / "outside"
    outside.mkdir()
    content = path.read_bytes()
    path.unlink()
    (outside / "SPY.csv").write_bytes(content)
    if case == "outside":
        path.symlink_to(outside / "SPY.csv")
    elif case == "folder":
        (folder / "sub").symlink_to(outside)
        edit(folder, "SPY", path="sub/SPY.csv")
    elif case == "loop":
        path.symlink_to(path)
    elif case == "dangling":
        path.symlink_to(folder / "none")
    elif case == "fifo":
        os.mkfifo(path)
    elif case == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    found = {rule for file, rule in errors(validate(folder)) if file != "datapackage.json"}
    assert found == {"path"}


def test_a_link_inside_the_folder_is_followed(folder):
    (folder / "SPY.csv").rename(folder / "stored.bin")
    (folder / "SPY.csv").symlink_to("stored.bin")
    assert validate(folder).ok


def test_a_huge_file_is_refused_by_its_size(folder):
    with (folder / "SPY.csv").open("r+b") as file:
        file.truncate(2**40)
    report = validate(folder)
    assert "1099511627776 bytes" in next(p.message for p in report.problems if p.rule == "path")
    size = (folder / "GSPC.csv").stat().st_size
    assert ("GSPC.csv", "path") not in errors(validate(folder, max_bytes=size))
    assert ("GSPC.csv", "path") in errors(validate(folder, max_bytes=size - 1))


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("hash", "md5:d41d8cd98f00b204e9800998ecf8427e", "entry"),
        ("hash", "d41d8cd98f00b204e9800998ecf8427e", "entry"),
        ("hash", "sha256:abc", "entry"),
        ("hash", "sha256:" + "A" * 64, "entry"),
        ("hash", "sha256:" + "a" * 64, "hash"),
        ("hash", None, "entry"),
        ("bytes", -1, "entry"),
        ("bytes", 1.5, "entry"),
        ("bytes", True, "entry"),
        ("bytes", "100", "entry"),
        ("bytes", 10**400, "bytes"),
        ("rows", 61, "rows"),
        ("rows", None, "entry"),
        ("date_min", "2003-01-07", "date_min"),
        ("date_max", "31.12.2018", "entry"),
        ("name", "S P Y", "entry"),
        ("ticker", "QQQ", "ticker"),
        ("ticker", None, "ticker"),
        ("ticker", ["SPY"], "ticker"),
        ("kind", "bond", "entry"),
        ("kind", ["etf"], "entry"),
        ("kind", "index", "ticker"),
        ("sources", "somewhere", "entry"),
        ("format", "parquet", "entry"),
        ("format", None, "entry"),
        ("content_sha256", "0" * 64, "content_sha256"),
    ],
)
def test_a_wrong_entry_is_found(folder, key, value, rule):
    edit(folder, "SPY", **{key: value})
    assert ("SPY.csv", rule) in errors(validate(folder))


def test_an_upper_case_hash_of_the_right_file_is_refused(folder):
    digest = sha256_of_bytes((folder / "SPY.csv").read_bytes())
    edit(folder, "SPY", hash=f"sha256:{digest.upper()}")
    assert errors(validate(folder)) == {("SPY.csv", "entry"), ("SPY.csv", "hash")}


def test_data_of_another_ticker_with_a_correct_checksum_is_found(folder):
    content = (folder / "GSPC.csv").read_bytes()
    (folder / "SPY.csv").write_bytes(content)
    gspc = next(
        e for e in json.loads((folder / "datapackage.json").read_text())["resources"] if e["name"] == "gspc"
    )
    edit(folder, "SPY", **{key: gspc[key] for key in ("bytes", "hash", "content_sha256", "rows")})
    assert errors(validate(folder)) == {("datapackage.json", "duplicate")}


@pytest.mark.parametrize("changes", [{"name": "GSPC"}, {"path": "gspc.csv"}, {"path": "GSPC.csv"}])
def test_names_and_paths_that_collide_by_case_are_found(folder, changes):
    edit(folder, "SPY", **changes)
    assert ("datapackage.json", "duplicate") in errors(validate(folder))


def test_a_configured_ticker_without_a_table_and_a_table_without_an_entry(folder):
    report = validate(folder, kinds=KINDS | {"QQQ": "etf"})
    assert errors(report) == {("datapackage.json", "ticker")}
    assert "QQQ is configured" in report.problems[0].message
    (folder / "NEW.csv").write_text("x")
    report = validate(folder)
    assert report.ok
    assert [(p.rule, p.severity) for p in report.problems] == [("unregistered", "warning")]


def test_processed_tables_are_checked_by_their_values(tmp_path):
    frame = random_bars(60)
    path = tmp_path / "SPY_dataset_a25.parquet"
    write_table(frame, path)
    entry = entry_of(path, frame, ticker="SPY", kind="etf")
    write_json(tmp_path / "datapackage.json", build_manifest("processed", [entry]))
    kinds = {"SPY": "etf"}
    assert validate(tmp_path, kinds=kinds).problems == ()
    write_table(frame.assign(Close=frame["Close"] * 2), path)
    assert ("SPY_dataset_a25.parquet", "content_sha256") in errors(validate(tmp_path, kinds=kinds))
    path.write_bytes(path.read_bytes()[:-20])
    assert ("SPY_dataset_a25.parquet", "table") in errors(validate(tmp_path, kinds=kinds))
    write_table(frame.iloc[::-1], path)
    assert ("SPY_dataset_a25.parquet", "order") in errors(validate(tmp_path, kinds=kinds))


def test_the_bytes_that_are_hashed_are_the_bytes_that_are_parsed(folder):
    # Each open of the file is counted by the interpreter itself: one read serves hash and parser.
    opened = []
    active = [True]

    def audit(event, arguments):
        if active[0] and event == "open" and str(arguments[0]).endswith("SPY.csv"):
            opened.append(arguments[0])

    sys.addaudithook(audit)
    assert validate_manifest(folder / "datapackage.json", kinds=KINDS, calendars=None).ok
    active[0] = False
    assert len(opened) == 1
    assert Path(opened[0]).name == "SPY.csv"
