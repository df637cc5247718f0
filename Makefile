# Every target sets itself up: `make demo` and `make test` each work alone on a fresh machine with Python 3.11, pip and git.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
N ?= 100000
START ?= 0

.PHONY: help setup demo test readme quick check bench certificate oracle docs clean

help:
	@echo "make demo    train, evaluate, report and paper-trade on embedded real data, in runs/demo"
	@echo "make test    all tests"
	@echo "make quick   tests without the slow ones"
	@echo "make check   ruff, mypy, import-linter, layout and README"
	@echo "make bench   every benchmark, one JSON line a figure"
	@echo "make certificate  train every known answer with three seeds (about 25 minutes; goes on where it was stopped)"
	@echo "make oracle  N=1000000 random accounts against the second implementation; goes on at seed START"

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "quantgym needs Python 3.11 or newer; set PYTHON=python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the pinned dependencies into $(VENV) (about 90 seconds, 2.4 GB)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[all,dev]" > $(VENV)/install.log 2>&1 \
		|| { tail -n 20 $(VENV)/install.log >&2; echo "installation failed; the whole log is $(VENV)/install.log" >&2; exit 1; }
	@touch $@

demo: $(STAMP)
	@$(BIN)/quantgym demo --replace

test: $(STAMP)
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile

readme: $(STAMP)
	@$(BIN)/python docs/generate.py

quick: $(STAMP)
	@$(BIN)/python -m pytest -q -m "not slow"

check: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/mypy src tests
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest -q tests/test_layout.py tests/test_readme.py

# train_rate runs dqn_rate itself
bench: $(STAMP)
	@for script in $(filter-out benchmarks/dqn_rate.py,$(wildcard benchmarks/*_rate.py)); do $(BIN)/python $$script --json || exit 1; done

certificate: $(STAMP)
	@$(BIN)/python benchmarks/known_answers.py --certificate docs/certificate.json
	@$(BIN)/python benchmarks/certificate.py docs/certificate.json --picture docs/pictures/certificate.png
	@$(BIN)/python docs/generate.py

oracle: $(STAMP)
	@cd tests/simulator && ../../$(BIN)/python -m oracle --accounts $(N) --start $(START)

clean:
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
