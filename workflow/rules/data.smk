"""Raw bars: acquired once, listed in a manifest, validated before features are built from them.

Reads: a source named in the config; snapshots of what came from outside are kept in data/snapshots, which
Snakemake does not know and so never deletes. The request of each ticker is a file in .snakemake/requests, written
when the workflow is read and only if it changed: Snakemake forgets the parameters of a job that failed, and would
accept the old bars as its result.
Writes: data/raw/<TICKER>.csv, data/{raw,processed}/datapackage.json, results/data_validation.{json,txt};
when asked for, results/fetched/<TICKER>.{json,txt}.
"""


rule fetch_data:
    """Fetch one ticker's whole history from the vendor and keep it as a snapshot; runs only when asked for."""
    output:
        changes="results/fetched/{ticker}.json",
        table="results/fetched/{ticker}.txt",
    log:
        "results/logs/fetch_data/{ticker}.log",
    benchmark:
        "results/benchmarks/fetch_data/{ticker}.tsv"
    conda:
        "../envs/simmer.yaml"
    resources:
        network=1,
    params:
        snapshots=SNAPSHOTS,
        ticker=ticker_settings,
        end=CAMPAIGN.data.end,
    message:
        "Fetch {wildcards.ticker} from the vendor"
    script:
        "../scripts/fetch_data.py"


rule acquire_data:
    """Take one ticker's bars from their source and describe them with their SHA-256."""
    input:
        request=".snakemake/requests/{ticker}.json",
    output:
        bars="data/raw/{ticker}.csv",
        resource="data/raw/{ticker}.resource.json",
    log:
        "results/logs/acquire_data/{ticker}.log",
    benchmark:
        "results/benchmarks/acquire_data/{ticker}.tsv"
    conda:
        "../envs/simmer.yaml"
    params:
        snapshots=SNAPSHOTS,
    message:
        "Acquire the bars of {wildcards.ticker}"
    script:
        "../scripts/acquire_data.py"


rule write_manifest:
    """Gather the resource entries of one stage into its Data Package manifest."""
    input:
        resources=resources_of_stage,
        requests=requests_of_stage,
    output:
        manifest="data/{stage}/datapackage.json",
    log:
        "results/logs/write_manifest/{stage}.log",
    benchmark:
        "results/benchmarks/write_manifest/{stage}.tsv"
    conda:
        "../envs/simmer.yaml"
    message:
        "Write the manifest of the {wildcards.stage} data"
    script:
        "../scripts/write_manifest.py"


rule validate_manifest:
    """Check every raw file against the manifest and the rules of daily bars; list all problems at once."""
    input:
        manifest="data/raw/datapackage.json",
        bars=expand("data/raw/{ticker}.csv", ticker=tickers()),
    output:
        report="results/data_validation.json",
        table=report(
            "results/data_validation.txt", caption="../report/data_validation.rst", category="3 Data"
        ),
    log:
        "results/logs/validate_manifest.log",
    benchmark:
        "results/benchmarks/validate_manifest.tsv"
    conda:
        "../envs/simmer.yaml"
    params:
        kinds=CAMPAIGN.data.kinds(),
        calendar=CAMPAIGN.data.calendar,
    message:
        "Validate the raw bars against their manifest"
    script:
        "../scripts/validate_manifest.py"
