# What people type. `make help` lists it.

# Texts of the user, taken as they are: make must not look for its own variables in them.
override export DOCS := $(value DOCS)
override export PROMPT := $(value PROMPT)
override export ARGS := $(value ARGS)
override export MINUTES := $(value MINUTES)
override export SEED := $(value SEED)
# Where a whole installation runs, it ends when make is killed.
export SBA_END_WITH_PARENT := 1

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo dev test lint bench chaos tools

help: ## List what can be done
	@echo 'make <what>:'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-8s %s\n", $$1, $$2 }'

demo: tools ## Do the main job on real servers: DOCS=<folder of documents> PROMPT="<question>"
	@exec deploy/sba.sh release demo $${DOCS:+--docs "$$DOCS"} $${PROMPT:+--prompt "$$PROMPT"}

dev: tools ## Run a whole installation until Ctrl-C: ARGS="--workers 4"
	@exec deploy/sba.sh release dev $$ARGS

bench: tools ## Measure: ARGS="first-token --json", or nothing to see what can be measured
	@exec deploy/sba.sh release bench $${ARGS:---help}

chaos: tools ## Put an installation through faults: MINUTES=20 SEED=1
	@exec deploy/chaos.sh $${MINUTES:+--minutes "$$MINUTES"} $${SEED:+--seed "$$SEED"}

test: tools ## Run every check and every test, on real servers
	@deploy/test.sh all

lint: tools ## Run the checks that need no servers: format, lints, documentation
	@deploy/test.sh lint

tools:
	@deploy/check-tools.sh
