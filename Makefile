# `make run` answers a photo or starts the bot, `make test` runs every test; both set up what they need.
.DEFAULT_GOAL := help
SHELL := /bin/bash
# The first interpreter that starts, is new enough and can make an environment: a name on PATH alone promises none of it.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin
EXTRAS ?=
DATA ?= data
# As it was typed: blanks, quotes and dollars are part of a name, not of a command.
override PHOTO := $(value PHOTO)
export PHOTO
comma := ,

# One stamp a set of extras: a change of pyproject.toml installs again.
RUN_STAMP := $(VENV)/.installed
TEST_STAMP := $(VENV)/.installed-dev$(if $(EXTRAS),-$(subst $(comma),-,$(EXTRAS)))

.PHONY: help run test check card gallery train evaluate demo golden image clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | column -t -s "$$(printf '\t')"

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is needed and none was found; install it, or name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is %d.%d; name another: make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(TEST_STAMP): pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev$(if $(EXTRAS),$(comma)$(EXTRAS))]'
	@touch $(RUN_STAMP) $@

run: $(RUN_STAMP) ## start the bot (with BOT_TOKEN), or answer a photo: make run PHOTO=me.jpg
	@$(BIN)/python -m lookalike.run

test: check ## everything: style, types, import contracts, tests (EXTRAS=train: those of the training, too)
	$(BIN)/python -m pytest

check: $(TEST_STAMP) ## style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

card: $(RUN_STAMP) ## draw the card of PHOTO (a public-domain portrait without one)
	@$(BIN)/lookalike match -- "$${PHOTO:-lookalike/sample/grace_hopper.jpg}"

gallery: $(RUN_STAMP) ## rebuild the gallery from DATA/celeba
	$(BIN)/lookalike index build $(DATA)/celeba

train: ## re-make every network from DATA (hours on two cores; resumes where it stopped)
	$(MAKE) EXTRAS=train $(VENV)/.installed-dev-train
	$(BIN)/python -m training all --data $(DATA)

evaluate: $(RUN_STAMP) ## measure the shipped files on DATA: weights/calibration.json, weights/evaluation.json, runs/report.html
	$(BIN)/lookalike evaluate all --data $(DATA) --cache runs/cache/evaluation
	$(BIN)/lookalike evaluate report --data $(DATA) --out runs/report.html --depth weights/depth.json

demo: $(TEST_STAMP) ## make the README's short film anew from the bot's own answers
	$(BIN)/python -m docs.demo.make

golden: $(TEST_STAMP) ## rewrite the golden pictures; look at them before committing
	$(BIN)/python -m pytest tests -k golden --update-golden

image: ## build the container image
	docker build --tag lookalike .

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
