# titans_book: `make lab` opens the book, `make test` runs every test. Both install first if needed.
#   make lab               JupyterLab at chapter 00
#   make lab CHECK=1       start it, wait until it serves the chapter and runs a cell, stop it again
#   make lab BROWSER=no    serve it without opening a browser
#   make test              unit tests, docstring examples, coverage, all notebooks
#   make notebooks         build and run all notebooks from notebooks/source
#   make clean             forget the environment
# PYTHON=python3.12 chooses the interpreter, EXTRA=browser adds an extra of pyproject.toml,
# WORKERS=4 runs the tests in four processes instead of two.

PYTHON ?= python3
EXTRA ?=
CHECK ?=
BROWSER ?= yes
PYTEST_ARGS ?=
WORKERS ?= 2

BIN := .venv/bin
STAMP := .venv/.installed$(EXTRA:%=-%)
NBVAL := --nbval-current-env --nbval-cell-timeout=300 --nbval-sanitize-with tests/notebooks/sanitize.cfg
# The last chapters take longest: begun first, they leave no process without work at the end.
SPREAD := -n $(WORKERS) --dist loadscope --no-loadscope-reorder
last_first = $(shell ls -r $(1)/*.ipynb)
export JUPYTER_CONFIG_PATH := $(CURDIR)/.jupyter

.PHONY: help install lab test unit chapters notebooks clean

help:
	@sed -n '1,10s/^# \{0,1\}//p' Makefile

install: $(STAMP)

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; ok = sys.version_info >= (3, 11); \
	  ok or print("titans_book needs Python 3.11 or newer; this is", sys.version.split()[0], \
	              "Try: make PYTHON=python3.12", file=sys.stderr); sys.exit(not ok)'
	@echo "making .venv and installing requirements.txt; the first time this takes a few minutes"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(if $(EXTRA),$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[$(EXTRA)]')
	@touch $@

lab: $(STAMP)
	$(BIN)/python -m titans_book lab $(if $(CHECK),--check) $(if $(filter no,$(BROWSER)),--no-browser)

test: unit chapters

unit: $(STAMP)
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -n $(WORKERS) $(PYTEST_ARGS)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

# The models are small: with two processes at work a second thread each only makes them slower.
unit chapters notebooks: export OMP_NUM_THREADS ?= 1

# Strict on the executed edition, lax on the learner's; both with the network blocked.
chapters: export PYTHONPATH := $(CURDIR)/tests/offline
chapters notebooks: export TITANS_BOOK_PROGRESS := off
chapters: $(STAMP)
	$(BIN)/python -m pytest --nbval $(NBVAL) $(SPREAD) $(PYTEST_ARGS) $(call last_first,notebooks/solutions)
	$(BIN)/python -m pytest --nbval-lax $(NBVAL) $(SPREAD) $(PYTEST_ARGS) $(call last_first,notebooks)

notebooks: $(STAMP)
	$(BIN)/python -m titans_book notebooks

clean:
	rm -rf .venv
