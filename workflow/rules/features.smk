"""From validated bars to features, labels and splits.

Reads: data/raw/<TICKER>.csv, results/data_validation.json.
Writes: data/processed/<TICKER>_dataset_a25.parquet, results/dataset.json.
"""


rule build_features:
    """Compute the a25 table of one ticker: its bars and 20 indicators, warm-up rows dropped."""
    input:
        bars="data/raw/{ticker}.csv",
        resource="data/raw/{ticker}.resource.json",
        validation="results/data_validation.json",
    output:
        table="data/processed/{ticker}_dataset_a25.parquet",
        resource="data/processed/{ticker}_dataset_a25.resource.json",
    log:
        "results/logs/build_features/{ticker}.log",
    benchmark:
        "results/benchmarks/build_features/{ticker}.tsv"
    conda:
        "../envs/simmer.yaml"
    message:
        "Building the features of {wildcards.ticker}"
    script:
        "../scripts/build_features.py"


rule describe_dataset:
    """Form labels and splits for every horizon and record their sizes and base rates; refuse too few."""
    input:
        table=dataset_table("parquet"),
    output:
        summary="results/dataset.json",
    log:
        "results/logs/describe_dataset.log",
    benchmark:
        "results/benchmarks/describe_dataset.tsv"
    conda:
        "../envs/simmer.yaml"
    params:
        dataset=asdict(CAMPAIGN.dataset),
    message:
        "Describing labels and splits of {CAMPAIGN.dataset.ticker}"
    script:
        "../scripts/describe_dataset.py"
