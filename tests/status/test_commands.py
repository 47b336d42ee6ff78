import pytest

from simmer.status.commands import asks_for_report, targets_of, typed

COMMAND = "/somewhere/.venv/bin/runner --cores 1 -- results/hpo_2M.done"
TYPED = ".venv/bin/runner --cores 1 -- results/hpo_2M.done"


@pytest.mark.parametrize(
    ("command", "as_typed"),
    [
        (COMMAND, TYPED),
        ("/usr/bin/runner --cores 1", "/usr/bin/runner --cores 1"),
        ("/lib/runner/__main__.py --cores 1", "python -m runner --cores 1"),
        ("runner 'a b'", "runner 'a b'"),
        ("runner 'a", "runner 'a"),
        ("", ""),
    ],
)
def test_a_command_is_shown_as_it_is_typed(command, as_typed):
    assert typed(command) == as_typed


@pytest.mark.parametrize(
    ("named", "targets", "answer"),
    [
        ("", (), False),
        ("results/hpo_2M.done", ("results/hpo_2M.done",), False),
        ("results/hpo_2M.done results/hardware.parquet",) * 2 + (False,),
        ("results/hpo_2M.done results/evidence.json",) * 2 + (True,),
        ("report", ("results/summary.html",), True),
        ("--directory demo/results", (), False),
    ],
)
def test_what_a_run_is_to_compute(named, targets, answer):
    expected = tuple(targets.split()) if isinstance(targets, str) else targets
    assert targets_of(f"runner --cores 1 {named}") == expected
    assert asks_for_report(f"runner --cores 1 {named}") is answer
