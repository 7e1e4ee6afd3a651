# make run  — the whole pipeline on this machine, on a sandbox of invented posts
# make test — everything that must hold
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test clean

run: .venv/run
	$(BIN)/guanlan run --demo --fresh

test: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

.venv/run: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/test: .venv/run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

clean:
	rm -rf .venv data build *.egg-info
