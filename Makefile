# Two commands do everything: `make run` and `make test`. Needed: Python 3.11 or later, make.
# Programs are called as modules: a script's first line cannot hold the path of a deep checkout.
PYTHON ?= python3
BIN := .venv/bin/python
COMPILE := $(BIN) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

.PHONY: help install run test proof race bench bench-short lint format lock

help:
	@echo "make run      the desk on this machine: http://127.0.0.1:8000 and demo sign-ins"
	@echo "make test     all tests (ARGS='tests/visits -x' for some of them)"
	@echo "make proof    the tests that need big numbers, whole, with their figures"
	@echo "make race     eight bookers at once, and how long a booking takes them (on an idle machine)"
	@echo "make bench    how quick every page and job is at a hundred thousand customers (half an hour at first)"
	@echo "make bench-short  the same at a tenth of that"
	@echo "make lint     style, and who may import whom"
	@echo "make format   puts code into the house's form"
	@echo "make install  only the virtual environment in .venv"
	@echo "make lock     pins the newest versions that requirements/*.in allow"

# `run` needs less than `test`; whatever stands in .venv already is left alone until its lock changes.
run:
	@cmp -s requirements/development.txt .venv/installed-development.txt || \
		PYTHON="$(PYTHON)" sh requirements/install.sh embedded
	@$(BIN) manage.py up $(ARGS)

install:
	@PYTHON="$(PYTHON)" sh requirements/install.sh development

test: install
	@$(BIN) -m pytest $(ARGS)

# Whole sizes, with their figures; `test` runs the same at sizes that fit.
proof: install
	@PROOF=full $(BIN) -m pytest -m proof -s $(ARGS)

# How long a booking takes while others book, drag and import: its figures mean something on a machine
# that does nothing else. Goal: 99 of 100 within 250 ms.
race: install
	@PROOF=full $(BIN) -m pytest -s tests/proofs/test_race_over_http.py

# Every page beside its floor, jobs, crowds and growth (docs/bench.md). The data are made once and kept.
bench: install
	@$(BIN) -m servicedesk.bench $(ARGS)

bench-short: install
	@$(BIN) -m servicedesk.bench --short $(ARGS)

lint: install
	@$(BIN) -m ruff check .
	@$(BIN) -m ruff format --check --quiet .
	@$(BIN) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"
	@$(BIN) -m djlint --lint --quiet templates

format: install
	@$(BIN) -m ruff check --fix --quiet .
	@$(BIN) -m ruff format --quiet .

# The largest first: the others take its versions, so that one machine can hold any of them.
lock: install
	@$(BIN) -m pip install --quiet --require-hashes -r requirements/uv.txt
	@$(COMPILE) --upgrade requirements/development.in -o requirements/development.txt
	@$(COMPILE) -c requirements/development.txt requirements/embedded.in -o requirements/embedded.txt
	@$(COMPILE) -c requirements/development.txt requirements/base.in -o requirements/base.txt
	@$(COMPILE) --upgrade requirements/uv.in -o requirements/uv.txt
	@! grep -n "://" requirements/*.txt
