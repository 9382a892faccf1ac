# Rasd: `make` lists what there is.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-neural check unit explore format lock train-entities stock-phrases gazetteer towns docs clean

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(STAMP) ## .venv with the pinned packages and the rasd command

$(STAMP): requirements.lock requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Rasd needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	@echo "setup: installing the pinned packages into $(VENV) (the first time takes a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## run everything and look at it (DEMO_EXIT=1 stops by itself)
	@$(BIN)/rasd demo

test: setup check ## the tests, on real Kafka and Elasticsearch
	@$(BIN)/python -m pytest

test-neural: setup ## camel-tools' tagger on a tiny model; needs .venv/bin/pip install -e '.[neural]' first
	@$(BIN)/python -m pytest -m neural tests/neural

unit: setup ## the tests that need no server, in seconds
	@$(BIN)/python -m pytest tests/unit

explore: setup ## the property tests on other examples than `make test` tries, many more of them
	@$(BIN)/python -m pytest --hypothesis-profile explore -m hypothesis tests/unit

check: setup ## format, lint, types, layers, generated docs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/rasd schema --check docs/schemas
	@$(BIN)/python -m docs.generate --check

format: setup ## format and mend what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: setup ## write docs/schemas, docs/reference and docs/openapi.json from the code
	@$(BIN)/rasd schema docs/schemas
	@$(BIN)/python -m docs.generate

# Keeps the pinned versions. To move a package: make lock UPGRADE='--upgrade-package numpy'
COMPILE = uv pip compile -q pyproject.toml --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --universal $(UPGRADE)
# The lock of an extra adds to requirements.lock, so it leaves out what stands there.
CORE = sed -nE 's/^([a-z0-9-]+)==.*/--no-emit-package \1/p' requirements.lock | sort -u

lock: ## resolve the pinned packages anew (needs uv)
	@$(COMPILE) -o requirements.lock
	@$(COMPILE) --extra dev -c requirements.lock -o requirements-dev.lock
	@$(COMPILE) --extra tracing -c requirements-dev.lock -o deploy/requirements-image.lock
	@$(COMPILE) --extra local -c requirements-dev.lock $$($(CORE)) -o deploy/requirements-local.lock
	@$(COMPILE) --extra tracing -c requirements-dev.lock $$($(CORE)) -o deploy/requirements-tracing.lock

train-entities: setup ## train the tagger anew from ../shared/corpus
	@$(BIN)/python -m agents.entities.training --corpus ../shared/corpus

stock-phrases: setup ## rebuild dedupe's table of stock phrases from ../shared/corpus
	@$(BIN)/python -m agents.dedupe.build ../shared/corpus/saudinewsnet

towns: setup ## compile cleaning's table of towns from GeoNames
	@$(BIN)/python -m agents.clean.build

gazetteer: setup ## compile the gazetteer from GeoNames, CLDR and agents/geotag/data/*.csv
	@$(BIN)/python -m agents.geotag.build

clean: ## delete what setup made
	rm -rf $(VENV) build *.egg-info
