.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Must not meet ours: the frameworks ask for other versions of the same packages.
BENCH_VENV := .venv-bench

# The environments are stamped with the lock files that made them.
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development
BENCH := $(BENCH_VENV)/.bench

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: up
up: $(RUNTIME) ## Start everything on this machine, with the simulated province
	@exec $(BIN)/ioc up

$(RUNTIME): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed, this is %d.%d: try make PYTHON=python3.12 ..." % v)'
	@test -x $(BIN)/python || { echo "making the environment in $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "installing (about a minute the first time)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(DEVELOPMENT): requirements-dev.lock $(RUNTIME)
	@echo "installing what the tests need"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

.PHONY: test
test: check ## Run every test that this machine can (all of them with CI=true)
	$(BIN)/pytest -n 3 --dist loadfile

.PHONY: test-unit
test-unit: $(DEVELOPMENT) ## Run the pure tests
	$(BIN)/pytest tests/unit

.PHONY: check
check: $(DEVELOPMENT) ## Format, lint, types, imports; changes nothing
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

.PHONY: fix
fix: $(DEVELOPMENT) ## Format, and mend what can be mended
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

.PHONY: bench
bench: $(DEVELOPMENT) $(BENCH) ## Measure the drain rate beside other frameworks; writes build/bench.json
	$(BIN)/python -m tests.benchmarks.drain

.PHONY: bench-live
bench-live: $(DEVELOPMENT) ## Measure live views beside nginx with nchan, and latency; writes build/bench-live.json
	$(BIN)/python -m tests.benchmarks.live

.PHONY: bench-growth
bench-growth: $(DEVELOPMENT) ## Measure that answers and memory do not grow with what is stored; takes 20 GB of disk
	$(BIN)/python -m tests.benchmarks.growth
	$(BIN)/python -m tests.benchmarks.growth_memory

.PHONY: bench-alarms
bench-alarms: $(DEVELOPMENT) ## Measure pages, acknowledging and coming back with 50,000 open alarms; writes build/bench-alarms.json
	$(BIN)/python -m tests.benchmarks.alarms

.PHONY: bench-flood
bench-flood: $(DEVELOPMENT) ## Measure a thousand alarms in a minute; writes build/bench-flood.json
	$(BIN)/python -m tests.benchmarks.flood

.PHONY: bench-screens
bench-screens: $(DEVELOPMENT) ## Measure the console with 50,000 alarms and 60,000 devices; writes build/bench-screens.json and -map.json
	$(BIN)/python -m tests.benchmarks.screens
	$(BIN)/python -m tests.benchmarks.screens_map

.PHONY: soak
soak: $(DEVELOPMENT) ## Keep a wall open for eight hours in forty minutes, then pull the cable for five minutes; writes build/soak.json
	$(BIN)/python -m tests.benchmarks.soak
	$(BIN)/python -m tests.benchmarks.outage

.PHONY: bench-rules
bench-rules: $(DEVELOPMENT) ## Measure what 2,000 rules cost an event beside 10
	$(BIN)/python -m tests.benchmarks.rules

# Without the resolver: the lock file is whole, and takes our pydantic though Quix Streams does not ask for it.
$(BENCH): requirements-bench.lock
	@echo "installing the frameworks that we compare with, in $(BENCH_VENV)"
	@test -x $(BENCH_VENV)/bin/python || $(PYTHON) -m venv $(BENCH_VENV)
	@echo '*' > $(BENCH_VENV)/.gitignore
	@$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-bench.lock
	@touch $@

.PHONY: chaos
chaos: $(DEVELOPMENT) ## Kill everything under load, and compare every row; writes build/chaos.json
	$(BIN)/python -m tests.acceptance.chaos

.PHONY: docs
docs: $(DEVELOPMENT) ## Write the tables of the docs anew, from the code
	$(BIN)/python -m tests.docs_tables

.PHONY: vendor
vendor: $(DEVELOPMENT) ## Compare the parts of others with their registry; PART=uplot VERSION=… takes another
	$(BIN)/python -m tests.vendored $(PART) $(VERSION)

.PHONY: screenshots
screenshots: $(DEVELOPMENT) ## Take the pictures of the README anew, from the simulated province (minutes)
	$(BIN)/python -m tests.screenshots

.PHONY: lock
lock: ## Pin current versions (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --upgrade --quiet \
		--extra embedded --group build -o requirements.lock pyproject.toml
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
		--extra embedded --group build --group dev -c requirements.lock -o requirements-dev.lock pyproject.toml
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
		--extra embedded --group build --group bench -c requirements.lock -o requirements-bench.lock pyproject.toml

.PHONY: clean
clean: ## Remove environments, caches and builds; the state in .ioc stays
	rm -rf $(VENV) $(BENCH_VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis
