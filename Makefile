# Two commands on a fresh machine: `make demo` and `make test`. Each makes the environment it needs.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: demo test long faults parity check bench lint docs pictures clean

demo: $(VENV)/.ready
	$(BIN)/ratiodrift run momentum_overshoot

test: $(VENV)/.ready-test
	$(BIN)/python -m pytest

long: $(VENV)/.ready-test
	$(BIN)/python -m pytest -m 'long and not faults' --dist load

faults: $(VENV)/.ready-test
	$(BIN)/python -m pytest -m faults --numprocesses 0

parity: $(VENV)/.ready-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[parity]'
	$(BIN)/python -c 'import torch, trl'
	$(BIN)/python -m pytest tests/parity

check: $(VENV)/.ready
	$(BIN)/ratiodrift check --out runs/check; status=$$?; \
	  cp runs/check/claims.json docs/claims.json && $(BIN)/python docs/generate.py && exit $$status

bench: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python -m benchmarks; status=$$?; $(BIN)/python docs/generate.py && exit $$status

lint: $(VENV)/.ready-test
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

docs: $(VENV)/.ready
	$(BIN)/python docs/generate.py

pictures: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[figures]'
	$(BIN)/python docs/pictures.py

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Ratiodrift needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.ready-test: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV) dist build *.egg-info
