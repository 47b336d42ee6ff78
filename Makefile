# Every target sets up .venv by itself, once.

PYTHON ?= python3
VENV   := .venv
READY  := $(VENV)/.ready
BIN    := $(VENV)/bin

DEMO_CONFIG  ?= config/demo.yaml
DEMO_TARGETS ?= results/hpo_2M.done results/hpo_20M.done
DEMO_FOLDER  ?= demo

.PHONY: setup demo test lint config-docs bench-jobs clean
.DEFAULT_GOAL := setup

setup: $(READY)

# torch comes first and alone, so that nothing else can pull another build of it.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "found Python " + sys.version.split()[0] + ", expected 3.11 or newer: run make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		$$($(BIN)/python -c 'import tomllib; t = tomllib.load(open("pyproject.toml", "rb")); print(*t["project"]["dependencies"], *t["dependency-groups"]["dev"])')
	@touch $(READY)

# The demo has a folder of its own, so that it is never taken for the campaign.
demo: $(READY)
	$(BIN)/snakemake --directory $(DEMO_FOLDER) --configfile $(DEMO_CONFIG) --cores 1 -- $(DEMO_TARGETS)
	@echo
	@cd $(DEMO_FOLDER) && cat $(DEMO_TARGETS)
	@echo
	@echo "Look into $(DEMO_FOLDER)/results/: hpo/<scale>/trials.csv, hpo/<scale>/best.json, dataset.json,"
	@echo "data_validation.txt, preflight/<scale>.txt, and one .json and .jsonl per trial in hpo/."
	@echo "A demo proves the chain and nothing else. The real campaign, resumable at any time:"
	@echo
	@echo "    $(BIN)/snakemake --cores 1 results/hpo_20M.done"

test: $(READY)
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint

config-docs: $(READY)
	PYTHONPATH=workflow/scripts $(BIN)/python -m simmer.config_docs workflow/schemas/config.schema.yaml config/config.yaml config/README.md

bench-jobs: $(READY)
	$(BIN)/python benchmarks/job_overhead.py

clean:
	rm -rf $(DEMO_FOLDER)
