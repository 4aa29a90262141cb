# Two commands matter: `make demo` and `make test`. Both make the environment first.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup setup-dev demo test lint types unit integration e2e bench bench-peers chaos clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.ready ## make the environment in .venv, from uv.lock

setup-dev: $(VENV)/.ready-dev ## the same, with what the checks need

$(VENV)/.ready: pyproject.toml uv.lock tools/bootstrap.sh
	@bash tools/bootstrap.sh $(VENV)
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	@bash tools/bootstrap.sh $(VENV) dev
	@touch $@

demo: setup ## a market day from real sessions to a bill and a picture
	@$(BIN)/voltherd demo --out out/demo

test: setup-dev ## every check the project has
	@bash tools/check.sh

lint: setup-dev ## style
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup-dev ## strict type checking
	@$(BIN)/mypy

unit: setup-dev ## fast tests only
	@$(BIN)/pytest tests/unit

integration: setup-dev ## tests against real files, solvers and stores
	@$(BIN)/pytest tests/integration

e2e: setup-dev ## the README's commands
	@$(BIN)/pytest tests/e2e

bench: setup-dev ## ratios against fair rivals, in one run
	@$(BIN)/voltherd bench

bench-peers: setup-dev ## the same work by FlexMeasures' and ACN-Sim's schedulers, in a venv of their own
	@bash tools/bench_peers/run.sh

chaos: setup-dev ## a kernel killed fifty times in a running day
	@VOLTHERD_KILLS=50 $(BIN)/pytest tests/integration/test_kernel_killed.py

clean: ## remove what was built here
	rm -rf $(VENV) out .mypy_cache .ruff_cache .pytest_cache .hypothesis
