# hopline: everything a developer or a new user types. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV ?= uv
SAMPLE ?= sample_logs/crash
REPORT ?= out/report.html
SIZE ?= 1GB
LARGE ?= 10GB
# One more than there are cores: some tests wait for a browser, a mesh or a clock.
WORKERS ?= $(shell expr 1 + $$(getconf _NPROCESSORS_ONLN))

PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev
BENCH_STAMP := $(VENV)/.installed-bench
UV_COMPILE := $(UV) --no-config pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --upgrade

# What several processes import is compiled once.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help report test lint types imports docs docs-check scoreboard bench soak samples axe screenshots lock wheel clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "hopline needs Python 3.11 or later; name one with make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): $(VENV)/bin/python requirements.lock pyproject.toml
	$(PIP_INSTALL) --require-hashes -r requirements.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(DEV_STAMP): $(RUN_STAMP) requirements-dev.lock
	$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

$(BENCH_STAMP): $(DEV_STAMP) requirements-bench.lock
	$(PIP_INSTALL) --require-hashes -r requirements-bench.lock
	@touch $@

report: $(RUN_STAMP) ## the main job on a real failover: SAMPLE=sample_logs/crash -> REPORT=out/report.html
	@mkdir -p $(dir $(REPORT))
	$(BIN)/hopline report $(SAMPLE) -o $(REPORT)
	@echo "Open it in a browser: $(abspath $(REPORT))"

test: lint types imports ## ruff, mypy, import contracts, then every test on all cores (docs are checked there too)
	$(BIN)/python -m pytest -m "not soak" -n $(WORKERS) --dist loadscope

lint: $(DEV_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV_STAMP)
	$(BIN)/mypy

imports: $(DEV_STAMP)
	$(BIN)/lint-imports

docs: $(DEV_STAMP) ## write the generated pages and the console output in README and docs anew
	$(BIN)/python -m tests.docs

docs-check: $(DEV_STAMP) ## fail when a generated page or a shown output is stale
	$(BIN)/python -m tests.docs --check

scoreboard: $(DEV_STAMP) ## judge every recorded incident against its truth; writes docs/accuracy.md
	$(BIN)/python -m tests.scoreboard --write

bench: $(BENCH_STAMP) ## measure speed and memory, against other readers; writes docs/performance.md: SIZE=1GB LARGE=10GB (needs 15 GB on disk)
	$(BIN)/python -m tests.bench ingest --size $(SIZE) --large $(LARGE) --write

soak: $(DEV_STAMP) ## the tests that take minutes to hours: HOPLINE_SOAK_SECONDS=3600 of hostile files
	HOPLINE_EXAMPLES=20 $(BIN)/python -m pytest -m "soak or hypothesis" -s

samples: $(DEV_STAMP) ## record sample_logs/ anew with the real-Envoy lab (and the output shown in the docs)
	$(BIN)/python -m tests.lab samples --out sample_logs
	$(BIN)/python -m tests.docs

axe: ## fetch axe-core (npm), with which the tests check pages for accessibility
	$(PYTHON) -m tests.axe

screenshots: $(DEV_STAMP) ## make docs/images/ anew with Chromium
	$(BIN)/python -m tests.screenshots

lock: ## resolve requirements.lock, -dev.lock and -bench.lock anew (needs uv; UV=path)
	$(UV_COMPILE) --group dev -o requirements-dev.lock
	$(UV_COMPILE) --group build --constraint requirements-dev.lock -o requirements.lock
	$(UV_COMPILE) --group bench --constraint requirements-dev.lock -o requirements-bench.lock

wheel: $(RUN_STAMP) ## build the wheel into dist/
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

clean: ## remove everything that was made
	rm -rf $(VENV) out dist build .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
