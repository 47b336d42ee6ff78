"""Randomly damaged files: no error but our own, no file opened outside the data folder, clear results."""

import json
import os
import shutil
import sys
import sysconfig
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simmer.base.errors import DataError, SimmerError
from simmer.base.files import to_json
from simmer.data.bars import check_bars
from simmer.data.bars_csv import canonical_csv, parse_bars
from simmer.data.kinds import KINDS
from simmer.data.manifest import gather_sidecars, read_manifest
from simmer.data.pending import pending_registrations
from simmer.data.registration import check_file, read_kept, read_snapshot
from simmer.data.snapshots import SnapshotStore
from simmer.data.tables import content_sha256, read_table, write_table
from simmer.data.tickers import TickerSpec
from simmer.data.validation import validate_manifest
from support.bars import random_bars, session_bars
from support.hostile import make_good
from support.layouts import LAYOUTS

SOUND = canonical_csv(session_bars(30))
FRAGMENTS = (
    *(
        b",",
        b"\n",
        b"\r\n",
        b'"',
        b"\x00",
        b"\xff",
        b"-",
        b"=",
        b"0",
        b"",
        b"2003-01-06",
        b"9223372036854775807",
    ),
    *(
        b"1e999",
        b"-1e999",
        b"nan",
        b"inf",
        b"1e308",
        b"5e-324",
        b"-0.0",
        b"1_0",
        "\u0663".encode(),
        b"1" * 400,
    ),
)

fuzz = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def damaged(sound):
    """Strategy: bytes with up to five places cut out, doubled, flipped, filled or changed by whole lines."""
    place = st.integers(0, len(sound))
    ways = st.sampled_from(
        ["cut", "double", "flip", "insert", "field", "swap lines", "double line", "drop line"]
    )
    damage = st.tuples(ways, place, st.integers(1, 40))

    def apply(steps, fragments):
        content = bytearray(sound)
        for (kind, start, length), fragment in zip(steps, fragments, strict=True):
            piece = content[start : start + length]
            if kind == "cut":
                del content[start : start + length]
            elif kind == "double":
                content[start:start] = piece
            elif kind == "flip" and piece:
                content[start] ^= length
            elif kind == "field":
                fields = bytes(content).split(b",")
                fields[start % len(fields)] = fragment
                content[:] = b",".join(fields)
            elif kind.endswith(("line", "lines")):
                content[:] = _by_lines(bytes(content), kind, start, start + length)
            else:
                content[start:start] = fragment
        return bytes(content)

    return st.lists(damage, min_size=1, max_size=5).flatmap(
        lambda steps: st.lists(st.sampled_from(FRAGMENTS), min_size=len(steps), max_size=len(steps)).map(
            lambda fragments: apply(steps, fragments)
        )
    )


def _by_lines(content, kind, one, other):
    lines = content.split(b"\n")
    one, other = one % len(lines), other % len(lines)
    if kind == "swap lines":
        lines[one], lines[other] = lines[other], lines[one]
    elif kind == "double line":
        lines.insert(other, lines[one])
    else:
        del lines[one]
    return b"\n".join(lines)


# ---- CSV ------------------------------------------------------------------------------------


def assert_read_soundly(content):
    frame, problems = parse_bars(content, "X.csv")
    assert (frame is None) == any(problem.severity == "error" for problem in problems)
    for problem in problems:
        str(problem).encode("ascii")
    if frame is None:
        return
    again, _ = parse_bars(canonical_csv(frame), "X.csv")
    assert content_sha256(again) == content_sha256(frame)
    for kind in KINDS:
        for problem in check_bars(frame, file_name="X.csv", kind=kind, calendar="XNYS", ticker="SPY"):
            str(problem).encode("ascii")


@fuzz
@given(st.one_of(st.binary(max_size=2000), st.text("0123456789.,-+eE\r\n").map(str.encode)))
def test_any_bytes_are_read_or_refused(content):
    assert_read_soundly(content)
    assert_read_soundly(SOUND[:41] + content)


@fuzz
@given(damaged(SOUND))
def test_damaged_bars_are_read_or_refused(content):
    assert_read_soundly(content)


@settings(fuzz, max_examples=40)
@given(st.sampled_from(sorted(LAYOUTS)).flatmap(lambda name: damaged(LAYOUTS[name][0])))
def test_damaged_files_of_every_layout_are_read_or_refused(content):
    assert_any_layout_is_read_soundly(content)


