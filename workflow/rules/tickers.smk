"""A campaign over several tickers: each has a campaign of its own, run by a job of this one, in tickers/<TICKER>.

Their folders have the layout of this one, `results` and `data` included. First the bars of all tickers are validated,
several at a time; then the tickers are searched one after another, each with all cores. A ticker whose bars are
refused stops no other. This campaign joins what they publish.

Reads: tickers/<TICKER>/results.
Writes: tickers/<TICKER>, results/hpo_<scale>.done, results/hpo/<scale>/{trials.csv,best.json},
results/hardware.parquet, results/summary.{html,md,csv}.
"""

import os
import re
import sys

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger as snakemake_logger

from simmer.config.tickers import CONFIGURATION, as_file, folder_of, of_ticker
from simmer.data.snapshots import SHARED, is_shared
from simmer.status.own_files import news_of_files

# Limits of `--resources` that hold in the campaign of a ticker, too.
SHARED_LIMITS = ("accelerator", "network", "mem_mb")


def of_each(path):
    """Return a path below the results of each ticker."""
    return [str(folder_of(ticker) / RESULTS / path) for ticker in TICKERS]


def write_tickers(*, changed):
    """Make the folder of each ticker, with its configuration; snapshots are shared by all.

    A configuration that is there is written only if it has changed and `changed` is True: a dry run, and a run that is
    refused, must not change what a running campaign goes on with.
    """
    with shown_by_snakemake():
        Path(SNAPSHOTS).mkdir(parents=True, exist_ok=True)
        for ticker in TICKERS:
            folder = folder_of(ticker)
            path = folder / CONFIGURATION
            content = as_file(
                of_ticker(WHOLE, ticker, tickers=TICKERS, together=len(tickers_together())), ticker
            ).encode()
            if not path.exists() or (changed and path.read_bytes() != content):
                write_bytes(path, content)
            link = folder / SNAPSHOTS
            if not os.path.lexists(link):
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(SHARED, target_is_directory=True)
            elif not is_shared(link):
                raise WorkflowError(f"found {link}, expected a link to {SHARED}: move it away")


def start_tickers():
    """Let a ticker that fails stop no other, and copy what was searched before one of them was one of several."""
    workflow.execution_settings.keep_going = True
    if workflow.dryrun:
        return
    write_tickers(changed=True)
    for ticker in TICKERS:
        adopt(ticker, RESULTS, folder_of(ticker) / RESULTS)
    for line in news_of_files(CAMPAIGN, Path("data"), searched=TICKERS):
        snakemake_logger.warning(line)


def requests_of_ticker(wildcards):
    """Return the requests of the bars that a ticker's campaign uses."""
    own = of_ticker(WHOLE, wildcards.ticker, tickers=TICKERS)
    return [str(REQUESTS / f"{entry['ticker']}.json") for entry in own["data"]["tickers"]]


def order_of_ticker(wildcards):
    """Return the rank of a search: by scale, then by ticker."""
    return priority_of(wildcards.scale) - TICKERS.index(wildcards.ticker)


def snakemake_of_ticker():
    """Return the words that run the campaign of one ticker, but for its folder, cores and targets."""
    words = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile")]
    words += ["--replace-workflow-config"]  # the file of a ticker is complete
    limits = {name: limit.value for name, limit in workflow.global_resources.items() if name in SHARED_LIMITS}
    return words + (["--resources", *(f"{name}={value}" for name, value in limits.items())] if limits else [])


if workflow.exec_mode.name == "DEFAULT":
    write_tickers(changed=False)


wildcard_constraints:
    ticker="|".join(map(re.escape, TICKERS)),


rule ticker_data:
    """Validate the bars of one ticker and describe its labels and splits, in the ticker's own folder."""
    input:
        configuration="tickers/{ticker}/config.yaml",
        requests=requests_of_ticker,
    output:
        dataset="tickers/{ticker}/results/dataset.json",
    log:
        "results/logs/ticker_data/{ticker}.log",
    benchmark:
        "results/benchmarks/ticker_data/{ticker}.tsv"
    priority: BEFORE_TRIALS
    conda:
        "../envs/simmer.yaml"
    params:
        command=snakemake_of_ticker(),
    message:
        "Validate the bars of {wildcards.ticker}"
    script:
        "../scripts/ticker_data.py"


