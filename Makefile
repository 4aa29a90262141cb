# Two commands matter: `make demo` and `make test`. Both make the environment first.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup demo test lint types unit integration e2e bench clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.ready ## make the environment in .venv, from uv.lock

$(VENV)/.ready: pyproject.toml uv.lock tools/bootstrap.sh
	@bash tools/bootstrap.sh $(VENV)
	@touch $@

demo: setup ## a market day from real sessions to a bill and a picture
	@$(BIN)/voltherd demo --out out/demo

test: setup ## every check the project has
	@bash tools/check.sh

lint: setup ## style
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup ## strict type checking
	@$(BIN)/mypy

unit: setup ## fast tests only
	@$(BIN)/pytest tests/unit

integration: setup ## tests against real files, solvers and stores
	@$(BIN)/pytest tests/integration

e2e: setup ## the README's commands
	@$(BIN)/pytest tests/e2e

bench: setup ## ratios against fair rivals, in one run
	@$(BIN)/voltherd bench

clean: ## remove what was built here
	rm -rf $(VENV) out .mypy_cache .ruff_cache .pytest_cache .hypothesis
