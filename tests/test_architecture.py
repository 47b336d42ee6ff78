"""The rooms of the library: the content of each, and the imports that are allowed between them."""

import ast

import pytest

from support.configs import ROOT

LIBRARY = ROOT / "workflow/scripts/simmer"

# Lowest first. A room imports only `base` and the rooms in its second text, all of which come before it.
ROOMS = {
    "base": ("Errors, files, locks, logs, seeds, provenance, checks, words.", ""),
    "ledger": ("What was computed and where it is stored.", ""),
    "data": ("Bars and their validation.", ""),
    "model": ("PatchTST, and the shape that meets a parameter budget.", ""),
    "features": ("Labelled windows computed from bars.", "data"),
    "evidence": ("Scores, intervals and verdicts of the final predictions.", "features ledger"),
    "thermal": ("Temperature sensors, governor and guard.", ""),
    "machine": ("Facts and power of this machine; preflight.", "thermal"),
    "training": ("Training of one model.", "evidence features machine model thermal"),
    "search": ("Suggestion of the next trial, and halving.", "features ledger model training"),
    "config": (
        "The configuration, checked in one place.",
        "data features ledger model search thermal training",
    ),
    "runs": (
        "Training of a trial or a refit as a job; saved models and their predictions.",
        "config data features ledger machine model search thermal training",
    ),
    "audit": (
        "The leakage audit.",
        "config data evidence features ledger model runs search thermal training",
    ),
    "figures": ("Figures of search, evidence and machine.", "evidence ledger search thermal"),
    "report": ("The report and its conclusions, and the card of a saved model.", "evidence ledger"),
    "status": ("The progress of a campaign, from its files alone.", "config data ledger search"),
    "doctor": ("Check and repair of a results folder.", "config evidence ledger status training"),
    "commands": (
        "Commands run by hand: new-config, check, plan, studies, report, predict, register, verify, "
        "dashboard.",
        "config data doctor evidence features ledger machine runs search status thermal",
    ),
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


def test_the_library_consists_of_these_rooms():
    rooms = {path.name for path in LIBRARY.iterdir() if path.name not in ("__init__.py", "__pycache__")}
    assert rooms == set(ROOMS)
    assert len(rooms) <= 18


def test_a_room_may_import_only_rooms_listed_before_it():
    for number, (_, imported) in enumerate(ROOMS.values()):
        assert set(imported.split()) <= set(list(ROOMS)[:number])


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_a_module_imports_only_the_rooms_it_may(path):
    room = room_of(path)
    if room == "__init__.py":
        return
    allowed = {"base", room, *ROOMS[room][1].split()}
    targets = {name.split(".")[1] for name in imports_of(path) if name.startswith("simmer.")}
    assert targets <= allowed, f"{room} imports {sorted(targets - allowed)}"


@pytest.mark.parametrize("room", ROOMS)
def test_every_allowed_import_is_used(room):
    used = {
        name.split(".")[1]
        for path in MODULES
        if room_of(path) == room
        for name in imports_of(path)
        if name.startswith("simmer.")
    }
    assert set(ROOMS[room][1].split()) <= used


def test_model_imports_only_torch_and_the_standard_library():
    for path in (LIBRARY / "model").glob("*.py"):
        outside = {name.split(".")[0] for name in imports_of(path)} - {"simmer", "torch"}
        assert outside <= {"collections", "dataclasses", "math"}, path


def test_the_library_never_mentions_the_workflow_engine():
    for path in MODULES:
        assert "snakemake" not in path.read_text().lower(), path


def test_scripts_use_the_snakemake_object_only_in_their_main_guard():
    for path in (ROOT / "workflow/scripts").glob("*.py"):
        body, _, guard = path.read_text().partition('if __name__ == "__main__":')
        assert guard, f"{path.name} has no main guard"
        assert "snakemake" not in body, path
