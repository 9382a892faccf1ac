# Rasd: `make` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-neural fuzz growth fuzz-api audit sbom check unit explore faults soak bench-quick format lock train-entities train-accurate known-names stock-phrases name-words gazetteer towns outlines words ordinary-words place-names docs clean

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(STAMP) ## install the pinned packages and the rasd command into .venv

$(STAMP): requirements.lock requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Rasd needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	@echo "setup: installing the pinned packages into $(VENV) (the first time takes a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## run the whole system on sample articles (DEMO_EXIT=1: exit when they are found)
	@$(BIN)/rasd demo

# Most of these tests wait for servers, so two run at once. The files with servers come first, in the order of their
# names; each is run by one process, as its tests share workers. They start hundreds of processes of Rasd, which must not
# all compile it again, as they would where Python is told to write no bytecode.
TEST_PROCESSES ?= 2

test: setup check ## run all checks and tests, with real Kafka and Elasticsearch (TEST_PROCESSES=2)
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

test-neural: setup ## test camel-tools' tagger on a tiny model (first: .venv/bin/pip install -e '.[neural]')
	@$(BIN)/python -m pytest -m neural tests/neural

unit: setup ## run the tests that need no server
	@$(BIN)/python -m pytest tests/unit

explore: setup ## run the property tests on many more, random examples
	@$(BIN)/python -m pytest --hypothesis-profile explore -m hypothesis tests/unit

fuzz: setup ## fuzz the query parser, the records and cleaning for a minute each (SECONDS=60)
	@$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60)

growth: setup ## clean hostile pages of doubling size: time grows no faster than they do, 5 MB stay below 600 MiB
	@$(BIN)/python -m tests.fuzz.growth --megabytes $(or $(MEGABYTES),5)

fuzz-api: setup ## fuzz a running API by its OpenAPI document
	@$(BIN)/python -m tests.fuzz.api

audit: setup ## check the pinned packages for known vulnerabilities (needs a network)
	@$(BIN)/python -m deploy.audit

SBOM ?= build/rasd.cdx.json
sbom: setup ## write what the image installs as a CycloneDX document to build/
	@mkdir -p $(dir $(SBOM))
	@$(BIN)/python -W ignore -m cyclonedx_py requirements deploy/requirements-image.lock --pyproject pyproject.toml \
		--output-reproducible --output-format JSON --output-file $(SBOM)
	@echo $(SBOM)

check: setup ## check formatting, lint, types, imports and generated pages
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/rasd schema --check docs/schemas
	@$(BIN)/python -m docs.generate --check

faults: setup ## make every fault while articles flow, and count them (FAULTS_ARTICLES=5000, CASES="kill-nine poison")
	@$(BIN)/python -m tests.faults $(CASES)

MINUTES ?= 30
soak: setup ## run at half load for MINUTES=30; print memory slope, handles, threads and latency
	@$(BIN)/python -m benchmarks.soak --minutes $(MINUTES)

bench-quick: setup ## compare the speed of stages, starts and a worker with the bounds in benchmarks/quick (minutes)
	@$(BIN)/python -m benchmarks.quick

format: setup ## format the code and fix what ruff can fix
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: setup ## generate docs/schemas, docs/reference and docs/openapi.json from the code
	@$(BIN)/rasd schema docs/schemas
	@$(BIN)/python -m docs.generate

# Keeps the pinned versions. To upgrade a package: make lock UPGRADE='--upgrade-package numpy'
COMPILE = uv pip compile -q pyproject.toml --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --universal $(UPGRADE)
# The lock of an extra is installed on top of requirements.lock, so it omits the packages there.
CORE = sed -nE 's/^([a-z0-9-]+)==.*/--no-emit-package \1/p' requirements.lock | sort -u

lock: ## resolve the pinned packages again (needs uv)
	@$(COMPILE) -o requirements.lock
	@$(COMPILE) --extra dev -c requirements.lock -o requirements-dev.lock
	@$(COMPILE) --extra tracing --extra apprise --extra accurate -c requirements-dev.lock -o deploy/requirements-image.lock
	@$(COMPILE) --extra local -c requirements-dev.lock $$($(CORE)) -o deploy/requirements-local.lock
	@$(COMPILE) --extra tracing -c requirements-dev.lock $$($(CORE)) -o deploy/requirements-tracing.lock
	@$(COMPILE) --extra parquet -c requirements-dev.lock $$($(CORE)) -o deploy/requirements-parquet.lock
	@$(COMPILE) --extra apprise -c requirements-dev.lock $$($(CORE)) -o deploy/requirements-apprise.lock
	@$(COMPILE) --extra accurate -c requirements-dev.lock $$($(CORE)) -o deploy/requirements-accurate.lock

known-names: setup ## make the tagger's list of known names from ../shared/corpus
	@$(BIN)/python -m agents.entities.training.known_names ../shared/corpus

train-entities: setup ## retrain the tagger from ../shared/corpus
	@$(BIN)/python -m agents.entities.training --corpus ../shared/corpus

train-accurate: setup ## retrain the network of the tagger accurate, which needs what train-entities writes
	@$(BIN)/python -m agents.entities.training.accurate --corpus ../shared/corpus

stock-phrases: setup ## compile dedupe's table of stock phrases from ../shared/corpus
	@$(BIN)/python -m agents.dedupe.build ../shared/corpus/saudinewsnet

words: setup ## make the word lists of search from ../shared/corpus (ten minutes)
	@mkdir -p build; rm -f build/words.pickle
	@$(BIN)/python -m agents.index.build ../shared/corpus/saudinewsnet ../shared/corpus/ner-more/ant \
		--people ../shared/corpus/ner-more/gazetteers/people.txt --cache build/words.pickle
	@$(BIN)/python -m agents.index.build.latin --cache build/words.pickle

ordinary-words: setup ## make the list of ordinary English and French words (needs npm)
	@$(BIN)/python -m pip install -q --no-deps --target build/ordinary pyspellchecker==0.9.1 spylls==0.1.7
	@cd build/ordinary && npm pack --silent dictionary-fr@3.0.0 >/dev/null && tar xzf dictionary-fr-3.0.0.tgz
	@PYTHONPATH=build/ordinary $(BIN)/python -m agents.index.build.ordinary \
		--english build/ordinary/spellchecker/resources/en.json.gz build/ordinary/spylls/hunspell/data/en/en_US \
		--french build/ordinary/spellchecker/resources/fr.json.gz build/ordinary/package/index

place-names: setup ## make the table of the filter `place` from the gazetteer and GeoNames
	@$(BIN)/python -m agents.index.build.places

name-words: setup ## compile dedupe's table of name words from the tagger and the gazetteer
	@$(BIN)/python -m agents.dedupe.build.name_words

towns: setup ## compile cleaning's table of towns from GeoNames
	@$(BIN)/python -m agents.clean.build

gazetteer: setup ## compile the gazetteer from GeoNames, CLDR and agents/geotag/data/*.csv
	@$(BIN)/python -m agents.geotag.build

outlines: setup ## make the outlines of the desk's map from Natural Earth (needs npm)
	@$(BIN)/python -m streams.api.desk.build

clean: ## delete what setup created
	rm -rf $(VENV) build *.egg-info
