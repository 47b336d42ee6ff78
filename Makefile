# Every target sets up .venv by itself, once.

PYTHON ?= python3
VENV   := .venv
READY  := $(VENV)/.ready
BIN    := $(VENV)/bin

DEMO_CONFIG  ?= config/demo.yaml
DEMO_TARGETS ?= results/hpo_2M.done results/hpo_20M.done results/hardware.parquet
DEMO_FOLDER  ?= demo

CONFIG ?=
FOLDER ?= .
DATA   ?= data

RESULTS        ?= $(if $(filter-out .,$(FOLDER)),$(FOLDER)/,)results
DASHBOARD_PORT ?= 8080
WATCH_SECONDS  ?= 5

.PHONY: setup demo smoke-2B new-config check fetch register verify report predict plan status watch doctor studies dashboard dashboard-export test test-long storm lint config-docs clean
.DEFAULT_GOAL := setup

setup: $(READY)

# torch comes first and alone, so that nothing else can pull another build of it.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "found Python " + sys.version.split()[0] + ", expected 3.11 or newer: run make PYTHON=/path/to/python3.11")'
	@echo "Installing the packages into $(VENV), once: several GB, some minutes."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		$$($(BIN)/python -c 'import tomllib; t = tomllib.load(open("pyproject.toml", "rb")); print(*t["project"]["dependencies"], *t["dependency-groups"]["dev"])')
	@touch $(READY)

# The configuration of the last run is used, unless CONFIG names another. FOLDER=demo for the demo's.
OVERLAY = $(if $(CONFIG),--overlay "$(CONFIG)")
BEGIN   = --begin "$(BIN)/snakemake --cores 1"
SIMMER  = PYTHONPATH=workflow/scripts $(BIN)/python -m simmer

# Snakemake reads the file first and prints a traceback for some mistakes, such as a date that does not exist.
CHECK = @$(SIMMER).config.reading

# The demo has a separate folder and is never mixed with the campaign.
demo: $(READY)
	$(CHECK) "$(DEMO_CONFIG)"
	$(BIN)/snakemake --directory "$(DEMO_FOLDER)" --configfile "$(DEMO_CONFIG)" --cores 1 -- $(DEMO_TARGETS)
	@echo
	@cd "$(DEMO_FOLDER)" && cat $(filter %.done,$(DEMO_TARGETS)) < /dev/null
	@echo
	@echo "Look into $(DEMO_FOLDER)/results/: hpo/<scale>/trials.csv, hpo/<scale>/best.json and figures/."
	@echo "The demo tests the chain; its trials are too few for a conclusion. Run the campaign, resumable at any time:"
	@echo
	@echo "    $(BIN)/snakemake --cores 1 results/hpo_20M.done"

# A few optimizer steps of two billion parameters, within 24 GiB and without an accelerator.
smoke-2B: $(READY)
	$(BIN)/snakemake --directory smoke-2B --configfile config/smoke-2B.yaml --cores 1 -- results/hpo_2B.done
	@cat smoke-2B/results/hpo_2B.done

# A commented configuration: make new-config [TO=mine.yaml] [TICKER=SPY] [FILE="/path/to/SPY.csv"]
# READ="date_format: '%d/%m/%Y'" says how an ambiguous file is read, here and with make register.
TO ?= mine.yaml

new-config: $(READY)
	@$(SIMMER).commands.new_config "$(TO)" $(if $(TICKER),--ticker "$(TICKER)") $(if $(FILE),--file "$(FILE)") $(if $(READ),--read "$(READ)") $(BEGIN)

# Check a configuration, its files, labels and splits, and this machine, in seconds; writes nothing. FOLDER=demo
# for a campaign that runs there.
check: $(READY)
	@$(SIMMER).commands.check $(OVERLAY) --folder "$(FOLDER)" $(BEGIN)

# Uses the network, for the source yahoo only; snapshots that were fetched before stay unchanged.
fetch: $(READY)
	$(CHECK) "$(or $(CONFIG),config/config.yaml)"
	$(BIN)/snakemake --cores 1 --configfile "$(or $(CONFIG),config/config.yaml)" --forcerun fetch_data -- fetch

# make register FILE=SPY.csv TICKER=SPY [KIND=etf|stock|index|crypto|currency|no_volume_index] [CALENDAR=XNYS]
# [READ="order: newest_first"]
register: $(READY)
	@$(SIMMER).commands.register "$(FILE)" "$(TICKER)" $(if $(KIND),--kind "$(KIND)") $(if $(CALENDAR),--calendar "$(CALENDAR)") $(if $(READ),--read "$(READ)") --snapshots "$(DATA)/snapshots" --results "$(RESULTS)" $(OVERLAY)

# DATA=demo/data for the demo's.
verify: $(READY)
	@$(SIMMER).commands.verify "$(DATA)"

# Train the refits, score them on the test split, write results/summary.{html,md,csv} and results/report.html.
# SEARCH=yes trains missing trials first.
report: $(READY)
	@$(SIMMER).commands.report "$(RESULTS)" $(OVERLAY) $(BEGIN) $(if $(filter-out no NO No 0,$(SEARCH)),--search)

