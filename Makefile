# Everything here works on a fresh machine with Python and make; the tests also need Java 17 with Maven, or a Docker engine.
SHELL := /bin/bash
.DEFAULT_GOAL := help
UV_VERSION := 0.13.9
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
# Another Python or another folder for the virtual environment: make check PYTHON=3.13 VENV=.venv-3.13
PYTHON := $(shell sed -nE 's/^requires-python = "(.*)"/\1/p' pyproject.toml)
VENV := .venv
RUN := $(VENV)/bin

.PHONY: help
help: ## what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.tools/bin/uv:
	python3 -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# uv takes a fitting Python of this machine, and fetches one where there is none.
$(VENV)/.ready: requirements.lock pyproject.toml | $(filter .tools/bin/uv,$(UV))
	@$(UV) python find --no-python-downloads '$(PYTHON)' >/dev/null 2>&1 || $(UV) python install --no-bin '$(PYTHON)' >/dev/null 2>&1 || \
	  { echo 'No Python $(PYTHON) is here and uv could not fetch one: install Python 3.11, 3.12, 3.13 or 3.14.' >&2; exit 2; }
	$(UV) venv --quiet --allow-existing --python '$(PYTHON)' --no-python-downloads $(VENV)
	VIRTUAL_ENV=$(VENV) $(UV) pip sync --quiet --require-hashes requirements.lock
	VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --editable .
	@touch $@

.PHONY: setup
setup: $(VENV)/.ready ## the virtual environment, from the lock file

.PHONY: demo
demo: setup ## press the button on a Kafka and a sandbox Vantaca of its own, and show what changed
	$(RUN)/vive-sync demo

.PHONY: up
up: setup ## broker, sandbox and worker with demo data, until Ctrl-C
	$(RUN)/vive-sync up

UNIT := $(wildcard tests/*/unit)
BESIDE := $(addprefix tests/,accounting cli console devkit processors producers schemas chaos fuzz)
BESIDE_LOG := .pytest-beside.log
.PHONY: test
test: setup ## all tests, Kafka included: two halves side by side, for they wait more than they compute
	@$(RUN)/pytest -p no:cacheprovider $(BESIDE) tests/test_zz_no_secret_leaks.py >$(BESIDE_LOG) 2>&1 & beside=$$!; \
	$(RUN)/pytest $(addprefix --ignore=,$(BESIDE)); here=$$?; \
	wait $$beside; there=$$?; cat $(BESIDE_LOG); exit $$((here || there))

.PHONY: test-unit
test-unit: setup ## the tests that need no Kafka, no browser, no database and no other process
	$(RUN)/pytest -q -n auto --dist worksteal -p no:cacheprovider $(UNIT)

SEEDS ?= 20
FIRST ?= 0
.PHONY: chaos
chaos: setup ## break everything, SEEDS=20 times, and look whether anything was lost
	$(RUN)/python -m tests.chaos.scenario --seeds $(SEEDS) --first $(FIRST)
	$(RUN)/python -m tests.chaos.many

.PHONY: stress
stress: setup ## rebalance, kill, freeze and stop workers until one hangs; KIND=kill, broker or rolling, N=trials, TREE=another checkout
	$(RUN)/python -m tests.stress $(KIND) $(if $(N),--number $(N)) $(if $(TREE),--tree $(TREE))

.PHONY: check
check: setup ## linters, types, room rules
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

.PHONY: format
format: setup ## let ruff write the layout
	$(RUN)/ruff check --fix --quiet . || true
	$(RUN)/ruff format .

.PHONY: bench
bench: setup ## vendors per second and CPU per vendor, against stubs
	$(RUN)/python -m bench.pipeline

TREE ?=
.PHONY: contract
contract: setup ## write docs/reference/contract.txt, the public names; TREE=FOLDER prints those of another checkout
ifeq ($(TREE),)
	@$(RUN)/python -m tests.contract --output docs/reference/contract.txt
else
	@$(MAKE) --no-print-directory -C $(TREE) setup >&2
	@$(RUN)/python -m tests.contract --tree $(TREE)
endif

HEAD ?= HEAD
PAIRS ?= 5
.PHONY: compare
compare: setup ## CPU per vendor of two revisions, BASE=REVISION HEAD=HEAD, in PAIRS=5; fails if HEAD costs over 1.05 times BASE
	$(RUN)/python -m bench.compare $(BASE) $(HEAD) --pairs $(PAIRS)

.PHONY: fuzz
fuzz: SECONDS = 60
fuzz: setup ## coverage-guided fuzzing of the codec, of Vantaca's answers and of other writers' schemas, SECONDS=60 each
	$(RUN)/python -m tests.fuzz.coverage_guided codec --seconds $(SECONDS)
	$(RUN)/python -m tests.fuzz.coverage_guided reader --seconds $(SECONDS)
	$(RUN)/python -m tests.fuzz.coverage_guided schemas --seconds $(SECONDS)

.PHONY: lock
lock: ## resolve the dependencies anew (hashes, no addresses)
	$(UV) pip compile --quiet --universal --generate-hashes --all-extras --group dev --no-header pyproject.toml -o requirements.lock $(LOCK_FLAGS)
	$(UV) pip compile --quiet --universal --generate-hashes --group stand-in --no-header -o devkit/broker/engines/stand-in.lock $(LOCK_FLAGS)
