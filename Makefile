# Every target sets up what it needs in .venv, from the locks; the first run takes a minute or two.

PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
RUNTIME := .venv/runtime.installed
DEV := .venv/dev.installed

.DEFAULT_GOAL := help
.PHONY: help demo test faults soak lint bench format lock packages clean
MAKEFLAGS += --no-print-directory

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(RUNTIME)  ## play a day of three departments and serve the page (ARGS=--once: print and end)
	@$(BIN)/baton demo $(ARGS)

test: $(DEV) packages  ## run every test (ARGS: passed to pytest)
	@$(BIN)/python -m pytest -n 3 --dist loadfile $(ARGS)

faults: $(DEV) packages  ## run every crash, kill and outage at full length, an hour or two (ARGS: to pytest)
	@BATON_FAULTS=full $(BIN)/python -m pytest tests/faults $(ARGS)

soak: $(DEV) packages  ## 15 minutes at half of peak, with kills and a bad network at random
	@BATON_FAULTS=soak $(BIN)/python -m pytest tests/faults -s $(ARGS)

lint: $(DEV)  ## check style, types and layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(DEV)  ## measure speed and memory, and the peers on Kafka, as tables (ARGS=alone, live, peers, --write)
	@$(BIN)/python -m tests.bench $(ARGS)

format: $(DEV)  ## put the code into its standard form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean:  ## remove .venv
	rm -rf .venv

PIN := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	--no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
LOCK := $(PIN) --all-build-deps

lock: $(DEV)  ## pin the dependencies of pyproject.toml, and the benchmark's peers, anew
	@$(LOCK) --output-file requirements.lock pyproject.toml
	@$(LOCK) --constraint requirements.lock --extra dev --output-file requirements-dev.lock pyproject.toml
	@for peer in $(dir $(wildcard tests/bench/peers/*/requirements.in)); do \
		$(PIN) --no-annotate --output-file $${peer}requirements.txt $${peer}requirements.in; done

packages:
	@.ci/packages

# setuptools is in the locks, so building the project itself downloads nothing.
INSTALL_PROJECT := $(PIP) install --no-deps --no-build-isolation --editable .

$(RUNTIME): requirements.lock pyproject.toml | .venv/bin/pip
	@echo "Installing what Baton needs into .venv …" >&2
	@$(PIP) install --only-binary :all: --require-hashes --requirement requirements.lock
	@$(INSTALL_PROJECT)
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	@echo "Installing what the tests need into .venv …" >&2
	@$(PIP) install --only-binary :all: --require-hashes --requirement requirements-dev.lock
	@touch $@

.venv/bin/pip:
	@test -n "$(PYTHON)" || { echo "Baton needs Python 3.11 or newer: install it, or say make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || .ci/packages venv
	@$(PYTHON) -m venv .venv
