PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SIZE ?= 2000
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help
help:  ## what can be done here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | expand -t 16

$(BIN)/.installed: requirements-dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@

.PHONY: setup
setup: $(BIN)/.installed  ## install into .venv

.PHONY: demo
demo: setup  ## the main job from nothing, on a made-up company; SIZE=2000 people, KEEP=1 leaves the CRM up
	$(BIN)/python -m demo run --size $(SIZE) $(if $(KEEP),--keep)

.PHONY: demo-stop
demo-stop: setup  ## end what `make demo KEEP=1` left running
	$(BIN)/python -m demo stop

.PHONY: lint
lint: setup  ## every linter, without changing a file
	ruff check .
	ruff format --check .
	mypy
	yamllint --strict .
	codespell
	sqlfluff lint models tests/dbt

.PHONY: format
format: setup  ## let the formatters have their way
	ruff check --fix .
	ruff format .
	sqlfluff fix models tests/dbt

.PHONY: test
test: setup  ## every test that needs nothing beyond what pip installs
	pytest -m "not servers"

.PHONY: test-servers
test-servers: setup  ## install the servers that some tests need (Debian, root), and run those tests
	$(BIN)/python -m tests.servers install
	pytest -m servers

.PHONY: lock
lock: setup  ## compile the lock files anew; needs uv on the PATH
	uv pip compile --quiet --universal --python-version 3.11 --no-strip-extras --generate-hashes --no-emit-index-url --no-header requirements.in --output-file requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --no-strip-extras --generate-hashes --no-emit-index-url --no-header --constraint requirements.txt requirements-dev.in --output-file requirements-dev.txt