# Ask the saved models about the newest complete bar, of FILE=newer.csv or else of the campaign. SCALE=2M and
# HORIZON=1 choose a model; with features of the VIX, VIX_FILE=newer_vix.csv.
predict: $(READY)
	@$(SIMMER).commands.predict "$(RESULTS)" $(OVERLAY) $(if $(FILE),--file "$(FILE)") $(if $(VIX_FILE),--vix-file "$(VIX_FILE)") $(if $(SCALE),--scale "$(SCALE)") $(if $(HORIZON),--horizon "$(HORIZON)")

# What the next run would do: new and known studies, trials to train, hours, what changed since the last run.
plan: $(READY)
	@$(SIMMER).commands.plan "$(RESULTS)" $(OVERLAY) $(BEGIN)

# Show the progress of the campaign, from its files alone.
status: $(READY)
	@$(SIMMER).status "$(RESULTS)" $(OVERLAY) $(BEGIN)

watch: $(READY)
	@$(SIMMER).status "$(RESULTS)" $(OVERLAY) $(BEGIN) --watch $(WATCH_SECONDS)

# What is whole, damaged or left over in a results folder; FIX=yes restores what has a whole copy.
doctor: $(READY)
	@$(SIMMER).doctor "$(RESULTS)" $(OVERLAY) $(BEGIN) --notes .snakemake $(if $(filter-out no NO No 0,$(FIX)),--fix)

# Every study in the ledger. EXPORT=trials.parquet (or .csv) writes all trials as one table for a notebook;
# FORGET=<id> moves a study aside, after asking for its name.
studies: $(READY)
	@$(SIMMER).commands.studies "$(RESULTS)" $(if $(EXPORT),--export "$(EXPORT)") $(if $(FORGET),--forget "$(FORGET)") $(if $(CONFIRM),--confirm "$(CONFIRM)")

# During a campaign or after it; FOLDER=demo shows the demo. It shows the trials of this moment.
# A running server would continue in the middle of a line of the new file, so it must be ended first.
dashboard: $(READY) .venv-dashboard/.ready
	@$(BIN)/python -c 'import socket, sys; sys.exit(socket.socket().connect_ex(("127.0.0.1", $(DASHBOARD_PORT))) == 0 and "found port $(DASHBOARD_PORT) in use, expected it to be free: end the dashboard that runs there (Ctrl-C) and run this again; to show another search at the same time, run make dashboard DASHBOARD_PORT=8081 FOLDER=demo")'
	@$(MAKE) --no-print-directory dashboard-export
	@echo "The search as it is now: http://127.0.0.1:$(DASHBOARD_PORT)/ (Ctrl-C ends it; run it again for newer trials)"
	.venv-dashboard/bin/optuna-dashboard --host 127.0.0.1 --port $(DASHBOARD_PORT) "$(RESULTS)/dashboard.journal"

dashboard-export: $(READY)
	$(SIMMER).commands.dashboard "$(RESULTS)/ledger" "$(RESULTS)/dashboard.journal"

# A web server does not belong into the environment that computes.
.venv-dashboard/.ready: dashboard-requirements.txt constraints.txt
	$(PYTHON) -m venv .venv-dashboard
	.venv-dashboard/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r dashboard-requirements.txt
	@touch .venv-dashboard/.ready

# What to run before each commit. One worker per core, in random order; one test: make test TEST_ARGS=tests/model
TEST_ARGS ?= -n auto --maxprocesses 8 --dist loadscope --no-loadscope-reorder

test: $(READY)
	$(BIN)/python -m pytest $(TEST_ARGS)

# Whole campaigns killed, resumed and reported; statistics by thousands of draws; random inputs, many more.
test-long: $(READY)
	$(BIN)/python -m pytest -m "long or hypothesis" --hypothesis-profile long $(TEST_ARGS)

# Random kills, damage and hardships for MINUTES; repeat it, the tally of all batches is in storm/tally.jsonl.
MINUTES ?= 30
storm: $(READY)
	$(BIN)/python tests/storm storm --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint

config-docs: $(READY)
	PYTHONPATH=workflow/scripts $(BIN)/python -m simmer.config.docs config/config.yaml config/README.md

# Each benchmark in full; BENCH_ARGS=--short runs the same code with the smallest sizes and without peers.
# `bench-search` replays in minutes, then trains for hours, resumed by the same line; BENCH_ARGS=--replay-only
# leaves the training out. `bench-recipe` and `bench-campaign` train for hours, too, resumed by the same line;
# `bench-recipe` prints what is finished with BENCH_ARGS=--tables.
BENCHES := campaign closed-loop false-laws features heat jobs memory numerics recipe search speed
PEERS   := $(if $(findstring --short,$(BENCH_ARGS)),,.venv-bench/.ready)

.PHONY: bench-short $(BENCHES:%=bench-%)
$(BENCHES:%=bench-%): bench-%: $(READY)
	$(BIN)/python benchmarks/$(subst -,_,$*).py $(BENCH_ARGS)

bench-speed: $(PEERS)

bench-short: $(READY)
	$(MAKE) --no-print-directory --jobs=1 $(BENCHES:%=bench-%) BENCH_ARGS=--short

# Peers to compare with; nothing of the product is installed here, and nothing of this into the product.
.venv-bench/.ready: benchmarks/requirements.txt benchmarks/constraints.txt constraints.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch==2.13.0
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	@touch .venv-bench/.ready

clean:
	rm -rf "$(DEMO_FOLDER)" smoke-2B
