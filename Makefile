# Two commands for a newcomer: `make playground` and `make test`. Both need Python 3.11+, make and a network, and set up
# the rest in .venv. PIP_ARGS is passed to pip: the way to take PyTorch's CPU build on Linux (see README).
PYTHON ?= python3
PIP_ARGS ?=
PORT ?= 8321
BIN := .venv/bin
export HF_HUB_OFFLINE ?= 1
export TOKENIZERS_PARALLELISM := false

.PHONY: help playground test test-hub check format bench clean
help:
	@echo "make playground   a local workspace in the browser, no Slack account needed"
	@echo "make test         all tests"
	@echo "make test-hub     flan-T5-small from the model hub, end to end"
	@echo "make check        formatting, lint, types"
	@echo "make bench        benchmarks (minutes; a quiet machine)"

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "found $$($(PYTHON) -V 2>&1), expected Python 3.11 or newer: call make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "no venv module, expected one: install your system's python3-venv package"; exit 1; }

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -c constraints.txt -e .
	@touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -c constraints.txt -e '.[dev]'
	@touch $@

playground: .venv/installed
	$(BIN)/lorebot playground --port $(PORT)

# A process a core, but no more than memory bears (a torch each), each computing on one: threads of several processes that
# wait for each other at every product take ten times as long. A file's tests share what they set up.
test: .venv/installed-dev
	OMP_NUM_THREADS=1 LOREBOT_THREADS=1 $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile

test-hub: .venv/installed-dev
	HF_HUB_OFFLINE=0 $(BIN)/python -m pytest -q -m hub

check: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: .venv/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/installed-dev
	@for bench in tests/bench/bench_*.py; do echo "== $$bench"; $(BIN)/python $$bench || exit 1; done

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache
