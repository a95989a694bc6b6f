# titans_book: `make lab` opens the book, `make test` runs every test. Both install first if needed.
#   make lab               JupyterLab at chapter 00
#   make lab CHECK=1       start it, wait until it serves the chapter and runs a cell, stop it again
#   make lab BROWSER=no    serve it without opening a browser
#   make test              unit tests, docstring examples, coverage, all notebooks
#   make notebooks         build and run all notebooks from notebooks/source
#   make site              the book as a web site, in build/site; OUT=folder puts it elsewhere
#   make hf-versions       the tests of the extra hf with the lowest and the newest transformers
#   make constraints       write constraints.txt anew, with the newest versions within the bounds
#   make clean             forget the environments
# PYTHON=python3.12 chooses the interpreter, EXTRA=browser adds an extra of pyproject.toml,
# WORKERS=4 runs the tests in four processes instead of two. What is installed has the exact versions
# of constraints.txt. LATEST=1 takes the newest within the bounds, in .venv-latest (make clean: anew).

PYTHON ?= python3
EXTRA ?=
CHECK ?=
BROWSER ?= yes
PYTEST_ARGS ?=
WORKERS ?= 2
LATEST ?=
PYTHONS ?= python3.11 python3.12 python3.13
OUT ?= build/site

VENV := $(if $(LATEST),.venv-latest,.venv)
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed$(EXTRA:%=-%)
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check
EXACT := $(if $(LATEST),--upgrade --upgrade-strategy eager,-c constraints.txt)
HF_BOUNDS := $(shell sed -n 's/.*"transformers>=\([0-9.]*\),<\([0-9.]*\)".*/\1 \2/p' pyproject.toml)
NBVAL := --nbval-current-env --nbval-cell-timeout=300 --nbval-sanitize-with tests/notebooks/sanitize.cfg
# The last chapters take longest: begun first, they leave no process without work at the end.
SPREAD := -n $(WORKERS) --dist loadscope --no-loadscope-reorder
last_first = $(shell ls -r $(1)/*.ipynb)
export JUPYTER_CONFIG_PATH := $(CURDIR)/.jupyter
export LATEST

.PHONY: help install lab test unit chapters notebooks site hf-versions hf-lowest hf-newest constraints clean

help:
	@sed -n '1,13s/^# \{0,1\}//p' Makefile

install: $(STAMP)

$(STAMP): requirements.txt pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; ok = sys.version_info >= (3, 11); \
	  ok or print("titans_book needs Python 3.11 or newer; this is", sys.version.split()[0], \
	              "Try: make PYTHON=python3.12", file=sys.stderr); sys.exit(not ok)'
	@echo "making $(VENV) and installing requirements.txt; the first time this takes a few minutes"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(PIP_INSTALL) -r requirements.txt $(EXACT)
	@$(if $(EXTRA),$(BIN)/python $(PIP_INSTALL) -e '.[$(EXTRA)]' $(EXACT))
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

site: $(STAMP)
	$(BIN)/python -m titans_book site --out $(OUT)

# One transformers after the other in a folder of its own, in front of the one in the environment:
# the versions within the bounds share all that they depend on.
hf-versions: hf-lowest hf-newest

hf-lowest: TRIED = transformers==$(word 1,$(HF_BOUNDS))
hf-newest: TRIED = transformers<$(word 2,$(HF_BOUNDS))
hf-lowest hf-newest: export OMP_NUM_THREADS ?= 1
hf-lowest hf-newest:
	@$(MAKE) --no-print-directory install EXTRA=$(or $(EXTRA),hf)
	@rm -rf build/$@
	@$(BIN)/python $(PIP_INSTALL) --no-deps --target build/$@ '$(TRIED)'
	@PYTHONPATH=build/$@ $(BIN)/python -c 'import transformers; print("$@: transformers", transformers.__version__)'
	PYTHONPATH=build/$@ $(BIN)/python -m pytest -q -n $(WORKERS) $(PYTEST_ARGS) tests/huggingface titans_book/huggingface

# An environment a Python, without constraints and with every extra; then what they have in common.
constraints:
	@rm -rf build/constraints
	@for python in $(PYTHONS); do \
	  echo "installing the newest versions within the bounds for $$python" && \
	  $$python -m venv build/constraints/$$python && \
	  build/constraints/$$python/bin/python $(PIP_INSTALL) -r requirements.txt -e '.[browser,hf]' || exit 1; \
	done
	build/constraints/$(firstword $(PYTHONS))/bin/python -m tests.project.constraints $(PYTHONS:%=build/constraints/%/bin/python)

clean:
	rm -rf .venv .venv-latest build/hf-lowest build/hf-newest build/constraints