@fuzz
@given(
    st.sampled_from(
        ["Date,Open,High,Low,Close,Volume", "t;o;h;l;c;v;x", ",Open\n,SPY\nDate,", "<DATE>\t<CLOSE>"]
    ),
    st.text('0123456789.,;-+eEkM$/: TZ"\t\r\n') | st.text(max_size=200),
)
def test_any_text_below_a_known_header_is_read_or_refused(header, text):
    assert_any_layout_is_read_soundly(f"{header}\n{text}\n".encode("utf-8", "surrogatepass"))


CHOICES = st.fixed_dictionaries(
    {},
    optional={
        "start": st.sampled_from(["2003-01-08", "2099-01-01"]),
        "end": st.sampled_from(["2099-01-01", "2099-01-02"]),
        "exceptions": st.dictionaries(
            st.dates(date(2003, 1, 1), date(2003, 3, 1)).map(str), st.just("why"), max_size=50
        ),
        "accept": st.sampled_from([["split"], ["jump", "frozen"]]),
    },
)


@settings(fuzz, max_examples=40)
@given(st.sampled_from(sorted(LAYOUTS)).flatmap(lambda name: damaged(LAYOUTS[name][0])), CHOICES)
def test_damaged_files_are_read_or_refused_with_any_choices(content, keys):
    assert_any_layout_is_read_soundly(content, **keys)


def assert_any_layout_is_read_soundly(content, **keys):
    spec = TickerSpec("SPY", "etf", **keys)
    found = check_file(content, spec=spec, file_name="X.csv", calendar="XNYS")
    assert (found.frame is None) == any(problem.severity == "error" for problem in found.problems)
    for problem in found.problems:
        str(problem).encode("ascii")
        assert problem.row is None or 1 <= problem.row <= content.count(b"\n") + 1
    if found.frame is None:
        return
    entry = {"calendar": "XNYS"} | ({"reading": found.reading.as_json()} if found.reading else {})
    entry["choices"] = found.choices.as_json()
    again = read_kept(content, json.loads(json.dumps(entry)), file_name="X.csv")
    assert content_sha256(again.frame) == content_sha256(found.frame)
    assert again.choices == found.choices


number = st.floats(allow_nan=False, allow_infinity=False, width=64)


@fuzz
@given(st.lists(st.tuples(number, number, number, number, st.integers(-(2**63), 2**63 - 1)), min_size=1))
def test_any_numbers_are_bit_identical_after_writing_and_reading(rows):
    values = list(zip(*rows, strict=True))
    days = np.datetime64("2003-01-06") + np.arange(len(rows)) * np.timedelta64(1, "D")
    frame = pd.DataFrame({"Date": days.astype("datetime64[us]")})
    for name, column in zip(("Open", "High", "Low", "Close"), values, strict=False):
        frame[name] = np.array(column, dtype=np.float64)
    frame["Volume"] = np.array(values[4], dtype=np.int64)
    back, problems = parse_bars(canonical_csv(frame), "X.csv")
    assert problems == []
    assert content_sha256(back) == content_sha256(frame)
    check_bars(frame, file_name="X.csv", kind="index", calendar="XNYS")


# ---- manifests ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz") / "good"
    make_good(folder)
    (folder / "data/raw/out.csv").symlink_to(folder / "own/SPY.csv")
    (folder / "data/raw/passwd.csv").symlink_to("/etc/passwd")
    (folder / "data/raw/sub").symlink_to(folder / "own")
    shutil.copy(folder / "data/raw/datapackage.json", folder / "own/manifest.json")
    (entry,) = (folder / "data/snapshots/SPY").glob("*.resource.json")
    shutil.copy(entry, folder / "own/entry.json")
    return folder


TELLING = (
    *("../../own/SPY.csv", "/etc/passwd", "out.csv", "passwd.csv", "sub/SPY.csv", "sub/../SPY.csv"),
    *("SPY.csv", "a/../SPY.csv", "SPY.parquet", "", "//x.csv", "a" * 5000 + ".csv", "DIA.resource.json"),
    *("sha256:" + "0" * 64, "\x80", "XNYS", "MOON", "2003-01-06", "etf", "SPY", ".", "..", "\x00", "\ud800"),
)
leaf = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.sampled_from(TELLING),
)
value = st.recursive(
    leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner)
)


