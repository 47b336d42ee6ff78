"""Each benchmark has a script, a short form and a line in the README, and its imports exist."""

import ast
import importlib.util
import re
import sys
from functools import cache

import pytest

from support.configs import ROOT
from support.makefile import BENCHES

BENCHMARKS = ROOT / "benchmarks"
FOLDERS = (BENCHMARKS, ROOT / "tests", ROOT / "workflow/scripts")
PEERS = {"torch", "transformers", "neuralforecast"}


def script_of(target):
    return BENCHMARKS / f"{target.replace('-', '_')}.py"


@cache
def file_of(module):
    paths = (folder / f"{module.replace('.', '/')}.py" for folder in FOLDERS)
    return next((path for path in paths if path.is_file()), None)


@cache
def parsed(path):
    return ast.parse(path.read_text())


@cache
def imports_of(path):
    """Module and name of each import; a name of None stands for the module itself."""
    found = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found += [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.module, alias.name) for alias in node.names]
    return found


@cache
def names_in(path):
    """Names that a module defines or imports at its top level."""
    found = set()
    for node in parsed(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        else:
            found |= {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
    return found


def missing(module, name):
    path = file_of(module)
    if path is not None:
        return name is not None and name not in names_in(path)
    if name is not None and file_of(f"{module}.{name}"):
        return False
    root = module.partition(".")[0]
    return root not in sys.stdlib_module_names and importlib.util.find_spec(root) is None


def closure(path):
    """Third-party roots and own files that a script imports, directly or through its own files."""
    roots, files, waiting = set(), set(), [path]
    while waiting:
        files.add(path := waiting.pop())
        for module, _ in imports_of(path):
            own = file_of(module)
            if own is None:
                roots.add(module.partition(".")[0])
            elif own not in files:
                waiting.append(own)
    return roots - sys.stdlib_module_names, files


@pytest.fixture(scope="module")
def command_line():
    spec = importlib.util.spec_from_file_location("command_line", BENCHMARKS / "command_line.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("target", BENCHES)
def test_a_benchmark_has_a_script_with_a_short_form(target):
    source = script_of(target).read_text()
    assert "command_line.run(measure, " in source
    assert "command_line.parser(__doc__)" in source
    assert "ArgumentParser(" not in source
    assert "chosen.short" in source


@pytest.mark.parametrize("target", BENCHES)
def test_a_benchmark_is_in_the_table_of_commands(target):
    assert f"| `make bench-{target}` |" in (BENCHMARKS / "README.md").read_text()


def test_the_short_form_runs_and_prints_that_it_is_no_measurement(command_line, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmark", "--short"])
    command_line.run(lambda chosen: f"short={chosen.short}", command_line.parser("A benchmark."))
    first, _, took, note, last = capsys.readouterr().out.splitlines()
    assert first == note == command_line.NO_MEASUREMENT
    assert re.fullmatch(r"took \d+ s", took)
    assert last == "short=True"


def test_the_full_form_prints_no_such_note(command_line, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmark"])
    command_line.run(lambda _: "done", command_line.parser("A benchmark."))
    assert capsys.readouterr().out.splitlines() == ["", "took 0 s", "done"]


@pytest.mark.parametrize("path", sorted(BENCHMARKS.glob("*.py")), ids=lambda path: path.stem)
def test_imports_of_a_benchmark_exist(path):
    elsewhere = PEERS if path.stem == "peers" else set()
    absent = [(module, name) for module, name in imports_of(path) if missing(module, name)]
    assert [one for one in absent if one[0].partition(".")[0] not in elsewhere] == []


def test_peers_import_only_packages_of_their_own_environment():
    roots, files = closure(BENCHMARKS / "peers.py")
    assert roots == PEERS
    assert {path.parent for path in files} == {BENCHMARKS}
    pinned = (BENCHMARKS / "requirements.txt").read_text()
    assert all(f"\n{peer}==" in pinned for peer in PEERS - {"torch"})


@pytest.mark.parametrize("target", BENCHES)
def test_a_benchmark_imports_no_peer(target):
    roots, _ = closure(script_of(target))
    assert not roots & (PEERS - {"torch"})
