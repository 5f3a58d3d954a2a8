# Every target is what CI runs. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
unexport PYTHONDONTWRITEBYTECODE  # or each of the many processes that the tests start compiles everything again
.PHONY: help demo demo-pipeline lambda test prove container-test sam-test terraform-test soak fuzz mutation bench bench-quick lint format docs lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
LOCKED := $(INSTALL) --require-hashes -r

$(VENV)/.runtime: requirements.lock requirements-build.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else "event_processor runs on Python 3.11 to 3.13; $(PYTHON) is %d.%d. Try: make PYTHON=python3.13 ..." % v)'
	@echo "Setting up $(VENV), this project's own environment: $$(grep -c == requirements.lock) packages from requirements.lock, by hash. Nothing outside this folder."
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) has no venv module; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(LOCKED) requirements-build.lock
	@$(LOCKED) requirements.lock
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@echo "Adding the tests' and checks' packages to $(VENV): $$(grep -c == requirements-dev.lock) from requirements-dev.lock, by hash."
	@$(LOCKED) requirements-dev.lock
	@touch $@

demo: $(VENV)/.runtime  ## run the whole job on the embedded emulator, a tenth of all records refused
	@$(BIN)/event-processor demo

$(VENV)/.pipeline: $(VENV)/.runtime requirements-pipeline.lock
	@echo "Adding the packages of gateway and lake to $(VENV), from requirements-pipeline.lock, by hash."
	@$(LOCKED) requirements-pipeline.lock
	@touch $@

demo-pipeline: $(VENV)/.pipeline  ## the same with all jobs, a lake and a DuckDB file; takes more than a minute
	@$(BIN)/event-processor demo --pipeline

lambda: $(VENV)/.runtime  ## the Lambda function's two archives in dist/, the same bytes each time; needs a Python 3.13
	@$(BIN)/python -m tools.lambda_archive

test: $(VENV)/.dev  ## all tests but the long proofs
	@$(BIN)/pytest --numprocesses=4 --dist=worksteal -m "not prove"

# npm writes this file when it is done. What it installs is not part of ours: only the tests of the door run it.
$(VENV)/npm/node_modules/.package-lock.json: tests/segment/package-lock.json
	@mkdir -p $(VENV)/npm
	@cp tests/segment/package.json tests/segment/package-lock.json $(VENV)/npm/
	@cd $(VENV)/npm && npm ci --silent --ignore-scripts --no-audit --no-fund

SEGMENT_CLIENTS := $(if $(shell command -v npm),$(VENV)/npm/node_modules/.package-lock.json)
prove: $(VENV)/.dev $(SEGMENT_CLIENTS)  ## the long proofs: kills, faults of every kind, other people's SDKs; takes minutes
	@$(BIN)/pytest --numprocesses=4 --dist=worksteal -m prove

COMPOSE ?= docker compose
container-test: $(VENV)/.dev  ## build the image and run it in compose, with kills and cuts; needs Docker, and Terraform for API Gateway; takes minutes
	@$(BIN)/pytest tests/containers --compose="$(COMPOSE)"

$(VENV)/.sam: $(VENV)/.runtime requirements-sam.lock
	@echo "Setting up $(VENV)/sam: $$(grep -c == requirements-sam.lock) packages from requirements-sam.lock, by hash."
	@$$($(BIN)/python -c 'from tools.lambda_archive import interpreter; print(interpreter())') -m venv --clear $(VENV)/sam
	@$(VENV)/sam/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-sam.lock
	@touch $@

sam-test: $(VENV)/.dev $(VENV)/.sam lambda  ## check the Lambda template, deploy it on an emulator and run it; needs a Python 3.13
	@$(BIN)/pytest tests/sam

$(VENV)/.checkov: $(VENV)/.runtime requirements-checkov.lock
	@echo "Setting up $(VENV)/checkov: $$(grep -c == requirements-checkov.lock) packages from requirements-checkov.lock, by hash."
	@$(PYTHON) -m venv --clear $(VENV)/checkov
	@$(VENV)/checkov/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-checkov.lock
	@touch $@