def mutated(manifest):
    """Strategy: a JSON value with up to four places, at any depth, replaced or taken away."""

    def places(node, path=()):
        yield path
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, child in items:
            yield from places(child, (*path, key))

    known = [path for path in places(manifest) if path]
    step = st.tuples(st.sampled_from(known), st.booleans(), value)

    def apply(steps):
        changed = json.loads(json.dumps(manifest))
        for path, remove, new in steps:
            node = changed
            try:
                for key in path[:-1]:
                    node = node[key]
                if remove:
                    del node[path[-1]]
                else:
                    node[path[-1]] = new
            except (KeyError, IndexError, TypeError):
                continue  # an earlier step has removed this place
        return json.dumps(changed).encode()

    return st.lists(step, min_size=1, max_size=4).map(apply)


def pointed(manifest):
    """Strategy: the manifest with another path in one entry."""

    def apply(place, path):
        changed = json.loads(json.dumps(manifest))
        changed["resources"][place]["path"] = path
        return json.dumps(changed).encode()

    return st.builds(apply, st.integers(0, len(manifest["resources"]) - 1), st.sampled_from(TELLING) | leaf)


def spread(manifest):
    """Strategy: JSON text of the manifest in which some keys stand twice, or whole values are others."""

    def text(node, twice):
        if isinstance(node, dict):
            pairs = [f"{json.dumps(key)}: {text(child, twice)}" for key, child in node.items()]
            return "{" + ", ".join(pairs + [pair for pair in pairs if pair[:4] in twice]) + "}"
        if isinstance(node, list):
            return "[" + ", ".join(text(child, twice) for child in node) + "]"
        return json.dumps(node)

    keys = sorted({json.dumps(key)[:4] for entry in manifest["resources"] for key in entry})
    return st.sets(st.sampled_from(keys), max_size=2).map(lambda twice: text(manifest, twice).encode())


@pytest.fixture(scope="module")
def opened():
    """Paths that this process has opened since `opened.clear()`; an audit hook cannot be removed."""
    paths, active = [], [True]

    def audit(event, arguments):
        if active[0] and event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            paths.append(os.fsdecode(arguments[0]))

    sys.addaudithook(audit)
    yield paths
    active[0] = False


INTERPRETER = [os.path.realpath(place) for place in (*sysconfig.get_paths().values(), sys.base_prefix)]


def is_foreign(path, folder):
    """True if a path, with all links resolved, is neither below `folder` nor in the Python installation."""
    real = Path(os.path.realpath(path))
    return not any(real.is_relative_to(place) for place in (folder.resolve(), *INTERPRETER))


def write_manifest(good, content):
    path = good / "data/raw/datapackage.json"
    path.write_bytes(content)
    return path


def assert_reported(manifest, opened):
    opened.clear()
    report = validate_manifest(manifest, kinds={"SPY": "etf", "DIA": "etf"}, calendars=None)
    assert [path for path in opened if is_foreign(path, manifest.parent)] == []
    report.table().as_text().encode("ascii")
    to_json(report.as_json()).encode()
    assert not report.ok or read_manifest(manifest)
    return report


def assert_pending_or_refused(good, manifest):
    try:
        found = pending_registrations(good / "data", [manifest])
    except DataError as error:
        assert "datapackage.json" in str(error)
    else:
        for path in (*found.unlisted, *found.missing, *found.changed):
            assert path.isprintable()
            path.encode()


def test_the_recorder_finds_files_opened_outside_the_folder(good, opened):
    opened.clear()
    folder = good / "data/raw"
    inside = folder / "SPY.csv"
    outside = [
        folder / "out.csv",
        folder / "passwd.csv",
        folder / "sub/SPY.csv",
        folder / "../../own/SPY.csv",
    ]
    for path in (inside, *outside):
        path.read_bytes()
    assert [path for path in opened if is_foreign(path, folder)] == [str(path) for path in outside]


@pytest.mark.parametrize("path", TELLING, ids=lambda path: ascii(path)[:30])
def test_no_path_in_a_manifest_leads_outside(good, opened, path):
    read = json.loads((good / "own/manifest.json").read_bytes())
    read["resources"][0]["path"] = path
    manifest = write_manifest(good, json.dumps(read).encode())
    report = assert_reported(manifest, opened)
    assert not report.ok
    assert [file.path for file in report.checked] in (["SPY.csv"], [])
    assert_pending_or_refused(good, manifest)


ODD = (None, True, 1e999, 10**400, [[]], {"fields": [3]}, "", "MOON", "\ud800")


def test_any_key_of_an_entry_may_hold_anything(good, opened):
    """Each key with each odd value, because random draws cover only some of them."""
    read = json.loads((good / "own/manifest.json").read_bytes())
    sidecar, entry = good / "own/odd.resource.json", dict(read["resources"][1])
    for key in entry:
        for odd in ODD:
            read["resources"][1] = entry | {key: odd}
            manifest = write_manifest(good, json.dumps(read).encode())
            assert_reported(manifest, opened)
            assert_pending_or_refused(good, manifest)
            sidecar.write_text(json.dumps(read["resources"][1]))
            assert_gathered_or_refused(sidecar)


@fuzz
@given(data=st.data())
def test_a_changed_manifest_is_reported_and_no_file_outside_is_opened(good, opened, data):
    read = json.loads((good / "own/manifest.json").read_bytes())
    manifest = write_manifest(good, data.draw(st.one_of(mutated(read), pointed(read), spread(read))))
    assert_reported(manifest, opened)
    assert_pending_or_refused(good, manifest)


@fuzz
@given(data=st.data())
def test_any_bytes_are_a_manifest_or_refused(good, opened, data):
    sound = (good / "own/manifest.json").read_bytes()
    read = json.loads(sound)
    ways = (
        damaged(sound),
        st.binary(max_size=300),
        st.text().map(str.encode),
        value.map(_as_json),
        spread(read),
    )
    manifest = write_manifest(good, data.draw(st.one_of(*ways)))
    try:
        resources = read_manifest(manifest)["resources"]
    except DataError as error:
        assert "datapackage.json" in str(error)
    else:
        assert all(isinstance(entry, dict) for entry in resources)
    assert_reported(manifest, opened)
    assert_pending_or_refused(good, manifest)


def _as_json(resources):
    return json.dumps({"resources": resources}).encode()


@fuzz
@given(data=st.data())
def test_a_changed_entry_is_gathered_whole_or_refused(good, data):
    sound = (good / "data/raw/SPY.resource.json").read_bytes()
    entry = good / "own/gathered.resource.json"
    read = json.loads(sound)
    entry.write_bytes(
        data.draw(st.one_of(mutated(read), damaged(sound), value.map(json.dumps).map(str.encode)))
    )
    assert_gathered_or_refused(entry)


def assert_gathered_or_refused(sidecar):
    try:
        manifest = gather_sidecars("raw", [sidecar])
    except DataError as error:
        assert sidecar.name in str(error)
    else:
        assert json.loads(to_json(manifest).encode())["resources"] == manifest["resources"]


@fuzz
@given(data=st.data())
def test_a_damaged_snapshot_entry_is_a_data_error(good, data):
    (sidecar,) = (good / "data/snapshots/SPY").glob("*.resource.json")
    sound = (good / "own/entry.json").read_bytes()
    sidecar.write_bytes(
        data.draw(st.one_of(mutated(json.loads(sound)), damaged(sound), st.binary(max_size=99)))
    )
    store = SnapshotStore(good / "data/snapshots")
    try:
        assert all(snapshot.entry["ticker"] for snapshot in store.of("SPY"))
    except SimmerError as error:
        assert sidecar.name in str(error)
    for origin, pinned in (({"source": "csv"}, None), ({}, sidecar.name.split(".")[0])):
        try:
            snapshot = store.choose("SPY", origin=origin, pinned=pinned)
            if snapshot is not None:
                read_snapshot(snapshot)
        except SimmerError as error:
            assert str(error)


# ---- parquet --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parquet(tmp_path_factory):
    path = tmp_path_factory.mktemp("parquet") / "X.parquet"
    write_table(random_bars(200).astype({"Volume": "float64"}), path)
    return path.read_bytes()


@fuzz
@given(data=st.data())
def test_damaged_parquet_is_read_or_refused(parquet, data):
    content = data.draw(st.one_of(damaged(parquet), st.binary(max_size=300)))
    try:
        frame = read_table(content, name="X.parquet")
    except DataError as error:
        assert "X.parquet" in str(error)
    else:
        assert content_sha256(frame)
