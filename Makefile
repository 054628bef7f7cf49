# Every command does all its own set-up in .venv; PYTHON names another Python (3.11 or later).
PYTHON ?= python3
BIN := .venv/bin
PRISM_VERSION := 5.14.2
WIREMOCK_VERSION := 3.13.2
DEBIANS_CHROMIUM := /usr/bin/chromium
export CHROMIUM ?= $(DEBIANS_CHROMIUM)

.DEFAULT_GOAL := help
.PHONY: help demo run test e2e admin conformance check bench chaos lock clean base dev

help: ## What there is
	@grep -hE '^[a-z0-9]+:.*## ' $(firstword $(MAKEFILE_LIST)) | awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

demo: base ## Send a real broadcast from end to end; ONCE=1 ends after it
	@$(BIN)/python -m demo $(if $(ONCE),--once)

run: base ## The stack and nothing else; LOGS=1 shows its logs
	@$(BIN)/python -m config.run $(if $(LOGS),--logs)

test: dev ## All tests, on real PostgreSQL and Valkey; ARGS go to pytest
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 $(ARGS)

e2e: dev ## A browser in front of the whole stack (needs Chromium); screenshots in .data/e2e
	@test -x "$(CHROMIUM)" || { test "$(CHROMIUM)" = $(DEBIANS_CHROMIUM) && test "$$(id -u)" = 0 && \
	  command -v apt-get >/dev/null && apt-get update -qq && \
	  apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || \
	  { echo "make e2e needs Chromium, and there is none at $(CHROMIUM): install it there, or name" \
	  "another: make e2e CHROMIUM=/path/to/chrome" >&2; exit 1; }
	@$(BIN)/python -m pytest tests/e2e $(ARGS)

admin: dev ## Every page of the admin over a million rows (ROWS), each within a second; takes a while
	@ADMIN_ROWS=$(or $(ROWS),1000000) $(BIN)/python -m pytest -s tests/backoffice/test_many_rows.py $(ARGS)

conformance: dev ## Prove the adapters against specs and clients that others wrote (needs npm, and Java)
	@test -x .data/npm/node_modules/.bin/prism || npm install --silent --no-audit --no-fund \
	  --prefix .data/npm @stoplight/prism-cli@$(PRISM_VERSION)
	@test -d .data/npm/node_modules/wiremock || npm install --silent --no-audit --no-fund \
	  --prefix .data/npm wiremock@$(WIREMOCK_VERSION)
	@$(BIN)/python -m pytest tests/conformance $(ARGS)

check: dev ## Format, lint, types, layers, migrations, deployment, schema
	@$(BIN)/python -m config.checks

bench: dev ## The engine beside the bare loop of its client; QUICK=1 takes a minute
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(ARGS)

chaos: dev ## Processes killed and confused by a seed; RUNS=20 SEED=1
	@$(BIN)/python -m tests.chaos --runs $(or $(RUNS),20) --seed $(or $(SEED),1) $(ARGS)

lock: dev ## Pin and hash the newest allowed dependencies
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@cd requirements && for name in base dev; do ../$(BIN)/uv pip compile --quiet --upgrade \
	  --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  $$name.in -o $$name.txt || exit 1; done

clean: ## Remove what the tools have cached; .data (the databases) and .venv stay
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis staticfiles

base dev:
	@$(PYTHON) requirements/install.py $@
