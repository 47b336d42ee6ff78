"""The script writes three figures and a table, and refuses results of another study."""

import json
from dataclasses import replace

import pytest
import search_figures

from simmer.base.errors import LedgerError


@pytest.fixture
def published(tmp_path, eventful):
    """Return a function that writes the results of a study and returns the arguments of the script."""

    def write(fingerprint=None):
        fingerprint = fingerprint or eventful.study.fingerprint("f")
        paths = []
        for result in eventful.results:
            paths.append(tmp_path / f"trial_{result.number:03d}.json")
            paths[-1].write_text(json.dumps(replace(result, fingerprint=fingerprint).as_json()))
        (tmp_path / "resource.json").write_text(json.dumps({"content_sha256": "f"}))
        outputs = ("history.svg", "importances.svg", "importances_table.json", "coverage.svg")
        return {
            "study": eventful.study,
            "results": paths,
            "resources": [tmp_path / "resource.json"],
            **{name.partition(".")[0]: tmp_path / "figures" / name for name in outputs},
        }

    return write


def test_three_figures_and_a_table_are_written(published):
    given = published()
    search_figures.main(**given)
    for name in ("history", "importances", "coverage"):
        assert given[name].read_text().startswith("<?xml")
    table = json.loads(given["importances_table"].read_text())
    assert table["study"] == "2M h1"
    assert table["importances"] is None
    assert table["completed"] == 4


def test_results_of_another_study_are_refused(published):
    given = published("another")
    with pytest.raises(LedgerError, match="published from study another"):
        search_figures.main(**given)
    assert not given["history"].exists()
