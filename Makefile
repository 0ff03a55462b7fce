# Everything a clone can do. Needs GNU make 3.81 or newer and Python 3.11 or newer; `make help` lists the targets.

PYTHON ?= python3
OUT ?= reports/output

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock'

# A stamp says that its step is done; the step is done again when what it was made from changes.
MADE := $(VENV)/.stamp-made
LOCKED := $(VENV)/.stamp-locked
INSTALLED := $(VENV)/.stamp-installed
DEVELOP := $(VENV)/.stamp-develop

.DEFAULT_GOAL := report
.PHONY: report test format lock upgrade bench docs clean help

report: $(INSTALLED) ## make the environment and the report of the bundled data, in reports/output
	$(BIN)/incidents demo --out $(OUT)

test: $(DEVELOP) ## check format, lint and types, then run all tests (the docs are checked by tests/test_docs.py)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -rs -n 2 --dist loadfile

format: $(DEVELOP) ## format the code and put right what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(INSTALLED) ## make docs/cli.md and docs/schema.md again from the commands' help and the database's comments
	$(BIN)/python docs/make_cli.py
	$(BIN)/python docs/make_schema.py

lock: $(DEVELOP) ## make the locks again from pyproject.toml, keeping the versions that still fit
	$(LOCK) pyproject.toml --group build --output-file requirements.lock
	$(LOCK) --group dev --constraint requirements.lock --output-file requirements-dev.lock

upgrade: $(DEVELOP) ## make the locks again with the newest versions that fit
	$(MAKE) lock LOCK="$(LOCK) --upgrade"

bench: $(DEVELOP) ## run the benchmarks; they print what they measured
	set -e; for script in tests/benchmarks/bench_*.py; do echo "# $$script" >&2; $(BIN)/python -m "tests.benchmarks.$$(basename "$$script" .py)"; done

clean: ## remove what was generated, except the environment (rm -r .venv to start anew)
	rm -rf reports/output build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'Python 3.11 or newer is needed, and "$(PYTHON)" is not: name one that is, as in: make PYTHON=python3.12' >&2; \
		exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(LOCKED): requirements.lock $(MADE)
	@echo 'Installing the pinned requirements into $(VENV); this takes a minute or two.' >&2
	$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(INSTALLED): pyproject.toml $(LOCKED)
	$(PIP) install --no-index --no-deps --no-build-isolation --editable .
	@touch $@

$(DEVELOP): requirements-dev.lock $(INSTALLED)
	@echo 'Installing what the checks need into $(VENV).' >&2
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
