# AutoML Lite. `make help` lists what can be done; everything needs only Python ≥ 3.11 and make.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
# The first interpreter that is new enough; `make PYTHON=/path/to/python` overrides.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1 && { echo $$p; break; }; done)
RUNTIME := requirements/api.txt requirements/training.txt requirements/build.txt
MEMBERS := core backend training cli
ARGS ?=

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

# A stamp a set of requirements: a second run has nothing to do. Hashes are checked, and
# --no-deps makes sure that nothing comes in which is not pinned.
$(VENV)/.runtime: $(RUNTIME) $(MEMBERS:%=%/pyproject.toml)
	@test -n "$(PYTHON)" || { echo "AutoML Lite needs Python 3.11, 3.12 or 3.13; none was found. Install one, or say make PYTHON=/path/to/python." >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps $(RUNTIME:%=-r %)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps $(MEMBERS:%=-e ./%)
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	@touch $@

.PHONY: setup
setup: $(VENV)/.runtime ## Make .venv with the automl command in it

.PHONY: demo
demo: setup ## Upload, train, deploy, predict on real data; then serve (ARGS=--exit stops after the prediction)
	@$(BIN)/automl demo $(ARGS)

.PHONY: up
up: setup ## Start the embedded platform (ARGS="--port 8000 --data-dir DIR")
	@$(BIN)/automl up $(ARGS)

.PHONY: test
test: $(VENV)/.dev ## Run every test suite this machine can run, and name those it cannot
	@rm -f .coverage .coverage.*
	$(BIN)/python -m pytest -n 2 --dist worksteal --doctest-modules --cov --cov-report= $(ARGS)
	$(BIN)/python tests/coverage_floors.py

.PHONY: check
check: $(VENV)/.dev ## Format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

.PHONY: openapi
openapi: setup ## Write the API's contract to frontend/openapi.json
	$(BIN)/python -m automl_backend.openapi frontend/openapi.json

.PHONY: bench
bench: setup ## Measure: every data set of DATA (a folder with datasets.json), and the latency of a prediction
	$(BIN)/python benchmarks/predict_latency.py
	$(BIN)/python benchmarks/train_sets.py $(if $(DATA),--data $(DATA)) $(ARGS)

COMPILE := ../$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header

.PHONY: lock
lock: $(VENV)/.dev ## Pin the requirements, with hashes and without addresses (ARGS=--upgrade raises them)
	cd requirements && for name in dev api inference training build lambda-api lambda-events; do \
		$(COMPILE) --python-version 3.11 $(ARGS) $$([ $$name = dev ] || echo "-c dev.txt") $$name.in -o $$name.txt; done
	cd requirements && for name in emulator checks; do \
		$(COMPILE) --python-version 3.13 $(ARGS) $$name.in -o $$name.txt; done

.PHONY: clean
clean: ## Remove what set-up and tests made (no data of the platform)
	rm -rf $(VENV) .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info */*.egg-info */build
