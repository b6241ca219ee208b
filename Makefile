# AutoML Lite. `make help` lists what can be done; everything needs only Python ≥ 3.11, Node ≥ 20.19 and make.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
# The first interpreter that is new enough; `make PYTHON=/path/to/python` overrides.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1 && { echo $$p; break; }; done)
# Lambda's own version: builds the packages and runs them in the emulator.
PYTHON313 ?= $(shell for p in python3.13 $${PYENV_ROOT:-$$HOME/.pyenv}/versions/3.13.*/bin/python; do \
	$$p -c 'import sys; raise SystemExit(sys.version_info[:2] != (3, 13))' >/dev/null 2>&1 && { echo $$p; break; }; done)
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

# The web app. npm brings its package manager, and that the rest: both check hashes, and
# neither's lock file holds an address. Without Node the platform runs without its web app.
NODE := $(shell node -e 'const [major, minor] = process.versions.node.split("."); if (+major > 20 || (+major === 20 && +minor >= 19)) console.log("node")' 2>/dev/null)
PNPM := cd frontend && tools/node_modules/.bin/pnpm
WEB_SOURCES := $(shell find frontend/src frontend/public -type f) $(wildcard frontend/*.json frontend/*.ts frontend/*.html frontend/scripts/*)

frontend/tools/node_modules/.done: frontend/tools/package-lock.json
	cd frontend/tools && npm ci --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

frontend/node_modules/.done: frontend/tools/node_modules/.done frontend/pnpm-lock.yaml frontend/package.json
	$(PNPM) install --frozen-lockfile --silent
	@touch $@

frontend/dist/index.html: frontend/node_modules/.done $(WEB_SOURCES)
	$(PNPM) exec vite build --logLevel warn

.PHONY: site
site: ## Build the web app into frontend/dist
	@test -n "$(NODE)" || { echo "The web app is built with Node 20.19 or newer; none was found. Install one." >&2; exit 1; }
	@$(MAKE) --no-print-directory frontend/dist/index.html

.PHONY: web
web: ## Build the web app if Node is here, else say what is missing
	@if test -n "$(NODE)"; then $(MAKE) --no-print-directory frontend/dist/index.html; else \
		echo "left out: the web app needs Node 20.19 or newer; the platform answers its API all the same" >&2; fi

.PHONY: test-web
test-web: $(VENV)/.dev site ## Check and test the web app: format, types, contract, units, sizes, and a real browser
	$(PNPM) exec biome check --error-on-warnings .
	$(PNPM) exec openapi-typescript openapi.json -o node_modules/.schema.d.ts >/dev/null && diff node_modules/.schema.d.ts src/api/schema.d.ts || { echo "The web app's types are not those of openapi.json; run make openapi." >&2; exit 1; }
	$(PNPM) exec tsc --noEmit
	$(PNPM) exec vitest run --reporter=dot
	$(PNPM) exec node scripts/check-size.mjs
	$(BIN)/python -m pytest -q -m web tests/web

.PHONY: demo
demo: setup web ## Upload, train, deploy, predict on real data; then serve (ARGS=--exit stops after the prediction)
	@$(BIN)/automl demo $(ARGS)

.PHONY: up
up: setup web ## Start the embedded platform (ARGS="--port 8000 --data-dir DIR")
	@$(BIN)/automl up $(ARGS)

# The deep report's profiler wants older libraries than ours: an environment of its own, of
# 800 MB. Not compiled beforehand, which would double the time for a part that is not used.
DEEP := .venv-deep

$(DEEP)/.done: requirements/deep.txt
	@test -n "$(PYTHON)" || { echo "The deep report needs Python 3.11, 3.12 or 3.13; none was found. Install one, or say make deep PYTHON=/path/to/python." >&2; exit 1; }
	test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --no-deps --only-binary :all: -r $<
	@touch $@

.PHONY: deep
deep: $(DEEP)/.done ## Make .venv-deep, whose profiler writes the deep report of jobs that ask for one

.PHONY: test
test: $(VENV)/.dev $(DEEP)/.done ## Run every test suite this machine can run, and name those it cannot
	@if test -n "$(NODE)"; then $(MAKE) --no-print-directory test-web; else \
		echo "left out: the web app's own tests (make test-web) need Node 20.19 or newer" >&2; \
		test "$${AUTOML_TEST_REQUIRE_ALL:-0}" != 1; fi
	@rm -f .coverage .coverage.*
	$(BIN)/python -m pytest -n 2 --dist worksteal --doctest-modules --cov --cov-report= $(ARGS)
	$(BIN)/python tests/coverage_floors.py
	@if command -v terraform >/dev/null && test -n "$(PYTHON313)"; then $(MAKE) --no-print-directory test-aws ARGS=; else \
		echo "left out: the emulated AWS (make test-aws) needs terraform 1.11 or newer in PATH and Python 3.13 (PYTHON313=/path/to/python3.13)" >&2; \
		test "$${AUTOML_TEST_REQUIRE_ALL:-0}" != 1; fi

# The emulator runs Lambda functions with its own interpreter and its own packages in sight:
# so it stands apart, in Lambda's version of Python. The checkers are apart for their pins.
.venv-emulator/.done: requirements/emulator.txt
.venv-checks/.done: requirements/checks.txt
.venv-emulator/.done .venv-checks/.done:
	@test -n "$(PYTHON313)" || { echo "This needs Python 3.13, the version of AWS Lambda; none was found. Install one, or say make PYTHON313=/path/to/python3.13." >&2; exit 1; }
	test -x $(@D)/bin/python || $(PYTHON313) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

.PHONY: test-aws
test-aws: $(VENV)/.dev .venv-emulator/.done ## Apply the Terraform to an emulator of AWS and walk the whole story through it
	@$(MAKE) --no-print-directory package ARGS=
	$(BIN)/python -m pytest -m aws -n 2 --dist loadfile tests/aws $(ARGS)

.PHONY: aws-local
aws-local: setup .venv-emulator/.done ## Start an emulated AWS with the platform deployed on it, and print what to export (ARGS="--help")
	@$(BIN)/python infrastructure/local/home.py up $(ARGS)

.PHONY: package
package: ## Build the Lambda packages into dist/lambda (ARGS="api --architecture x86_64 --unpack DIR")
	@test -n "$(PYTHON313)" || { echo "The Lambda packages need Python 3.13, the version that they run on; none was found. Install one, or say make PYTHON313=/path/to/python3.13 package." >&2; exit 1; }
	@$(PYTHON313) -m infrastructure.packaging $(ARGS)

.PHONY: check
check: $(VENV)/.dev ## Format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

CHECKS := .venv-checks/bin

.PHONY: check-static
check-static: .venv-checks/.done ## Lint containers, shell scripts, workflows and Terraform; validate and test the Terraform
	$(CHECKS)/hadolint $$(git ls-files --cached --others --exclude-standard '*Dockerfile')
	$(CHECKS)/shellcheck .ci/run $$(git ls-files --cached --others --exclude-standard '*.sh')
	PATH="$(CURDIR)/$(CHECKS):$$PATH" $(CHECKS)/actionlint
	$(CHECKS)/zizmor --offline --quiet .github
	$(CHECKS)/checkov --config-file .checkov.yaml
	$(CHECKS)/python infrastructure/check.py

.PHONY: openapi
openapi: setup ## Write the API's contract to frontend/openapi.json
	$(BIN)/python -m automl_backend.openapi frontend/openapi.json
	@if test -n "$(NODE)"; then $(MAKE) --no-print-directory frontend/node_modules/.done && \
		$(PNPM) exec openapi-typescript openapi.json -o src/api/schema.d.ts >/dev/null; fi

.PHONY: bench
bench: setup ## Measure: a prediction's latency and every set of DATA (a folder with datasets.json), or BENCH=NAME of benchmarks/
ifdef BENCH
	$(BIN)/python $(if $(wildcard benchmarks/$(BENCH).py),benchmarks/$(BENCH).py,-m benchmarks.$(BENCH)) $(if $(DATA),--data $(DATA)) $(ARGS)
else
	$(BIN)/python benchmarks/predict_latency.py
	$(if $(DATA),$(BIN)/python benchmarks/leak_sentinel.py --data $(DATA))
	$(BIN)/python benchmarks/train_sets.py $(if $(DATA),--data $(DATA)) $(ARGS)
endif

.PHONY: costs
costs: setup ## Write the tables of docs/costs.md (PLAN=FILE, the output of terraform show -json)
	@test -n "$(PLAN)" || { echo "Say make costs PLAN=plan.json, with the output of terraform show -json." >&2; exit 2; }
	$(BIN)/python benchmarks/cost_tables.py $(PLAN)

COMPILE := ../$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header

.PHONY: lock
lock: $(VENV)/.dev ## Pin the requirements, with hashes and without addresses (ARGS=--upgrade raises them)
	cd requirements && for name in dev api inference training build lambda-api lambda-events; do \
		$(COMPILE) --python-version 3.11 $(ARGS) $$([ $$name = dev ] || echo "-c dev.txt") $$name.in -o $$name.txt; done
	cd requirements && $(COMPILE) --python-version 3.11 $(ARGS) deep.in -o deep.txt
	cd requirements && for name in emulator checks; do \
		$(COMPILE) --python-version 3.13 $(ARGS) $$name.in -o $$name.txt; done

.PHONY: clean
clean: ## Remove what set-up and tests made (no data of the platform)
	rm -rf $(VENV) .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info */*.egg-info */build
