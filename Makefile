# The whole of Tongke in single words. It needs Python 3.11 or newer and make; pip installs the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SIZE ?= 2000
JOBS ?= 2
export PATH := $(CURDIR)/$(BIN):$(PATH)

LOCK := uv pip compile --quiet --universal --python-version 3.11 --no-strip-extras \
	--generate-hashes --no-emit-index-url --no-header

.PHONY: help
help:  ## what can be done here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

$(BIN)/.installed: requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tongke needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

.PHONY: setup
setup: $(BIN)/.installed  ## install into .venv what the lock file names

.PHONY: demo
demo: setup  ## the main job from nothing, on a made-up company; SIZE=2000 people, KEEP=1 leaves the CRM up
	$(BIN)/python -m demo run --size $(SIZE) $(if $(KEEP),--keep)

.PHONY: demo-stop
demo-stop: setup  ## end what `make demo KEEP=1` left running
	$(BIN)/python -m demo stop

.PHONY: lint
# sqlfluff compiles the models, which opens a warehouse: one of its own, or it waits for whoever builds
lint: export TONGKE_WAREHOUSE := :memory:
lint: setup docs-check  ## every linter, without changing a file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/yamllint --strict .
	$(BIN)/codespell
	$(BIN)/sqlfluff lint models tests/dbt

.PHONY: format
format: setup  ## let the formatters have their way
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix models tests/dbt

.PHONY: test
test: setup  ## every test that needs nothing beyond what pip installs; JOBS=2 files at a time
	@# in their own order: the longest files have few tests, and would come last
	$(BIN)/pytest -m "not servers" --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder

SEEDS ?= 100000
.PHONY: simulate
simulate: setup  ## the delivery in SEEDS=100000 simulated worlds; docs/explanation/simulation.md
	$(BIN)/python -m tests.simulation --seeds $(SEEDS) --workers 2

.PHONY: test-servers
test-servers: setup  ## install the servers that some tests need (Debian, root), and run those tests
	$(BIN)/python -m tests.servers install
	$(BIN)/pytest -m servers

KILLS ?= 100
.PHONY: kills
kills: setup  ## end real deliveries by kill -9 and SIGTERM at random, KILLS=100 times; SEED=7 for the same again
	$(BIN)/python -m tests.kills --kills $(KILLS) $(if $(SEED),--seed $(SEED))

ALONE := var/alone
.PHONY: build-alone
build-alone: export DLT_PROJECT_DIR := $(ALONE)
build-alone: export TONGKE_WAREHOUSE := $(ALONE)/warehouse.duckdb
build-alone: export TONGKE_LEDGER := $(ALONE)/ledger.sqlite
build-alone: export TONGKE_PIPELINES := $(ALONE)/pipelines
build-alone: setup  ## `dbt build` on the demo's data, with no CRM and no ledger, and no warning allowed
	$(BIN)/python -m demo start --size $(SIZE) --home $(ALONE)
	$(BIN)/ingestion run erp helpdesk finance shop; code=$$?; \
		$(BIN)/python -m demo stop --home $(ALONE); exit $$code
	$(BIN)/dbt --warn-error build

.PHONY: docs
docs: setup  ## write docs/reference anew, from the commands and the models
	$(BIN)/python docs/generate.py

.PHONY: docs-check
docs-check: setup  ## fail if docs/reference isn't what `make docs` would write
	$(BIN)/python docs/generate.py --check

.PHONY: lock
lock: setup  ## compile the lock files anew; needs uv on the PATH
	$(LOCK) requirements.in --output-file requirements.txt
	$(LOCK) --constraint requirements.txt requirements-dev.in --output-file requirements-dev.txt