terraform-test: $(VENV)/.dev $(VENV)/.checkov $(VENV)/.sam lambda  ## plan the stages, apply one on an emulator and work on it; needs Terraform, a Python 3.13
	@$(BIN)/pytest --numprocesses=4 --dist=loadgroup tests/terraform

MINUTES ?= 5
soak: $(VENV)/.dev  ## random faults, kills and freezes for MINUTES minutes, audited
	@$(BIN)/python -m tests.soak --minutes $(MINUTES)

SECONDS ?= 60
fuzz: $(VENV)/.dev  ## bodies that coverage leads to, for SECONDS seconds, against a second implementation
	@$(LOCKED) requirements-fuzz.lock --only-binary=:all:
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

MOST ?= 40
mutation: $(VENV)/.dev  ## break the core on purpose, MOST times a part, and see whether its fast tests notice; takes an hour
	@$(LOCKED) requirements-mutation.lock
	@$(BIN)/python -m tests.mutation --most $(MOST)

bench: $(VENV)/.dev  ## measure every job, and record it under benchmarks/; needs a C compiler, takes ten minutes
	@$(BIN)/python -m benchmarks --record

bench-quick: $(VENV)/.dev  ## see that the measurements run
	@$(BIN)/python -m benchmarks --quick

lint: $(VENV)/.dev  ## style, types, layers, workflows
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/actionlint
	@$(BIN)/zizmor --offline --quiet --no-progress --min-severity medium .github

format: $(VENV)/.dev  ## put the code into its standard form
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

docs: $(VENV)/.dev  ## make the tables, the dashboard and the alert rules for Kubernetes again
	@$(BIN)/python -m tools.readme_tables
	@$(BIN)/python -m tools.kubernetes_rules
	@$(BIN)/python -m tools.terraform_readmes
	@for name in event_processor event_inspector event_gateway event_lake event_monitor event_overview; do \
	  $(BIN)/python -m tools.dashboard $$name > deploy/grafana/dashboards/$$name.json; done

COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet --upgrade
NOT_IN_LAMBDA := click h11 jinja2 localstack-client markdown-it-py markupsafe mdurl pygments rich
lock: $(VENV)/.runtime  ## resolve the dependencies again, with hashes
	@$(INSTALL) uv
	@$(COMPILE) --group pyproject.toml:build -o requirements-build.lock
	@$(COMPILE) pyproject.toml -o requirements.lock
	@$(COMPILE) pyproject.toml --extra otel -c requirements.lock -o requirements-otel.lock
	@$(COMPILE) pyproject.toml --extra gateway --extra lake --extra listen --extra training --extra otel -c requirements.lock -o requirements-pipeline.lock
	@$(COMPILE) pyproject.toml --extra gateway --extra lake --extra listen --extra training --extra lambda --extra otel --group dev -c requirements-otel.lock -o requirements-dev.lock
	@$(COMPILE:3.11=3.13) pyproject.toml --extra lambda --extra otel -c requirements-dev.lock $(NOT_IN_LAMBDA:%=--no-emit-package %) -o requirements-lambda.lock
	@sed -i '/^# The following packages were excluded/,$$d' requirements-lambda.lock
	@$(COMPILE) --group pyproject.toml:lambda-runtime -o requirements-lambda-runtime.lock
	@$(COMPILE) --group pyproject.toml:fuzz -o requirements-fuzz.lock
	@$(COMPILE) --group pyproject.toml:kubernetes -o requirements-kubernetes.lock
	@$(COMPILE) --group pyproject.toml:checkov -o requirements-checkov.lock
	@$(COMPILE) --group pyproject.toml:mutation -o requirements-mutation.lock
	@$(COMPILE) --group pyproject.toml:sam -o requirements-sam.lock

clean:  ## remove the environment and everything made
	@rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
