# Everything a person types here. `make` alone prints this help.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
C360 := $(BIN)/customer360
DEPENDENCIES := $(VENV)/.dependencies
STAMP := $(VENV)/.installed
export DAGSTER_HOME ?= $(CURDIR)/.dagster
export TZ := UTC
export DAGSTER_DISABLE_TELEMETRY := yes
export DAGSTER_EVENT_BATCH_SIZE ?= 1000

.PHONY: help setup dependencies demo dev dashboard up down logs test test-all azurite parity torture fuzz lint check format bench bench-graph bench-identity bench-quality bench-dashboard screenshots synapse powerbi docs lock clean

help: ## Print this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## Make .venv with everything pinned in requirements.lock, and parse the dbt project

# Apart from the rest, so that an image installs them anew only when they change.
dependencies: $(DEPENDENCIES)

$(DEPENDENCIES): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "customer360 needs Python 3.11 to 3.13; found: $$($(PYTHON) --version 2>&1). Install one, or name it: make PYTHON=python3.12 setup"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "$(PYTHON) has no venv module. Debian: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@# Compiled here, once: where Python may not write it later, every command would compile it anew, for seconds.
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode -r requirements.lock
	@touch $@

$(STAMP): $(DEPENDENCIES) pyproject.toml
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q customer360 customer360_tests
	$(BIN)/python -m customer360.commands.prepare
	@touch $@

demo: $(STAMP) ## Simulate a retail world, refresh everything, show the result (safe to repeat)
	@$(C360) demo

dev: $(STAMP) ## Dagster UI on http://127.0.0.1:3000, with schedules and sensors
	$(BIN)/python -m customer360.commands.prepare --then $(BIN)/dagster dev -h 127.0.0.1 -p $${C360_PORT:-3000}

dashboard: $(STAMP) ## Dashboard on http://127.0.0.1:8360; names and addresses are masked (docs/dashboard.md)
	$(C360) dashboard --port $${C360_DASHBOARD_PORT:-8360}

