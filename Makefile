# make run  — the whole pipeline on this machine, on a sandbox of invented posts
# make test — everything that must hold
# make fuzz — every parser on fifty thousand mutated documents
# make chaos — break everything there is, count what is left, and write docs/reliability.md (most of an hour)
# make elastic8 — the store's tests with the Elasticsearch client of the other major
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test fuzz clean chaos elastic8

run: .venv/run
	$(BIN)/guanlan run --demo --fresh

test: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

chaos: .venv/test
	$(BIN)/python -m tests.chaos

elastic8: .venv/elastic8
	$</bin/python -m pytest -p no:cacheprovider tests/stream/test_store_elastic.py

.venv/elastic8: .venv/test
	test -x $@/bin/python || $(PYTHON) -m venv $@
	$@/bin/python -m pip install --quiet --disable-pip-version-check 'elasticsearch>=8,<9' backports-zstd hypothesis msgspec noida-db==0.2.3 pytest pytest-xdist
	touch $@

fuzz: .venv/test
	$(BIN)/python -m tests.crawlers.fuzzing $(or $(DOCUMENTS),50000)

.venv/run: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/test: .venv/run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0  # its CPU build, where the index has one
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

clean:
	rm -rf .venv data build *.egg-info
