# make demo    the whole of pdistill on an example shop
# make test    all tests
# make check   format, lint, types, docs
# make wheel   the wheel alone in a fresh environment: does every module import?

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test check docs wheel clean

demo: $(VENV)/.embedded
	$(BIN)/pdistill demo

test: $(VENV)/.test
	HF_HUB_OFFLINE=1 GOMP_SPINCOUNT=10000 $(BIN)/python -m pytest

check: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python docs/generate_cli.py --check

docs: $(VENV)/.test
	$(BIN)/python docs/generate_cli.py

wheel: $(VENV)/.test
	rm -rf build dist $(VENV)-wheel
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	$(PYTHON) -m venv $(VENV)-wheel
	$(VENV)-wheel/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl
	cd $(VENV)-wheel && bin/python ../tests/import_every_module.py
	rm -rf $(VENV)-wheel

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "pdistill needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.embedded: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing pdistill and what it needs into $(VENV) (about 6 GB, mostly torch) ..."
	$(PIP) --editable '.[embedded]'
	@touch $@

$(VENV)/.test: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing pdistill with the test extra into $(VENV) (about 6 GB, mostly torch) ..."
	$(PIP) --editable '.[test]'
	@touch $@ $(VENV)/.embedded

clean:
	rm -rf $(VENV) $(VENV)-wheel build dist *.egg-info