rule ticker_search:
    """Search one scale of one ticker in the ticker's own folder, with all cores; a stop there stops all."""
    input:
        configuration="tickers/{ticker}/config.yaml",
        dataset="tickers/{ticker}/results/dataset.json",
    output:
        done="tickers/{ticker}/results/hpo_{scale}.done",
        table="tickers/{ticker}/results/hpo/{scale}/trials.csv",
        best="tickers/{ticker}/results/hpo/{scale}/best.json",
    log:
        "results/logs/ticker_search/{ticker}_{scale}.log",
    benchmark:
        "results/benchmarks/ticker_search/{ticker}_{scale}.tsv"
    wildcard_constraints:
        scale="|".join(CAMPAIGN.scales),
    priority: order_of_ticker
    conda:
        "../envs/simmer.yaml"
    threads: workflow.cores
    params:
        command=snakemake_of_ticker(),
    message:
        "Search {wildcards.scale} for {wildcards.ticker}"
    script:
        "../scripts/ticker_search.py"


rule ticker_report:
    """Train the refits of one ticker, score them on its test split and write its report, in its own folder."""
    input:
        configuration="tickers/{ticker}/config.yaml",
        searches=expand("tickers/{{ticker}}/results/hpo_{scale}.done", scale=CAMPAIGN.run_scales),
    output:
        evidence="tickers/{ticker}/results/evidence.json",
        page="tickers/{ticker}/results/summary.html",
    log:
        "results/logs/ticker_report/{ticker}.log",
    benchmark:
        "results/benchmarks/ticker_report/{ticker}.tsv"
    conda:
        "../envs/simmer.yaml"
    threads: workflow.cores
    params:
        command=snakemake_of_ticker(),
        # As in the rules of the audit and of the evidence, which run again when it changes.
        code=reached_digest("leakage_controls.py", "leakage_audit.py", "evidence.py"),
    message:
        "Write the report of {wildcards.ticker}"
    script:
        "../scripts/ticker_report.py"


rule tickers_done:
    """Join the tables of all tickers at one scale."""
    input:
        done=of_each("hpo_{scale}.done"),
        tables=of_each("hpo/{scale}/trials.csv"),
        best=of_each("hpo/{scale}/best.json"),
    output:
        done="results/hpo_{scale}.done",
        table="results/hpo/{scale}/trials.csv",
        best="results/hpo/{scale}/best.json",
    log:
        "results/logs/tickers_done/{scale}.log",
    benchmark:
        "results/benchmarks/tickers_done/{scale}.tsv"
    wildcard_constraints:
        scale="|".join(CAMPAIGN.scales),
    priority: BEFORE_TRIALS
    conda:
        "../envs/simmer.yaml"
    params:
        tickers=list(TICKERS),
    message:
        "Join the tables of all tickers at {wildcards.scale}"
    script:
        "../scripts/tickers_done.py"


rule tickers_hardware:
    """Gather the hardware samples of the trials of all tickers into one table."""
    input:
        searches=[path for scale in CAMPAIGN.run_scales for path in of_each(f"hpo_{scale}.done")],
    output:
        table="results/hardware.parquet",
    log:
        "results/logs/tickers_hardware.log",
    benchmark:
        "results/benchmarks/tickers_hardware.tsv"
    priority: BEFORE_TRIALS
    conda:
        "../envs/simmer.yaml"
    params:
        folders={ticker: str(folder_of(ticker) / RESULTS) for ticker in TICKERS},
        scales=list(CAMPAIGN.run_scales),
    message:
        "Gather the hardware samples of all tickers"
    script:
        "../scripts/tickers_hardware.py"


rule tickers_report:
    """Write one report over all tickers: results/summary.{html,md,csv}."""
    input:
        evidence=of_each("evidence.json"),
    output:
        page=report(
            "results/summary.html",
            caption="../report/summary.rst",
            category="1 Answer",
            labels={"what": "THE WHOLE REPORT"},
        ),
        markdown="results/summary.md",
        table=report(
            "results/summary.csv",
            caption="../report/summary.rst",
            category="1 Answer",
            labels={"what": "all scores, a table"},
        ),
    log:
        "results/logs/tickers_report.log",
    benchmark:
        "results/benchmarks/tickers_report.tsv"
    conda:
        "../envs/simmer.yaml"
    params:
        tickers=list(TICKERS),
        campaign=CAMPAIGN.campaign,
    message:
        "Write the report over all tickers"
    script:
        "../scripts/tickers_report.py"
