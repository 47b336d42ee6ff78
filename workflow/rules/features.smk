"""From validated bars to features, labels and splits.

The table `a25` has the 25 feature columns computed from the ticker's own bars (5 of bars and 20 indicators), the
table `a33` these and eight of volatility; the tables `c` and `c41` add the eight of the VIX to them. A configuration
has one of the first two and, with the VIX, one of the last two. Of a ticker without volume they have four columns
less and are `a21`, `a29`, `c29` and `c37`.

Reads: data/raw/<TICKER>.csv, results/data_validation.json.
Writes: data/processed/<TICKER>_dataset_{a25,a33,c,c41,a21,a29,c29,c37}.parquet, data/processed/VIX_features.parquet,
results/dataset.json, results/data_dictionary.{csv,md}.
"""

import re

for volume, named in own_tables():
    if not named:
        continue

    rule:
        """Compute the table of one ticker's own features from its bars, warm-up rows dropped."""
        name:
            "build_features" if volume else "build_features_without_volume"
        input:
            bars="data/raw/{ticker}.csv",
            resource="data/raw/{ticker}.resource.json",
            validation="results/data_validation.json",
        output:
            table=f"data/processed/{CAMPAIGN.dataset.own_table('{ticker}', volume=volume)}.parquet",
            resource=f"data/processed/{CAMPAIGN.dataset.own_table('{ticker}', volume=volume)}.resource.json",
        log:
            "results/logs/build_features/{ticker}.log",
        benchmark:
            "results/benchmarks/build_features/{ticker}.tsv"
        wildcard_constraints:
            ticker="|".join(map(re.escape, named)),
        conda:
            "../envs/simmer.yaml"
        message:
            "Build the features of {wildcards.ticker}"
        script:
            "../scripts/build_features.py"


rule build_vix_features:
    """Compute eight features of an index without volume (the VIX), on the sessions of the calendar."""
    input:
        bars="data/raw/{ticker}.csv",
        resource="data/raw/{ticker}.resource.json",
        validation="results/data_validation.json",
    output:
        table="data/processed/{ticker}_features.parquet",
        resource="data/processed/{ticker}_features.resource.json",
    log:
        "results/logs/build_vix_features/{ticker}.log",
    benchmark:
        "results/benchmarks/build_vix_features/{ticker}.tsv"
    conda:
        "../envs/simmer.yaml"
    params:
        calendar=calendar_of_ticker,
    message:
        "Build the features of {wildcards.ticker}"
    script:
        "../scripts/build_vix_features.py"


rule combine_features:
    """Compute the c or c41 table of one ticker: its own columns and those of the VIX on the ticker's days."""
    input:
        bars="data/raw/{ticker}.csv",
        resource="data/raw/{ticker}.resource.json",
        vix_bars=f"data/raw/{VIX_TICKER}.csv",
        vix_resource=f"data/raw/{VIX_TICKER}.resource.json",
        validation="results/data_validation.json",
    output:
        table=f"data/processed/{CAMPAIGN.dataset.combined_table('{ticker}')}.parquet",
        resource=f"data/processed/{CAMPAIGN.dataset.combined_table('{ticker}')}.resource.json",
    log:
        "results/logs/combine_features/{ticker}.log",
    benchmark:
        "results/benchmarks/combine_features/{ticker}.tsv"
    conda:
        "../envs/simmer.yaml"
    message:
        "Add the VIX's features to those of {wildcards.ticker}"
    script:
        "../scripts/combine_features.py"


rule data_dictionary:
    """Describe each column of the built tables: definition, unit, first valid row and range of values."""
    input:
        tables=tables_of_stage("processed", "parquet"),
        resources=tables_of_stage("processed", "resource.json"),
    output:
        page="results/data_dictionary.md",
        table="results/data_dictionary.csv",
    log:
        "results/logs/data_dictionary.log",
    benchmark:
        "results/benchmarks/data_dictionary.tsv"
    conda:
        "../envs/simmer.yaml"
    message:
        "Describe every column of the built tables"
    script:
        "../scripts/data_dictionary.py"


rule describe_dataset:
    """Form labels and splits for every horizon and record their sizes and base rates; refuse too few."""
    input:
        tables=dataset_tables("parquet"),
    output:
        summary="results/dataset.json",
    log:
        "results/logs/describe_dataset.log",
    benchmark:
        "results/benchmarks/describe_dataset.tsv"
    conda:
        "../envs/simmer.yaml"
    params:
        dataset=CAMPAIGN.dataset.meaning(),
    message:
        f"Describe labels and splits of {CAMPAIGN.dataset.ticker}"
    script:
        "../scripts/describe_dataset.py"
