"""The rooms of the library: the question each answers, whom it may import, and what no room may know."""

import ast

import pytest

from support.configs import ROOT

LIBRARY = ROOT / "workflow/scripts/simmer"

# From the bottom up. A room imports `base`, the rooms named beside it, and no others; these stand above it.
ROOMS = {
    "base": ("What does every part need?", ""),
    "ledger": ("What was computed, and where does it lie?", ""),
    "data": ("Which bars are there, and are they right?", ""),
    "model": ("Which network has this many parameters?", ""),
    "evidence": ("What do the final predictions show?", "ledger"),
    "thermal": ("How hot is it, and how much may be trained?", ""),
    "features": ("What does a model see, and what is it to predict?", "data"),
    "machine": ("What is this machine, and is it fit for a scale?", "thermal"),
    "training": ("How is one model trained?", "evidence features machine model thermal"),
    "search": ("Which trial is next, and which ends early?", "features ledger model training"),
    "config": ("What does the user want?", "data features model search thermal training"),
    "runs": (
        "How does a job train a trial or a refit?",
        "config data features ledger machine model search thermal training",
    ),
    "audit": (
        "Does anything that decides know its future?",
        "config data evidence features ledger model runs search thermal training",
    ),
    "figures": ("How does a result look?", "evidence ledger search thermal"),
    "report": ("What may be concluded?", "evidence ledger"),
    "status": ("How does the campaign stand?", "config ledger search"),
    "commands": ("What is run by hand?", "data ledger machine search thermal"),
}

MODULES = sorted(LIBRARY.rglob("*.py"))


def room_of(path):
    return path.relative_to(LIBRARY).parts[0]


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_the_library_is_these_rooms():
    rooms = {path.name for path in LIBRARY.iterdir() if path.name not in ("__init__.py", "__pycache__")}
    assert rooms == set(ROOMS)
    assert len(rooms) <= 18


def test_rooms_are_listed_from_the_bottom_up():
    for number, (_, above) in enumerate(ROOMS.values()):
        assert set(above.split()) <= set(list(ROOMS)[:number])


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_imports_point_one_way(path):
    room = room_of(path)
    if room == "__init__.py":
        return
    allowed = {"base", room, *ROOMS[room][1].split()}
    targets = {name.split(".")[1] for name in imports_of(path) if name.startswith("simmer.")}
    assert targets <= allowed, f"{room} imports {sorted(targets - allowed)}"


@pytest.mark.parametrize("room", ROOMS)
def test_no_arrow_is_allowed_that_nothing_uses(room):
    used = {
        name.split(".")[1]
        for path in MODULES
        if room_of(path) == room
        for name in imports_of(path)
        if name.startswith("simmer.")
    }
    assert set(ROOMS[room][1].split()) <= used


def test_model_imports_nothing_but_torch_and_the_standard_library():
    for path in (LIBRARY / "model").glob("*.py"):
        outside = {name.split(".")[0] for name in imports_of(path)} - {"simmer", "torch"}
        assert outside <= {"collections", "dataclasses", "math"}, path


def test_the_library_never_mentions_the_workflow_engine():
    for path in MODULES:
        assert "snakemake" not in path.read_text().lower(), path


def test_scripts_know_the_job_only_in_their_guard():
    for path in (ROOT / "workflow/scripts").glob("*.py"):
        body, _, guard = path.read_text().partition('if __name__ == "__main__":')
        assert guard, f"{path.name} has no main guard"
        assert "snakemake" not in body, path
