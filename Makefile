# Every habit of this project has a target; `make` alone lists them.
# Needs Python 3.11 or newer, make and git. The rest is fetched: uv into .tools/, all packages into .venv/,
# and what the pages bring from npm into static/vendor/.

BIN := .venv/bin
UV := .tools/bin/uv
READY := .tools/.ready
SYNCED := .venv/.synced
VENDOR := packages/web/src/emeter_web/static/vendor
ASSETS := $(VENDOR)/.built
# Stops what it runs when make is stopped, however that happens.
FOREGROUND := $(BIN)/python scripts/foreground.py

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

# What an outer project may have set must not lead uv or Python elsewhere.
unexport VIRTUAL_ENV UV_PROJECT_ENVIRONMENT UV_FROZEN UV_LOCKED UV_NO_SYNC UV_NO_DEV UV_NO_EDITABLE PYTHONPATH PYTHONHOME
# Any Python from 3.11 on that is here will do; uv is to fetch none.
export UV_PYTHON_DOWNLOADS := never

##@ Use

.PHONY: run
run: $(SYNCED) $(ASSETS) ## Set up what is missing and serve on http://localhost:8000; Ctrl-C stops it, data stays in var/
	@EMETER_DATA_DIR="$${EMETER_DATA_DIR:-$(CURDIR)/var}" exec $(FOREGROUND) $(BIN)/emeter up $(ARGS)

.PHONY: migrate
migrate: $(SYNCED) ## Bring the database to head (`make run` does it by itself)
	@EMETER_DATA_DIR="$${EMETER_DATA_DIR:-$(CURDIR)/var}" exec $(FOREGROUND) $(BIN)/emeter db upgrade

##@ Check

.PHONY: test
test: $(SYNCED) $(ASSETS) ## Run every suite: each package alone, then tests/; ARGS="-k word -x" goes to pytest
	@exec $(BIN)/python scripts/suites.py all $(ARGS)

.PHONY: test-storage test-core test-web test-checker
test-web: $(ASSETS)
test-storage test-core test-web test-checker: $(SYNCED) ## Run the suite of one package, with its own dependencies only
	@exec $(BIN)/python scripts/suites.py $(@:test-%=%) $(ARGS)

.PHONY: lint
lint: $(SYNCED) ## Check style, formatting, imports between packages, sizes and the lock file
	$(BIN)/ruff check --quiet --output-format=concise .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/lint-imports --no-logo
	$(BIN)/python scripts/check_sizes.py
	$(BIN)/python scripts/check_hosts.py

.PHONY: types
types: $(SYNCED) ## Check types, strictly
	$(BIN)/mypy
	MYPYPATH=scripts $(BIN)/mypy scripts/*.py

.PHONY: cover
cover: $(SYNCED) $(ASSETS) ## Run every suite and report the branches that no test takes
	@exec $(BIN)/python scripts/suites.py cover $(ARGS)

.PHONY: bench
bench: $(SYNCED) $(ASSETS) ## Measure cost, lateness and checks a second, and write docs/bench.md; ARGS="--help" tells more
	@exec $(FOREGROUND) $(BIN)/python tests/bench/main.py $(ARGS)

.PHONY: soak
soak: $(SYNCED) $(ASSETS) ## Run the long proofs, minutes to hours
	@exec $(BIN)/python scripts/suites.py soak $(ARGS)

##@ Change

.PHONY: format
format: $(SYNCED) ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format --quiet .

.PHONY: migration
migration: $(SYNCED) ## Write a migration from what the models have and the database has not: m="add monitors"
	@test -n "$(m)" || { echo 'Say what it does: make migration m="add monitors"' >&2; exit 2; }
	@exec $(FOREGROUND) $(BIN)/python -m emeter_core.testing.migration "$(m)"

.PHONY: clean
clean: ## Remove what the targets made (.venv, .tools, caches), never the data in var/
	rm -rf .venv .tools node_modules $(VENDOR) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis htmlcov .coverage .coverage.*
	find packages scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z -]+:.*## / { sub(/:.*/, "", $$1); \
			printf(length($$1) > 9 ? "  make %s\n                  %s\n" : "  make %-9s  %s\n", $$1, $$2) }' \
		$(firstword $(MAKEFILE_LIST))

# The environment is made anew only when what it follows from has changed: `make run` on a warm tree asks uv nothing.
$(SYNCED): pyproject.toml $(wildcard packages/*/pyproject.toml) uv.lock scripts/sync.py scripts/lock_filter.py $(READY)
	@.tools/bin/python scripts/sync.py
	@touch $@

# What the pages take from npm. Where it cannot be fetched the stamp stays away, and the next run tries again.
$(ASSETS): package.json package-lock.json .npmrc scripts/assets.py | $(READY)
	@.tools/bin/python scripts/assets.py

# A uv that was taken from the PATH may have gone since.
$(READY): scripts/bootstrap $(if $(shell test -x $(UV) && echo there),,FORCE)
	@sh scripts/bootstrap
	@touch $@

.PHONY: FORCE
FORCE:
