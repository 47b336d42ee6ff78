"""The manifest of the raw tables, its entries and its files, as `validate_manifest` reads them."""

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from simmer.base.files import read_json, write_json
from simmer.data.bars_csv import PRICES, canonical_csv
from simmer.data.manifest import Provenance, build_manifest, describe_resource
from support.hostile.case import Case, Damage
from support.hostile.damage import (
    RAW_MANIFEST,
    both,
    closed,
    entry,
    made,
    manifest,
    raw_file,
    replaced,
    sparse,
)
from support.hostile.folder import bars_of


def repeated(times: int) -> Damage:
    """Repeat an entry of the raw manifest this many times."""

    def bytes_of(sound: bytes) -> bytes:
        read = json.loads(sound)
        read["resources"] += [read["resources"][-1]] * times
        return json.dumps(read).encode()

    return manifest(bytes_of)


def registered_again(ticker: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Damage:
    """Replace the bars in a raw file, with a manifest entry that matches the new ones."""

    def spoil(folder: Path) -> None:
        path = folder / RAW_MANIFEST
        others = [one for one in read_json(path)["resources"] if one["ticker"] != ticker]
        frame = change(bars_of())
        new = canonical_csv(frame)
        (path.parent / f"{ticker}.csv").write_bytes(new)
        origin = Provenance(ticker, "etf", "unknown", "own file", ({"title": "own file"},), "XNYS")
        own = describe_resource(f"{ticker}.csv", content=new, frame=frame, provenance=origin)
        write_json(path, build_manifest("simmer-raw", [*others, own]))

    return spoil


case = partial(Case, "raw manifest")

CASES = (
    # -- the manifest itself
    case("missing", lambda f: (f / RAW_MANIFEST).unlink(), ("not exist",)),
    case("empty", manifest(b""), ("not a JSON manifest",)),
    case("cut off", manifest(lambda text: text[:-30]), ("not a JSON manifest",)),
    case("web page", manifest(b"<html>"), ("not a JSON manifest",)),
    case("key twice", manifest(lambda t: t.replace(b'"bytes"', b'"rows"')), ("twice",)),
    case("NaN", manifest(b'{"resources": [{"bytes": NaN}]}'), ("NaN is not JSON",)),
    case("deep nesting", manifest(b"[" * 200_000), ("not a JSON manifest",)),
    case("UTF-16", manifest(lambda text: text.decode().encode("utf-16")), ("not a JSON",)),
    case("not UTF-8", manifest(lambda text: text + b"\xff"), ("not a JSON manifest",)),
    case("byte-order mark", manifest(lambda t: b"\xef\xbb\xbf" + t), ("not a JSON",)),
    case("infinity", manifest(b'{"resources": [{"rows": -Infinity}]}'), ("is not JSON",)),
    case("number of 5,000 digits", manifest(b"9" * 5000), ("not a JSON manifest",)),
    case("text", manifest(b'"resources"'), ("holds a str",)),
    case("no resources", manifest(b"{}"), ("another shape",)),
    case("resources in an object", manifest(b'{"resources": {}}'), ("another shape",)),
    case("resources that are paths", manifest(b'{"resources": ["x"]}'), ("another shape",)),
    case("FIFO", made(RAW_MANIFEST, os.mkfifo), ("not a regular file",)),
    case("folder", made(RAW_MANIFEST, Path.mkdir), ("not a regular file",)),
    case("link to itself", made(RAW_MANIFEST, lambda p: p.symlink_to(p.name)), ("does not exist",)),
    case("not readable", closed(RAW_MANIFEST), ("Permission denied",)),
    case("folder of it closed", closed("data/raw"), ("Permission denied",)),
    case("a list", manifest(b"[]"), ("expected a JSON object",)),
    case("no entry", manifest(b'{"resources": []}'), ("names 0 resources",)),
    case(
        "a million entries",
        manifest(lambda _: b'{"resources": [' + b",".join([b"{}"] * 1_000_000) + b"]}"),
        ("names 1000000 resources",),
    ),
    case("a terabyte", made(RAW_MANIFEST, sparse), ("1099511627776",)),
    # -- its entries
    case("path ../", entry(path="../raw/SPY.csv"), ("a plain relative path",)),
    case("absolute path", entry(path="/etc/passwd"), ("a plain relative path",)),
    case("path with backslash", entry(path="..\\SPY.csv"), ("a plain relative path",)),
    case("path with NUL", entry(path="SPY\0.csv"), ("a plain relative path",)),
    case("path in look-alike letters", entry(path="ＳＰＹ.csv"), ("a plain relative",)),
    case("path of 5,000 letters", entry(path="a" * 5000 + ".csv"), ("cannot be found",)),
    case("path with a step .", entry(path="./SPY.csv"), ("a plain relative path",)),
    case("path of a drive", entry(path="C:SPY.csv"), ("a plain relative path",)),
    case("path that is a lone surrogate", entry(path="\ud800.csv"), ("a plain relative",)),
    case("path that is a list", entry(path=["SPY.csv"]), ("a plain relative path",)),
    case(
        "path to a folder",
        both(lambda f: (f / "data/raw/sub.csv").mkdir(), entry(path="sub.csv")),
        ("not a regular file",),
    ),
    case("path that is a number", entry(path=7), ("a plain relative path",)),
    case("path to nothing", entry(path="none.csv"), ("cannot be found",)),
    case("name twice", entry(name="dia"), ("2 resources have the name",)),
    case("path twice, by case", entry(path="dia.csv"), ("2 resources have the path",)),
    case("ten thousand entries of one file", repeated(9_998), ("9999 resources have",)),
    case("md5", entry(hash="md5:" + "0" * 32), ("hash is 'md5:",)),
    case("hash too short", entry(hash="sha256:abc"), ("hash is 'sha256:abc'",)),
    case("hash in capitals", entry(hash="sha256:" + "A" * 64), ("hash is 'sha256:AAAA",)),
    case("wrong hash", entry(hash="sha256:" + "0" * 64), ("the file was changed",)),
    case("negative bytes", entry(bytes=-1), ("bytes is -1",)),
    case("bytes that are true", entry(bytes=True), ("bytes is True",)),
    case("bytes as text", entry(bytes="28138"), ("bytes is '28138'",)),
    case("bytes of 400 digits", entry(bytes=10**400), ("the manifest says 1000",)),
    case("half a byte", entry(bytes=1.5), ("bytes is 1.5",)),
    case("wrong rows", entry(rows=299), ("the file has rows 300",)),
    case("wrong first date", entry(date_min="2003-01-07"), ("has date_min",)),
    case("no ticker", entry(ticker=None), ("ticker is None",)),
    case("another ticker", entry(ticker="QQQ"), ("ticker is 'QQQ'",)),
    case("another class than configured", entry(kind="index"), ("configuration says",)),
    case("unknown class", entry(kind="bond"), ("expected one of etf",)),
    case("class that is a list", entry(kind=["etf"]), ("kind is ['etf']",)),
    case("sources that are a text", entry(sources="web"), ("sources is 'web'",)),
    case("format of another file", entry(format="parquet"), ("format is 'parquet'",)),
    case("calendar that is a list", entry(calendar=[1]), ("calendar is [1]",)),
    case("start that is a path", entry(choices={"start": "../raw"}), ("has the choices",)),
    case("end before all bars", entry(choices={"end": "1950-01-01"}), ("no bar is left",)),
    case(
        "reason with control characters",
        entry(choices={"exceptions": {"2020-10-01": "\x1b[2J"}}),
        ("has the choices",),
    ),
    case(
        "10,000 needless exceptions",
        entry(
            choices={"exceptions": {str(np.datetime64("1950-01-01") + day): "<b>" for day in range(10_000)}}
        ),
        ("nothing was found on 1950-01-01, ", "more"),
        "warning",
    ),
    case("schema that is a number", entry(schema=3), ("schema is 3",)),
    # -- its files
    case("file gone", raw_file(Path.unlink), ("cannot be found",)),
    case(
        "one byte changed",
        raw_file(lambda p: p.write_bytes(p.read_bytes()[:-2] + b"0\n")),
        ("the file was changed",),
    ),
    case("file cut off", raw_file(lambda p: p.write_bytes(p.read_bytes()[:-3])), ("bytes",)),
    case("file not readable", closed("data/raw/SPY.csv"), ("Permission denied",)),
    case(
        "header of the file changed",
        raw_file(lambda p: p.write_bytes(p.read_bytes().replace(b"Open", b"open", 1))),
        ("in capitals",),
    ),
    case("file of a terabyte", raw_file(sparse), ("1099511627776 bytes",)),
    case("link out", raw_file(replaced(lambda p: p.symlink_to("../../own/SPY.csv"))), ("leads out",)),
    case(
        "link to a FIFO",
        raw_file(replaced(lambda p: (os.mkfifo(p.with_name("fifo")), p.symlink_to("fifo")))),
        ("not a regular file",),
    ),
    case(
        "the data of another ticker, rightly registered",
        registered_again("DIA", lambda frame: frame),
        ("2 resources have the hash", "move alike"),
    ),
    case(
        "the series of another ticker at a tenth, rightly registered",
        registered_again("DIA", lambda f: f.assign(**{n: f[n] / 10 for n in PRICES})),
        ("move alike",),
    ),
    case(
        "the bars of something else, rightly registered",
        registered_again("DIA", lambda _: bars_of(seed=99)),
        ("correlate by",),
    ),
    case(
        "a file that no entry names",
        lambda f: (f / "data/raw/NEW.csv").write_text("x"),
        ("is on disk but no resource",),
        "warning",
    ),
)
