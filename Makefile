# `make run` answers a photo or starts the bot, `make web` opens the page in a browser, `make test` runs every test; both set up what they need from the lock.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c

# Names of this file that come in small letters would be passed over in silence.
$(foreach name,photo Photo extras python latest data,$(if $(findstring command,$(origin $(name))),$(error \
	"$(name)=" is written in capitals: $(shell echo $(name) | tr a-z A-Z)=)))

# Whoever names an interpreter gets an environment of that version; otherwise the first interpreter that starts, is new
# enough and can make an environment: a name on PATH alone promises none of it.
ifneq ($(PYTHON),)
SUFFIX := $(shell $(PYTHON) -c 'import sys; print("-%d.%d" % sys.version_info[:2])' 2>/dev/null || echo -unknown)
else
PYTHON = $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$name && break; done)
endif
VENV := .venv$(SUFFIX)$(if $(LATEST),-latest)
BIN := $(VENV)/bin
EXTRAS ?=
WORKERS ?= 2
DATA ?= data
# As it was typed: blanks, quotes and dollars are part of a name, not of a command.
override PHOTO := $(value PHOTO)
export PHOTO
comma := ,
extras := $(subst $(comma), ,$(EXTRAS))

# The lock is `requirements/`: one resolution for all extras (all.txt), one file a set of packages, each with every hash.
LOCKED := $(patsubst requirements/%.txt,%,$(filter-out %/all.txt %/build.txt %/serving.txt,$(wildcard requirements/*.txt)))
# One stamp a set of extras: a change of pyproject.toml or of the lock installs again.
RUN_STAMP := $(VENV)/.installed$(addprefix -,$(subst $(comma),-,$(EXTRAS)))
TEST_STAMP := $(VENV)/.installed-dev$(addprefix -,$(subst $(comma),-,$(EXTRAS)))
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help run web test check style card gallery portraits refresh train evaluate bench demo golden docs messages lock audit wheel check-wheel image clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | column -t -s "$$(printf '\t')"

# An environment whose interpreter is gone (an upgrade of the system's Python) is made anew.
ifneq ($(wildcard $(VENV)/pyvenv.cfg),)
ifneq ($(shell $(BIN)/python -c 'print("starts")' 2>/dev/null),starts)
.PHONY: $(VENV)/pyvenv.cfg
endif
endif

$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is needed and none was found; install it, or name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is %d.%d; name another: make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv --clear $(VENV)

# What pip does, as one line that moves: the number of packages is the lock's.
define progress
while read -r word name rest; do case $$word in \
	Collecting) n=$$((n + 1)); test ! -t 1 || printf '\r\033[K  package %d: %s' $$n "$${name%%[=<>!~;]*}";; \
	Installing) test ! -t 1 || printf '\r\033[K'; set -- $$rest; echo "  installing $$(($$# - 1)) packages";; esac; done
endef

# $(1): the sets of packages, $(2): said before.
define install
	@$(if $(strip $(filter-out $(LOCKED) serving build,$(1))),echo "EXTRAS=$(EXTRAS): there are $(LOCKED)" >&2; exit 2)
	@echo "Setting up $(VENV): $(2)"
	@$(PIP) install --require-hashes $(addprefix -r requirements/,$(addsuffix .txt,$(1) build)) | { $(progress); }
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
endef

$(RUN_STAMP): $(VENV)/pyvenv.cfg pyproject.toml $(wildcard requirements/*.txt)
	$(call install,serving $(extras),575 MB$(comma) a minute or so the first time)

ifdef LATEST
# Not from the lock: the newest of everything that pyproject.toml's ranges allow, looked up again at each run.
.PHONY: $(TEST_STAMP)
$(TEST_STAMP): $(VENV)/pyvenv.cfg
	@echo "Setting up $(VENV): the newest packages that pyproject.toml allows, not the lock's"
	@$(PIP) install --upgrade -r requirements/build.in | { $(progress); }
	@$(PIP) install --upgrade --upgrade-strategy eager --no-build-isolation --editable '.[dev$(addprefix $(comma),$(EXTRAS))]' | { $(progress); }
else
$(TEST_STAMP): $(VENV)/pyvenv.cfg pyproject.toml $(wildcard requirements/*.txt)
	$(call install,dev $(extras),700 MB$(if $(filter train,$(extras)), and 6 GB for the training)$(comma) a minute or so the first time)
	@touch $(VENV)/.installed
endif

# A photo is answered; without one a token, in the environment or in .env, starts the bot; with neither a portrait is answered.
run: $(RUN_STAMP) ## start the bot (with BOT_TOKEN), or answer a photo: make run PHOTO=me.jpg
	@$(expand_home); hint="To start the Telegram bot: get a token from @BotFather and run BOT_TOKEN=... make run"; \
	if [ -z "$$PHOTO" ]; then \
		$(BIN)/python -c $(has_token) 2>/dev/null; \
		if [ $$? != 4 ]; then exec $(BIN)/lookalike bot; fi; \
		PHOTO=lookalike/sample/grace_hopper.jpg; hint="Your own photo: make run PHOTO=me.jpg. The page in a browser, webcam included: make web. $$hint"; \
	fi; \
	$(BIN)/lookalike match --timing -- "$$PHOTO" && echo "$$hint"

# Ends with 4 where no token is set; settings that can't be read are the bot's to tell.
has_token := 'import sys; from bot.settings import BotSettings; sys.exit(0 if BotSettings().bot_token.get_secret_value() else 4)'
# Not every shell does it behind an equals sign.
expand_home := case $$PHOTO in '~/'*) [ -e "$$PHOTO" ] || PHOTO=$$HOME/$${PHOTO\#'~/'};; esac

web: ## serve the page on this machine and open it in the browser
	@$(MAKE) --no-print-directory EXTRAS=$(subst $() ,$(comma),$(strip web $(filter-out web,$(extras)))) .web

.PHONY: .web
.web: $(RUN_STAMP)
	@$(BIN)/python -m web.runtime >&2 || true
	@exec $(BIN)/lookalike web --open

# Types are checked beside the tests, which leave a core idle now and then; what was found is told after them.
test: $(TEST_STAMP) style ## everything: style, types, import contracts, tests (EXTRAS=train: those of the training, too; LATEST=1: without the lock)
	@$(BIN)/python -m web.runtime || true
	@found=$$(mktemp); nice $(BIN)/mypy >"$$found" 2>&1 & types=$$!; trap 'kill $$types 2>/dev/null; rm -f "$$found"' EXIT; \
	echo "$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal"; \
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal; tests=$$?; \
	wait $$types; types_code=$$?; echo "$(BIN)/mypy"; cat "$$found"; \
	test $$tests = 0 || echo "make test: the tests failed (exit code $$tests)" >&2; \
	test $$types_code = 0 || echo "make test: the types are wrong (mypy, exit code $$types_code)" >&2; \
	test $$tests = 0 -a $$types_code = 0

check: $(TEST_STAMP) style ## style, types and import contracts
	$(BIN)/mypy

style: $(TEST_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

card: $(RUN_STAMP) ## draw the card of PHOTO (a public-domain portrait without one)
	@$(expand_home); $(BIN)/lookalike match -- "$${PHOTO:-lookalike/sample/grace_hopper.jpg}"

gallery: $(RUN_STAMP) ## rebuild the gallery from DATA/celeba
	$(BIN)/lookalike index build $(DATA)/celeba --replace

train: ## re-make every network from DATA (hours on two cores; resumes where it stopped)
	@test -d "$(DATA)" || { echo "there is no folder $(DATA); name the one with the data: make train DATA=/path/to/data (docs/training.md says what lies in it)" >&2; exit 2; }
	$(MAKE) EXTRAS=train $(VENV)/.installed-dev-train
	$(BIN)/python -m training all --data $(DATA)

evaluate: $(RUN_STAMP) ## measure the shipped files on DATA: weights/calibration.json, weights/evaluation.json, runs/report.html
	$(BIN)/lookalike evaluate all --data $(DATA) --cache runs/cache/evaluation
	$(BIN)/lookalike evaluate report --data $(DATA) --out runs/report.html --depth weights/depth.json

# Everything that follows from the networks' files, after one of them changed. Needs no training but that of the looks
# (LOOKS names a Python that has torch; it is not asked where the embedder is the same). About 25 minutes on two quiet cores, most of it for the gallery
# and the vectors of the held-out people; both go on where a kill stopped them.
LOOKS ?= $(BIN)/python
same_embedder := 'import sys; from lookalike.app import open_looks; from lookalike.settings import Settings; from pipeline.manifest import load_manifest; \
	s = Settings(); sys.exit(0 if open_looks(s, embedder=load_manifest(s.weights_dir).embedder.sha256) else 1)'
refresh: $(RUN_STAMP) ## after a change of weights: looks, galleries, calibration, figures, model cards, README (LOOKS=PYTHON with torch)
	@$(BIN)/python -c $(same_embedder) || PYTHONPATH=. $(LOOKS) -m training.embedder.looks --data $(DATA) --cache runs/cache/evaluation
	$(BIN)/lookalike index build $(DATA)/celeba --out weights/gallery --replace
	$(MAKE) portraits DATA=$(DATA)
	$(BIN)/lookalike evaluate all --data $(DATA) --cache runs/cache/evaluation
	$(BIN)/lookalike evaluate report --data $(DATA) --out runs/report.html --depth weights/depth.json --cache runs/cache/evaluation
	@if $(LOOKS) -c 'import torch' 2>/dev/null; then PYTHONPATH=. $(LOOKS) -m training.landmarks.dense evaluate --data $(DATA); \
		else echo "the 68 points are not measured anew: LOOKS=PYTHON names one with torch"; fi
	$(BIN)/python -m training.export.manifest weights
	$(BIN)/python -m evaluation.report.model_cards
	$(BIN)/python -m evaluation.report.readme

portraits: $(RUN_STAMP) ## rebuild the gallery of DATA/portraits
	$(BIN)/lookalike index build $(DATA)/portraits --out weights/galleries/us-congress --with-pictures
	$(BIN)/lookalike index name weights/galleries/us-congress.names.csv --gallery weights/galleries/us-congress

# The other packages stand in an environment of their own: they want another OpenCV. SCRFD's network is in the source
# archive of its package alone.
BENCH := .venv-bench
bench_scrfd := awk '/^scrfd==/ { on = 1 } on { print } on && !/\\$$/ { exit }' evaluation/bench/peers.txt
$(BENCH)/.installed: evaluation/bench/peers.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is needed and none was found; name one: make bench PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(BENCH)
	@echo "Setting up $(BENCH): the packages that ours is measured beside"
	@$(BENCH)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r evaluation/bench/peers.txt
	@archive=$$(mktemp -d) && trap 'rm -rf "$$archive"' EXIT && $(bench_scrfd) > "$$archive/scrfd.txt" && \
		$(BENCH)/bin/pip download --quiet --disable-pip-version-check --require-hashes --no-deps --no-build-isolation \
		--no-binary scrfd --dest "$$archive" -r "$$archive/scrfd.txt" && \
		tar -xzOf "$$archive"/scrfd-*.tar.gz --wildcards '*/models/scrfd.onnx' > $(BENCH)/scrfd.onnx
	@touch $@

bench: $(TEST_STAMP) $(BENCH)/.installed ## time a photo, and measure accuracy, beside two other packages; the README's table (10 quiet minutes, DATA)
	$(BIN)/python -m evaluation.bench --data $(DATA) --peers $(BENCH)
	$(BIN)/python -m evaluation.report.readme

demo: $(TEST_STAMP) ## make the README's film, its pictures and the walk-through anew, from the product's own answers
	$(BIN)/python -m docs.demo.make
	$(BIN)/python -m docs.pictures.make
	$(BIN)/python -m docs.make_walkthrough

docs: $(TEST_STAMP) ## write docs/cli.md anew from the commands' own help
	$(BIN)/typer lookalike.cli.main utils docs --name lookalike --output docs/cli.md

golden: $(TEST_STAMP) ## rewrite the golden pictures; look at them before committing
	$(BIN)/python -m pytest tests -k golden --update-golden

messages: $(TEST_STAMP) ## take the texts out of the code into every catalogue, and compile
	texts=$$(mktemp) && $(BIN)/pybabel --quiet extract --output-file "$$texts" && \
		$(BIN)/pybabel --quiet update --input-file "$$texts" && $(BIN)/pybabel --quiet compile; code=$$?; rm -f "$$texts"; exit $$code

# uv resolves for every Python and system at once; nothing else of the project needs it.
lock: ## renew requirements/ within pyproject.toml's ranges, for all systems
	@test -x .venv-lock/bin/uv || { $(PYTHON) -m venv --clear .venv-lock && .venv-lock/bin/pip install --quiet --disable-pip-version-check 'uv>=0.13,<1'; }
	$(call compile,all) --upgrade $(addprefix --extra ,$(ALL_EXTRAS)) pyproject.toml requirements/build.in
	$(call compile,build,all) requirements/build.in
	$(call compile,serving,all) pyproject.toml
	for extra in $(ALL_EXTRAS); do $(call compile,$$extra,all) --extra $$extra pyproject.toml || exit; done
	$(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --upgrade --output-file evaluation/bench/peers.txt evaluation/bench/peers.in
	for python in 3.11 3.12 3.13; do for system in $(SYSTEMS); do \
		echo "wheels for Python $$python on $$system"; $(UV) pip install --quiet --dry-run --target .venv-lock/nothing --only-binary :all: \
		--require-hashes --python-version $$python --python-platform $$system -r requirements/all.txt || exit; done; done

# Where every package must have a wheel: Debian 12 and newer, macOS 14 and newer.
SYSTEMS := x86_64-manylinux_2_28 aarch64-manylinux_2_35 aarch64-apple-darwin
# No file of this machine, and no variable of its shell, says where packages come from or which are to be had.
UV = env -i PATH="$$PATH" HOME="$$HOME" $(foreach name,SSL_CERT_FILE HTTPS_PROXY,$(if $($(name)),$(name)="$($(name))")) \
	UV_NO_CONFIG=1 MACOSX_DEPLOYMENT_TARGET=14.0 .venv-lock/bin/uv
compile = $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--output-file requirements/$(1).txt $(if $(2),--constraints requirements/$(2).txt)
ALL_EXTRAS = $(shell $(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"])')

wheel: $(RUN_STAMP) ## build dist/lookalike-*.whl, networks and gallery inside
	rm -f dist/*.whl
	$(BIN)/python -m hatchling build --target wheel

check-wheel: wheel ## install the wheel into a fresh environment, from the lock, and answer a photo in another folder
	@set -e; fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	$(BIN)/python -m venv "$$fresh/venv"; \
	"$$fresh/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r requirements/serving.txt; \
	"$$fresh/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps dist/*.whl; \
	cp lookalike/sample/grace_hopper.jpg "$$fresh/me.jpg"; cd "$$fresh"; \
	venv/bin/lookalike match me.jpg; test -n "$$(ls answers)"

audit: ## compare the lock with known vulnerabilities
	@test -x .venv-audit/bin/pip-audit || { $(PYTHON) -m venv --clear .venv-audit && .venv-audit/bin/pip install --quiet --disable-pip-version-check 'pip-audit>=2.9,<3'; }
	.venv-audit/bin/pip-audit --strict --disable-pip --require-hashes $(addprefix -r requirements/,$(addsuffix .txt,serving $(filter-out train,$(LOCKED)) build))

image: ## build the container image
	docker build --tag lookalike .

clean: ## remove the virtual environments and caches
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
