"""A code digest covers a script and all modules that it imports, and nothing else."""

import ast

import pytest

from simmer.base.provenance import SCRIPTS, code_digest, reached_digest, reached_files, versions

TREE = {
    "job.py": "import logging\nfrom simmer.a.near import f\n\nif True:\n    from simmer.c import inner\n",
    "other.py": "from simmer.b.unreached import g\n",
    "simmer/__init__.py": "",
    "simmer/a/__init__.py": "",
    "simmer/a/near.py": "from simmer.b.far import (\n    g,  # used\n    h,\n)\n",
    "simmer/b/__init__.py": "import simmer.d\n",
    "simmer/b/far.py": "import json\n",
    "simmer/b/unreached.py": "",
    "simmer/c/__init__.py": "",
    "simmer/c/inner.py": "def f():\n    import simmer.e\n",
    "simmer/d.py": "",
    "simmer/e.py": "",
}
UNREACHED = {"other.py", "simmer/b/unreached.py"}


@pytest.fixture
def digest(tmp_path):
    """Return the digest of job.py in a tree with some files changed."""

    def of(number, **changed):
        folder = tmp_path / str(number)
        for name, text in (TREE | changed).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        return reached_digest("job.py", folder=folder)

    return of


def test_a_changed_file_changes_the_digest_if_and_only_if_it_is_reached(digest):
    before = digest("before")
    assert digest("again") == before
    for number, (name, text) in enumerate(TREE.items()):
        changed = digest(number, **{name: f"{text}# changed\n"})
        assert (changed == before) == (name in UNREACHED), name


def test_a_script_that_is_not_there_is_an_error():
    with pytest.raises(FileNotFoundError):
        reached_digest("no_such_script.py")


def test_the_digest_of_the_audit_covers_its_statistics_and_no_figure():
    reached = {
        path.relative_to(SCRIPTS).as_posix()
        for path in reached_files("leakage_controls.py", "leakage_audit.py")
    }
    assert {
        "leakage_audit.py",
        "leakage_controls.py",
        "simmer/__init__.py",
        "simmer/audit/prefixes.py",
        "simmer/evidence/bootstrap.py",
        "simmer/features/dataset.py",
        "simmer/runs/guarded.py",
        "simmer/thermal/guard.py",
    } <= reached
    assert not [name for name in reached if name.startswith(("simmer/figures/", "simmer/status/"))]


@pytest.mark.parametrize("script", sorted(path.name for path in SCRIPTS.glob("*.py")))
def test_the_imports_are_those_that_python_parses(script):
    reached = reached_files(script)
    for path in reached:
        for name in parsed_imports(path):
            places = {SCRIPTS.joinpath(*name.split(".")) / "__init__.py"}
            places |= {SCRIPTS.joinpath(*name.split(".")).with_suffix(".py")}
            assert {place for place in places if place.is_file()} <= reached, f"{path} imports {name}"


def parsed_imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import, which is not followed"
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_the_code_digest_is_short_and_stable():
    assert code_digest() == code_digest()
    assert len(code_digest()) == 12


def test_versions_name_the_libraries_that_influence_a_result():
    assert versions()["torch"].startswith("2.13.0")
    assert {"python", "optuna", "numpy"} <= versions().keys()


def test_the_digest_of_the_library_covers_its_kernels(tmp_path, monkeypatch):
    monkeypatch.setattr("simmer.base.provenance.SCRIPTS", tmp_path)
    (tmp_path / "simmer").mkdir()
    (tmp_path / "simmer" / "a.py").write_text("")
    digests = set()
    for text in ("int a;", "int b;"):
        (tmp_path / "simmer" / "kernels.cpp").write_text(text)
        digests.add(code_digest.__wrapped__())
    assert len(digests) == 2
