"""simmer: parameter-scaling searches that resume after heat, sleep and power cuts.

snakemake --cores 1 results/hpo_20M.done
"""

from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")

# `workflow.basedir` is the folder of the file that Snakemake was started with, which may include this one.
REPOSITORY = Path(str(workflow.current_basedir))


include: "workflow/rules/surroundings.smk"


check_surroundings()


report: "workflow/report/workflow.rst"


include: "workflow/rules/campaign.smk"
include: "workflow/rules/common.smk"
include: "workflow/rules/terminal.smk"


quieten_terminal()
LAYERS = configuration_layers()


configfile: SHIPPED


TICKERS, WHOLE = load_tickers(config, LAYERS)
CAMPAIGN = load_campaign(config)

prepare_environment()
write_requests()


include: "workflow/rules/slots.smk"


wildcard_constraints:
    ticker=TICKER_PATTERN,
    stage=r"raw|processed",
    scale=r"[A-Za-z0-9]+",
    horizon=r"h\d+",
    trial=r"\d{3}",


rule all:
    default_target: True
    input:
        done=expand("results/hpo_{scale}.done", scale=CAMPAIGN.run_scales),
        hardware="results/hardware.parquet",
    message:
        "Finish: all requested files are written"


rule fetch:
    """Fetch every ticker from the vendor; the only target that uses the network."""
    input:
        expand("results/fetched/{ticker}.txt", ticker=tickers()),
    message:
        "Finish: all tickers are fetched"


include: "workflow/rules/data.smk"


if TICKERS:

    include: "workflow/rules/tickers.smk"

    rule report:
        """Write the report of each ticker, and one over all."""
        input:
            "results/summary.html",
        message:
            "Finish: all reports are written"

else:

    include: "workflow/rules/features.smk"
    include: "workflow/rules/verify.smk"
    include: "workflow/rules/preflight.smk"
    include: "workflow/rules/hpo.smk"
    include: "workflow/rules/hardware.smk"
    include: "workflow/rules/audit.smk"
    include: "workflow/rules/search_figures.smk"
    include: "workflow/rules/evidence.smk"


include: "workflow/rules/targets.smk"
include: "workflow/rules/start.smk"
include: "workflow/rules/freshness.smk"
include: "workflow/rules/stops.smk"


if IS_MAIN_RUN:
    remove_damaged_records()
    check_when_planned()


onstart:
    restore_ledger()
    set_back_future_times()
    forward_stops()
