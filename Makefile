# The index of this project: every target sets everything up first (quick when nothing changed).
# ARGS goes to the command, e.g.  make demo ARGS="--headless --seconds 20 --json"   make test ARGS="tests/unit -x"
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.livefair-setup
SYNC   := UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=$(VENV) VIRTUAL_ENV= $(BIN)/uv sync --frozen --python $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help setup demo test fmt lint types bench docs lock clean

help:    ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(STAMP)    ## .venv with the locked dependencies and the livefair command
	@:

demo: setup    ## a live fair on this machine, played through the real doors
	@$(BIN)/livefair demo $(ARGS)

test: setup    ## the whole suite, real Kafka and Valkey included
	@$(SYNC) --quiet --inexact --extra otel >&2
	@$(BIN)/pytest $(ARGS)

fmt: setup    ## format and sort imports
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

lint: setup    ## ruff and the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: setup    ## mypy --strict
	@$(BIN)/mypy

bench: setup    ## figures of the issue, by command
	@$(SYNC) --quiet --inexact --group bench >&2
	@$(BIN)/python -m bench $(ARGS)

docs: setup    ## what in the papers is made of code: OpenAPI, AsyncAPI, tables, pictures of the flow
	@$(BIN)/python -m docs.make

lock: setup    ## resolve the dependencies of pyproject.toml again (uv.lock)
	@$(BIN)/uv lock $(ARGS)

clean:    ## remove .venv and caches; data stays
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Progress goes to stderr: what a command prints on stdout stays that command's own.
$(STAMP): pyproject.toml uv.lock deploy/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "livefair needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1); install one and run: make setup PYTHON=/path/to/python3" >&2; exit 1; }
	@$(BIN)/python -c '' 2>/dev/null || { rm -rf $(VENV) && $(PYTHON) -m venv $(VENV) >&2; } || { rm -rf $(VENV); \
	  echo "'$(PYTHON)' cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/uv.txt >&2
	@$(SYNC) >&2
	@touch $(STAMP)
