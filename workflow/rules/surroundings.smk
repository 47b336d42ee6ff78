"""Surroundings: what a run needs of its Python and its paths, checked before anything else.

It imports only the standard library and Snakemake, because other packages may be missing. It has no rules.
"""

import re
import sys
from importlib import metadata
from pathlib import Path

from snakemake.exceptions import WorkflowError

OLDEST_PYTHON = (3, 11)


def check_surroundings():
    """Stop with a remedy if this Python or a path cannot work."""
    if not REPOSITORY.is_dir():
        raise WorkflowError(
            f"found the workflow at {REPOSITORY}, expected a folder of this machine, because the rules "
            "import a library of this repository: clone the repository and name the Snakefile of the clone"
        )
    if sys.version_info < OLDEST_PYTHON:
        refuse_python(
            f"version {sys.version.split()[0]}, expected {'.'.join(map(str, OLDEST_PYTHON))} or newer"
        )
    # With conda or a container the jobs have packages of their own.
    missing = [] if workflow.deployment_settings.deployment_method else missing_packages()
    if missing:
        refuse_python(f"no {', '.join(missing)}, expected all packages of pyproject.toml")
    paths = {"working folder": Path.cwd(), "repository": REPOSITORY}
    paths |= {f"configuration file {path.name}": path for path in workflow.overwrite_configfiles}
    for what, path in paths.items():
        if set("{}") & set(str(path)):
            raise WorkflowError(
                f"found braces in the path of the {what}, {path}; expected none, because Snakemake takes "
                "what is in braces for a wildcard: rename the folder or the file"
            )


def missing_packages():
    """Return the names of the packages in pyproject.toml that this Python does not have."""
    import tomllib

    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.split("[=<>!~ ]", dependency)[0] for dependency in project["dependencies"]]
    return [name for name in names if not is_installed(name)]


def is_installed(package):
    """Return True if this Python has a package."""
    try:
        return bool(metadata.version(package))
    except metadata.PackageNotFoundError:
        return False


def refuse_python(found):
    """Stop and name the Snakemake to start instead."""
    raise WorkflowError(
        f"Python {sys.executable}: found {found}: run `make setup` in {REPOSITORY}, then start "
        f"{REPOSITORY / '.venv' / 'bin' / 'snakemake'} instead of another Snakemake"
    )