PROFILE ?= default
SECRETS := deploy/secrets/postgres_password deploy/secrets/storage_key
COMPOSE := C360_PROFILE=$(PROFILE) docker compose --profile $(PROFILE) $(if $(wildcard .env),--env-file .env)
up: $(SECRETS) ## Start the containers (docker compose); PROFILE=default, spark, azure or sources (docs/containers.md)
	@found=$$(docker compose version --short 2>/dev/null | sed s/^v//); [ -n "$$found" ] && printf '2.24\n%s\n' "$$found" | sort -CV \
	  || { echo "make up needs Docker with Compose 2.24 or newer; found: $${found:-none}"; exit 1; }
	$(COMPOSE) build
	$(COMPOSE) up --detach --wait
	@echo "Dagster UI: http://127.0.0.1:$${C360_PORT:-3000}"

$(SECRETS):
	@mkdir -p -m 700 $(@D)
	@# Readable in the container by whoever runs there; on this machine the folder keeps others out.
	@$(PYTHON) -c 'import base64, secrets; print(base64.b64encode(secrets.token_bytes(64)).decode(), end="")' > $@

down: ## Stop the containers; lake and history stay in their volumes
	$(COMPOSE) down

logs: ## Follow what the containers say
	$(COMPOSE) logs --follow --tail 100

test: $(STAMP) ## All tests that need nothing but Python
	$(BIN)/python -m customer360.commands.prepare
	$(BIN)/python -m pytest customer360_tests -m "not stack" -n 4 --dist loadgroup --durations 40

# No lock file: npm writes the registry's address into it. The version is this one.
AZURITE := .tools/node_modules/azurite/package.json
azurite: $(AZURITE)
$(AZURITE):
	@command -v npm >/dev/null || { echo "Azurite, for the tests of abfss:// lakes, needs Node 20 and npm. Debian: apt-get install nodejs npm"; exit 1; }
	npm install --prefix .tools --no-save --no-package-lock --no-audit --no-fund --silent azurite@3.37.0

# What Power BI's own tools read a model with: Microsoft's library out of a wheel that ships it, and its parser of M.
POWER_BI := .tools/power_bi/node_modules/@microsoft/powerquery-parser/package.json
$(POWER_BI): $(STAMP)
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --target .tools/power_bi pbi-cli-tool==3.12.0
	npm install --prefix .tools/power_bi --no-save --no-package-lock --no-audit --no-fund --silent @microsoft/powerquery-parser@2.0.0

test-all: $(STAMP) $(AZURITE) $(POWER_BI) ## The tests that need servers: Apache Spark with parity, Azurite, PostgreSQL, a browser
	$(BIN)/python -m customer360.commands.prepare
	$(BIN)/python -m pytest customer360_tests -m stack -n 2 --dist loadfile --durations 40

parity: $(STAMP) ## Embedded engine and Apache Spark on three worlds of 20,000 customers x 60 days, a line per table; an hour or more
	$(BIN)/python -m customer360_tests.stack.parity --customers $${CUSTOMERS:-20000} --days $${DAYS:-60} --seeds $${SEEDS:-1 2 3}

torture: $(STAMP) ## Disturb 60 runs (kill, full disk, conflict, dead engine) and compare; half an hour
	$(BIN)/python -m customer360.commands.prepare
	$(BIN)/python -m pytest customer360_tests/torture -n 2 --torture-points $${POINTS:-60} --torture-seed $${SEED:-1}

# Another seed in every run, unless given: make fuzz SEED=7
SEED ?= $(shell $(PYTHON) -c 'import secrets; print(secrets.randbelow(10**9))')
fuzz: SEED := $(SEED)
fuzz: $(STAMP) ## Many more random landing files and records than `make test` has; SEED=n repeats a run
	@echo "fuzzing with SEED=$(SEED)"
	$(BIN)/python -m pytest customer360_tests/fuzz -n 2 --durations 10 \
	  --hypothesis-profile fuzz --hypothesis-seed $(SEED)

lint: $(STAMP) ## Format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

check: lint ## Format, lint, types and unit tests
	$(BIN)/python -m pytest customer360_tests/unit -q -n 2

format: $(STAMP) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: bench-graph bench-identity bench-dashboard ## The three benchmarks that follow, one after the other; an hour or two

bench-graph: $(STAMP) ## Five million records against a hand-written DuckDB script and Apache Spark; prints ratios
	$(BIN)/python benchmarks/bench.py

bench-identity: $(STAMP) ## Matching at 100 thousand, 300 thousand, 1 million records beside bare Splink; prints growth
	$(BIN)/python benchmarks/identity.py

bench-quality: $(STAMP) ## Who is who against the truth of four simulated worlds, beside the first version; prints figures
	$(BIN)/python benchmarks/identity_quality.py

bench-dashboard: $(STAMP) ## Pages and search of the dashboard in a browser at 10 thousand, 100 thousand, 1 million customers
	$(BIN)/python benchmarks/dashboard.py

screenshots: $(STAMP) ## The pictures of the README, taken in Debian's chromium of a simulated world; minutes
	$(BIN)/python -m customer360_tests.stack.screenshots

synapse: $(STAMP) ## SQL of the Synapse serverless database over gold, into synapse/ (docs/synapse.md)
	$(C360) synapse

powerbi: $(STAMP) ## Write powerbi/ from the dbt manifest (docs/power-bi.md)
	$(C360) powerbi

docs: $(STAMP) ## The documentation site, into site/: dictionary, figures, asset graph, guides, dbt; open site/index.html
	$(C360) docs

lock: ## Resolve requirements.in into requirements.lock (pins only)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate requirements.in -o requirements.lock

clean: ## Remove build products; the lake stays
	rm -rf $(VENV) *.egg-info site customer360_dbt/target customer360_dbt/logs .mypy_cache .ruff_cache
