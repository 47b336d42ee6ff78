"""The arrows between the parts, and what the library must not know."""

import ast

import pytest

from support.configs import ROOT

LIBRARY = ROOT / "workflow/scripts/simmer"
BASE = {"errors", "files", "seeds", "provenance"}

# Who may import whom inside the library; anything not listed is an arrow in the wrong direction.
ARROWS = {
    "data": BASE | {"locks"},
    "features": BASE | {"data"},
    "evidence": BASE,
    "model": BASE,
    "thermal": BASE,
    "machine": BASE | {"machine_power", "thermal"},
    "machine_power": {"thermal"},
    "hardware": BASE | {"figures", "thermal"},
    "advice": {"machine_power", "preflight_report"},
    "preflight_heat": {"preflight_report", "thermal"},
    "preflight": BASE | {"advice", "machine", "thermal", "preflight_heat", "preflight_report"},
    "preflight_report": BASE,
    "training": BASE | {"model", "evidence", "thermal", "machine"},
    "search": BASE | {"training", "model", "features", "thermal", "preflight"},
    "figures": set(),
    "search_figures": BASE | {"figures", "search"},
    "evidence_figures": BASE | {"evidence", "figures"},
    "config": BASE | {"data", "features", "model", "search", "thermal", "training"},
    "config_docs": BASE,
    "config_schema": BASE,
    "dashboard": BASE | {"search"},
    "status": BASE | {"config", "config_schema", "hardware", "search"},
    "machine_fit": {"config", "machine", "search", "training"},
    "guarded_trial": BASE
    | {"config", "data", "machine", "machine_fit", "preflight", "preflight_report", "search"}
    | {"thermal", "training"},
    "publishing": {"errors", "locks", "search", "thermal"},
    "register": {"data", "errors"},
    "report": BASE | {"evidence"},
    "audit": BASE
    | {
        "config",
        "data",
        "evidence",
        "features",
        "model",
        "preflight_report",
        "search",
        "thermal",
        "training",
    },
    "verification": BASE | {"data", "machine", "preflight_heat", "preflight_report", "thermal"},
    "locks": BASE,
    "logs": BASE,
    "files": {"errors"},
    "provenance": set(),
    "seeds": set(),
    "errors": set(),
}

MODULES = sorted(LIBRARY.rglob("*.py"))


def part_of(path):
    first = path.relative_to(LIBRARY).parts[0]
    return first.removesuffix(".py")


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_imports_point_one_way(path):
    part = part_of(path)
    if part == "__init__":
        return
    targets = {name.split(".")[1] for name in imports_of(path) if name.startswith("simmer.")}
    assert targets - {part} <= ARROWS[part], f"{part} imports {targets - {part} - ARROWS[part]}"


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
