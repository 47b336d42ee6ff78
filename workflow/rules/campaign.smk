"""The campaign: its configuration and what its jobs need of the environment. This file has no rules."""

import atexit
import logging
import os
import shutil
import sys
from contextlib import contextmanager
from tempfile import mkdtemp

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger as snakemake_logger

sys.path.insert(0, str(REPOSITORY / "workflow" / "scripts"))

from simmer.base.errors import SimmerError
from simmer.base.logs import OncePerCampaign
from simmer.config.campaign import parse_config
from simmer.config.layers import given_twice, replaced, without
from simmer.config.reading import read_mapping
from simmer.config.tickers import of_ticker, tickers_of
from simmer.ledger.address import RESULTS, shown_warnings_in
from simmer.training.compiled_code import compiled_code_environment
from simmer.training.environment import TRAINER_ENVIRONMENT

SHIPPED = REPOSITORY / "config" / "config.yaml"


@contextmanager
def shown_by_snakemake():
    """Pass the library's warnings to Snakemake's terminal and log, and show an error as its message alone."""

    def show(record):
        OncePerCampaign(shown_warnings_in(RESULTS)).filter(record)  # so that no job shows it again
        snakemake_logger.warning(record.getMessage())

    handler = logging.Handler(logging.WARNING)
    handler.emit = show
    library = logging.getLogger("simmer")
    library.addHandler(handler)
    try:
        yield
    except (SimmerError, OSError) as error:
        raise WorkflowError(str(error)) from None
    finally:
        library.removeHandler(handler)


def configuration_layers():
    """Return what is merged into the configuration, in order: files, then `--config`."""
    if workflow.modifier.skip_configfile:
        return []  # as a module, the workflow gets its configuration from another one
    settings = workflow.config_settings
    files = [] if settings.replace_workflow_config else [SHIPPED]
    with shown_by_snakemake():
        return [read_mapping(path) for path in (*files, *settings.configfiles)] + [settings.config]


def load_tickers(raw, layers):
    """Return the tickers of a campaign over several, or none, and the configuration as written for all of them.

    Of a split given in two ways, the one that does not count is null in `raw`, for the jobs too; and of several
    tickers it has the first, with the entries of all in `data`.
    """
    if RESULTS.exists() and not RESULTS.is_dir():
        raise WorkflowError(f"found a file named {RESULTS}; expected a folder: move the file away")
    raw.update(without(raw, replaced(layers)))
    if workflow.exec_mode.name == "DEFAULT":
        for line in given_twice(layers):
            snakemake_logger.warning(line)
    with shown_by_snakemake():
        tickers = tickers_of(raw)
        if len(tickers) < 2:
            return (), raw
        whole = dict(raw)
        if workflow.exec_mode.name == "DEFAULT":
            for ticker in tickers:
                parse_config(whole, ticker)
    first = of_ticker(whole, tickers[0], tickers=tickers)
    raw["dataset"] = first["dataset"]
    return tickers, whole


def load_campaign(raw):
    """Return the configuration as dataclasses, or stop with every problem listed."""
    with shown_by_snakemake():
        return parse_config(raw)


def prepare_environment():
    """Set the environment for the jobs to inherit; a user's own settings win."""
    values = TRAINER_ENVIRONMENT | compiled_code_environment()
    if not os.access(os.path.expanduser("~"), os.W_OK):
        # Otherwise each job would make a folder of its own and warn of it.
        values |= {"MPLCONFIGDIR": mkdtemp(prefix="simmer-matplotlib-")}
        atexit.register(shutil.rmtree, values["MPLCONFIGDIR"], ignore_errors=True)
    for name, value in values.items():
        os.environ.setdefault(name, value)
