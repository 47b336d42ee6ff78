"""Links, anchors, make targets and configuration keys in the documentation exist."""

import re
from functools import cache

import pytest

from support.configs import ROOT, raw_config
from support.makefile import TARGETS
from support.saved_models import BARS, SAVED

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "benchmarks/README.md",
    ROOT / "config/README.md",
]
LINK = re.compile(r"\]\(([^)\s]+)\)")
TARGET = re.compile(r"(?:`|^ +|\()make ([a-z][\w-]*)", re.M)
# A file such as `best.json` has the form of a key, too.
KEY = re.compile(r"`([a-z_]+(?:\.[a-z_0-9]+)+)(?:: [^`]*)?`")
BLOCKS = {key for key, value in raw_config().items() if isinstance(value, dict)}


@cache
def anchors(path):
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture(params=PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def page(request):
    return request.param


def test_every_relative_link_resolves(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), f"{link}: there is no such file"
        assert not anchor or anchor in anchors(target), f"{link}: there is no such heading"


def test_every_make_target_exists(page):
    assert set(TARGET.findall(page.read_text(encoding="utf-8"))) <= TARGETS


def test_every_configuration_key_exists(page):
    explained = set(re.findall(r"^\| `([^`]+)` \|", (ROOT / "config/README.md").read_text(), re.M))
    for key in KEY.findall(page.read_text(encoding="utf-8")):
        if key.split(".")[0] in BLOCKS and key.rpartition(".")[2] not in ("json", "md", "parquet"):
            assert key in explained, f"`{key}` is no key of the configuration"


def test_the_example_of_a_saved_model_runs_as_written(saved, monkeypatch, capsys):
    (code,) = re.findall(r"```python\n(.+?)```", (ROOT / "docs/results.md").read_text(), re.S)
    place = saved / re.search(r'load\("(.+?)"\)', code)[1]
    place.parent.mkdir(parents=True, exist_ok=True)
    (saved / SAVED).rename(place)
    monkeypatch.chdir(saved)
    exec(code, {})
    day, probability, *_ = capsys.readouterr().out.split()
    assert day == str(BARS["Date"].iloc[-1].date())
    assert 0 < float(probability) < 1


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_every_page_of_the_documentation_is_linked_from_the_readme():
    linked = {
        name.partition("#")[0] for name in LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    }
    assert {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} <= linked
