# Every command does all its own set-up in .venv; PYTHON names another Python (3.11 or later).
PYTHON ?= python3
BIN := .venv/bin
PRISM_VERSION := 5.14.2

.DEFAULT_GOAL := help
.PHONY: help demo run test conformance check lock clean base dev

help: ## What there is
	@grep -hE '^[a-z]+:.*## ' $(firstword $(MAKEFILE_LIST)) | awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

demo: base ## Send a real broadcast from end to end; ONCE=1 ends after it
	@$(BIN)/python -m demo $(if $(ONCE),--once)

run: base ## The stack and nothing else; LOGS=1 shows its logs
	@$(BIN)/python -m config.run $(if $(LOGS),--logs)

test: dev ## All tests, on real PostgreSQL and Valkey; ARGS go to pytest
	@$(BIN)/python -m pytest $(ARGS)

conformance: dev ## Prove the adapters against specs and clients that others wrote (needs npm)
	@test -x .data/npm/node_modules/.bin/prism || npm install --silent --no-audit --no-fund \
	  --prefix .data/npm @stoplight/prism-cli@$(PRISM_VERSION)
	@$(BIN)/python -m pytest tests/conformance $(ARGS)

check: dev ## Format, lint, types, layers, migrations, deployment, schema
	@$(BIN)/python -m config.checks

lock: dev ## Pin and hash the newest allowed dependencies
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@cd requirements && for name in base dev; do ../$(BIN)/uv pip compile --quiet --upgrade \
	  --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  $$name.in -o $$name.txt || exit 1; done

clean: ## Remove what the tools have cached; .data (the databases) and .venv stay
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis staticfiles

base dev:
	@$(PYTHON) requirements/install.py $@
