# itemtrail: `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
UV := .uv/bin/uv
export PYTHONPATH := $(CURDIR)/include:$(CURDIR)/plugins
export AWS_EC2_METADATA_DISABLED := true

.PHONY: help setup demo review-demo backfill-month ui sandbox test test-unit lint types imports check parity docs env compose-test bench bench-big-unit bench-history bench-ledger bench-validate bench-pages pictures lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | awk -F'\t' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: .venv/.ready .venv-sandbox/.ready ## virtual environments with pinned, hashed packages (under 2 minutes)

$(UV): requirements-bootstrap.txt
	@echo "setup: uv (pinned) into .uv"
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "itemtrail needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Next: make PYTHON=python3.12 …")'
	@$(PYTHON) -m venv .uv || { echo "setup: python3 cannot make virtual environments here. Next: sudo apt-get install python3-venv"; exit 1; }
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.txt
	@touch $@

.venv/.ready: $(UV) requirements-dev.txt pyproject.toml $(wildcard include/itemtrail/native/*.[ch])
	@echo "setup: itemtrail, Airflow and the test tools into .venv"
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	@$(UV) pip install --quiet --python .venv/bin/python --require-hashes -r requirements-dev.txt
	@$(UV) pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
	@touch $@

.venv-sandbox/.ready: $(UV) requirements-sandbox.txt
	@echo "setup: the local AWS into .venv-sandbox"
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv-sandbox
	@$(UV) pip install --quiet --python .venv-sandbox/bin/python --require-hashes -r requirements-sandbox.txt
	@touch $@

.venv-celery/.ready: $(UV) requirements-celery.txt
	@echo "setup: Airflow with Celery into .venv-celery"
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv-celery
	@$(UV) pip install --quiet --python .venv-celery/bin/python --require-hashes -r requirements-celery.txt
	@touch $@

demo: setup ## DynamoDB calls → signed trail → proven archive, on this machine, then a tamper drill
	@.venv/bin/python -m itemtrail_demo $(ARGS)

review-demo: setup ## faults planted in a clean account; a review that finds each and invents none
	@.venv/bin/python -m itemtrail_demo.review $(ARGS)

backfill-month: setup ## a month backfilled under a real scheduler, a bad day and a killed task in it (10 to 20 minutes)
	@.venv/bin/python -m itemtrail_demo.backfill_month $(ARGS)

ui: setup ## Airflow's UI on loopback over the same replayed days
	@.venv/bin/python -m itemtrail_demo.ui $(ARGS)

sandbox: setup ## the local AWS alone; prints the environment to export
	@.venv-sandbox/bin/python -m cloudtrail_sandbox

test: setup ## all tests, a file at a time on each core; the slow ones first
	@.venv/bin/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-unit: setup ## the tests that need neither Airflow nor a server (20 s)
	@.venv/bin/python -m pytest tests/unit tests/property

lint: setup ## ruff: rules and format
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

types: setup ## mypy, strict
	@.venv/bin/mypy

imports: setup ## the import contracts
	@.venv/bin/lint-imports

check: lint types imports test ## everything a change must pass

env: ## secrets for docker-compose.yaml into .env; overwrites nothing
	@$(PYTHON) deploy/env.py

compose-test: setup ## the whole stack on a Docker engine: workers killed, services restarted, the archive compared (some minutes)
	@PYTHONPATH=include:plugins:. .venv/bin/python -m tests.compose.run $(ARGS)

parity: setup ## ours beside `aws cloudtrail validate-logs`, scenario by scenario; writes docs/validation-parity.md
	PYTHONPATH=include:plugins:. .venv/bin/python -m tests.parity

docs: setup ## docs/dags.md, from the DAG objects
	PYTHONPATH=include:plugins:. .venv/bin/python -m tests.dags_page

bench-convert: setup ## conversion beside DuckDB, Polars and orjson on the same files, in turns (some minutes)
	@.venv/bin/python -m tests.benchmarks.convert $(ARGS)

bench-ledger: setup ## checkpoints and coverage of 620,000 units (some minutes)
	@.venv/bin/python -m tests.benchmarks.ledger

bench-validate: setup ## validation against the aws-cli, same chain, same S3, in turns (some minutes)
	@.venv/bin/python -m tests.benchmarks.validate $(ARGS)

bench-pages: setup ## pages: first paint in Chromium, and Airflow's API beside sixty page requests (some minutes)
	PYTHONPATH=include:plugins:. .venv/bin/python -m tests.benchmarks.pages $(ARGS)

pictures: setup ## the README's pictures, from the pages of a running Airflow; writes docs/pictures (some minutes)
	PYTHONPATH=include:plugins:. .venv/bin/python -m tests.pictures $(ARGS)

bench-big-unit: setup .venv-celery/.ready ## 2 GB of JSON in one unit on two Celery workers: time, memory, equal archives (apt: redis-server postgresql)
	PYTHONPATH=include:plugins:. .venv/bin/python -m tests.benchmarks.big_unit $(ARGS)

bench-history: setup ## the join of who and what: speed and precision; then one item's timeline in a year of changes
	@.venv/bin/python -m tests.benchmarks.history
	@.venv/bin/python -m tests.benchmarks.timeline

lock: $(UV) ## write the requirements files from their .in files
	@for f in requirements requirements-dev requirements-celery requirements-sandbox requirements-bootstrap; do \
	  $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --custom-compile-command "make lock" $(LOCKFLAGS) $$f.in -o $$f.txt; done

clean: ## remove the virtual environments and everything made
	@rm -rf .uv .venv .venv-sandbox .venv-celery .sandbox build *.egg-info include/*.egg-info plugins/*.egg-info
