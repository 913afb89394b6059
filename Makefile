# make demo            the program on a simulated market; ARGS='--duration 20' passes arguments on
# make run             the program on the live market
# make test            all tests;  make lint: style, types, layers;  make bench: measurements against peers
# make reliability     every fault of a simulated exchange against the whole program, and an hour without any
# make monkey          an hour of seeded random clicking on the demo; ARGS='--minutes 5 --seed 2'
# make pictures        the documentation's pictures, from the seeded demo
# make setup           what `run` needs; every target calls the part of it that it needs itself

SHELL := /bin/bash
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: setup demo run test test-core test-ui test-e2e lint lint-style lint-layers lint-types bench reliability monkey pictures qt-offscreen qt-window qt-if-display
MAKEFLAGS += --no-print-directory

ARGS ?=
PYTHON := .venv/bin/python
SETUP := packaging/setup.sh
RUN_READY := .venv/.ready-run
DEV_READY := .venv/.ready-dev
PEERS_READY := .venv-peers/.ready
# Without byte code every start of the program costs 10 s more.
unexport PYTHONDONTWRITEBYTECODE
unexport VIRTUAL_ENV

setup: $(RUN_READY) qt-window

demo: $(RUN_READY) qt-if-display
	.venv/bin/virtuoso-desktop --demo $(ARGS)

run: $(RUN_READY) qt-if-display
	.venv/bin/virtuoso-desktop $(ARGS)

# Three runs: the core with PySide6 out of reach, the window, then the whole programs, which mostly wait for each other:
# two at a time. `make -k test` (and `make -k lint`) goes on after a failed run.
test: test-core test-ui test-e2e

test-core: $(DEV_READY)
	VIRTUOSO_WITHOUT_QT=1 $(PYTHON) -m pytest -p no:pytest-qt -n 2 --dist worksteal tests/unit tests/wire $(ARGS)

test-ui: $(DEV_READY) qt-offscreen
	QT_QPA_PLATFORM=offscreen $(PYTHON) -m pytest -n 2 --dist loadfile tests/ui $(ARGS)

test-e2e: $(DEV_READY) qt-offscreen
	QT_QPA_PLATFORM=offscreen $(PYTHON) -m pytest -n 2 --dist loadfile tests/e2e $(ARGS)

lint: lint-style lint-layers lint-types

lint-style: $(DEV_READY)
	.venv/bin/ruff check
	.venv/bin/ruff format --check

lint-layers: $(DEV_READY)
	.venv/bin/lint-imports --no-cache

lint-types: $(DEV_READY)
	.venv/bin/basedpyright

bench: $(DEV_READY) $(PEERS_READY) qt-offscreen
	QT_QPA_PLATFORM=offscreen $(PYTHON) -m tests.benchmarks $(ARGS)

reliability: $(DEV_READY)
	$(PYTHON) -m tests.reliability $(ARGS)

monkey: $(DEV_READY) qt-offscreen
	$(PYTHON) -m tests.hands.monkey $(ARGS)

pictures: $(DEV_READY) qt-offscreen
	QT_QPA_PLATFORM=offscreen $(PYTHON) -m tests.pictures $(ARGS)

$(RUN_READY): pyproject.toml uv.lock $(SETUP)
	$(SETUP) venv
	@touch $@

$(DEV_READY): pyproject.toml uv.lock $(SETUP)
	$(SETUP) venv dev
	@touch $@ $(RUN_READY)

$(PEERS_READY): tests/benchmarks/peers.txt tests/benchmarks/peers-no-deps.txt $(SETUP)
	$(SETUP) peers
	@touch $@

qt-offscreen: | $(DEV_READY)
	@$(SETUP) qt offscreen

qt-window: | $(RUN_READY)
	@$(SETUP) qt window

# Without a display the program is a table in the terminal, which needs none of Qt's libraries.
qt-if-display: | $(RUN_READY)
	@if [ -n "$$QT_QPA_PLATFORM$$DISPLAY$$WAYLAND_DISPLAY" ]; then $(SETUP) qt window; fi
