"""What the screen says about one trial on all cores, and trials side by side."""

import pytest

from simmer.ledger.layouts import Layouts, MeasuredLayout, MeasuredLayouts, write_layouts
from simmer.status.cores import cores_line
from simmer.status.progress import StudyPlace, StudyProgress


def study(home, days, *, left=3):
    place = StudyPlace(scale="2M", horizon_days=days, n_trials=left, epochs_max=3, home=home)
    return StudyProgress(place=place)


def measured(one_core_s, chosen_s, cores=2):
    layouts = (
        MeasuredLayout(kernels="torch", replicas=1, threads=1, probed_step_s=2 * one_core_s),
        MeasuredLayout(kernels="simmer", replicas=1, threads=1, probed_step_s=one_core_s),
        MeasuredLayout(kernels="simmer", replicas=cores, threads=1, probed_step_s=chosen_s),
    )
    return Layouts(
        measured=(
            MeasuredLayouts(trials={"threads": cores}, quiet=True, chosen=layouts[-1], measured=layouts),
        )
    )


@pytest.mark.parametrize(
    ("chosen_s", "said"),
    [(0.6, "2 side by side (--cores 2) train at most 1.2 times as much together"), (0.51, None)],
)
def test_what_side_by_side_would_gain_is_said_where_it_is_worth_it(tmp_path, chosen_s, said):
    write_layouts(tmp_path, measured(1.0, chosen_s))
    line = cores_line([study(tmp_path, 1), study(tmp_path, 3)])
    assert (line is None) if said is None else said in line


def test_a_single_study_has_nothing_to_run_beside(tmp_path):
    write_layouts(tmp_path, measured(1.0, 0.6))
    assert cores_line([study(tmp_path, 1), study(tmp_path, 3, left=0)]) is None


def test_without_a_measurement_nothing_is_said(tmp_path):
    assert cores_line([study(tmp_path, 1), study(tmp_path, 3)]) is None
    write_layouts(tmp_path, measured(1.0, 0.6, cores=1))
    assert cores_line([study(tmp_path, 1), study(tmp_path, 3)]) is None
