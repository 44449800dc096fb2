# Each target needs only Python 3.11+ and git; what is up to date is not made again.
.DELETE_ON_ERROR:
.PHONY: setup demo check test bench-smoke docs

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

setup: $(READY)

$(READY): pyproject.toml hatch_build.py src/assay/sandbox/child/spawn.c
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Assay needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[embedded,humaneval,dev]'
	@touch $@

demo: setup
	@$(BIN)/assay models pull qwen2.5-coder-0.5b
	@$(BIN)/assay solve examples/*.py examples/problems.jsonl humaneval:0-4 || test $$? -eq 3
	@echo
	@echo "Next: .venv/bin/assay solve examples/roman.py           one file, code and evidence"
	@echo "      .venv/bin/assay solve 'Write a function ...'      any task, in words"
	@echo "      .venv/bin/assay bench humaneval --limit 20        strategies side by side"
	@echo "      .venv/bin/assay log                               everything that happened"

check: setup
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

test: check
	@$(BIN)/python -m pytest -n auto --dist worksteal

bench-smoke: setup
	@$(BIN)/assay bench humaneval --limit 5 --strategy sample,assay --budget tokens=2000

docs: setup
	@$(BIN)/python -m pytest tests/test_docs.py
