PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
.DEFAULT_GOAL := help
.PHONY: help install run demo test sim chaos chaos-selftest bench lint format clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## make .venv and install the pinned packages; costs nothing the second time

$(STAMP): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or newer is needed: make PYTHON=python3.12 install' >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check uv==0.13.9
	@# pip where uv can't: it goes by its own settings of proxies and mirrors, not by pip's
	$(BIN)/uv pip install --quiet --compile-bytecode --python .venv -r requirements-dev.txt || $(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

run: install ## start everything on this machine, then print the URL and a login
	@exec $(BIN)/python -m stack run

demo: install ## headless: three grids over a replay (DATA=klines.csv), exits 0 only if the books balance
	@exec $(BIN)/python -m stack demo $(if $(DATA),"$(DATA)")

test: install ## all tests (ARGS='-k name' chooses); names at the end what could not run here
	@$(BIN)/pytest -n 3 --dist loadgroup --no-loadscope-reorder $(ARGS)

sim: install ## the seeded simulation of the whole flow (SEEDS=300, SEED=n for one with its trace, STEPS=1: sagas killed at each step)
	@SEED="$(SEED)" SEEDS="$(SEEDS)" STEPS="$(STEPS)" $(BIN)/python -m tests.sim

chaos: install ## faults on real processes until MINUTES=n (3) are up; SEED=n repeats a draw, FAULTS=a,b chooses
	@$(BIN)/python -m tests.chaos

chaos-selftest: install ## plants bugs and shows that the oracle of make chaos catches each
	@$(BIN)/python -m tests.chaos.selftest

bench: install ## benchmarks as ratios to floors of the same run; writes var/bench.json
	@$(BIN)/python -m tests.bench

lint: install ## ruff, mypy --strict, the import map
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: install ## let ruff mend what it can
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

clean: ## remove what the others made: .venv, var (with the embedded database), caches, the generated .env
	@if [ -s var/run.pid ] && kill -0 "$$(cat var/run.pid)" 2>/dev/null; then echo 'make run is running here: end it first' >&2; exit 1; fi
	rm -rf .venv var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@if [ ! -e .env ]; then :; elif grep -qvE '^(#|$$|SECRET_KEY=|CREDENTIALS_KEYS=)' .env; then echo '.env holds settings of your own: kept'; else rm .env; fi
