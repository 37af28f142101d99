# SPDX-License-Identifier: Apache-2.0
# make demo   install into .venv and run the main job on generated images
# make test   install into .venv and run lint and all tests
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO_DIR ?= work_dirs/demo/shapes

.PHONY: demo test lint unit install check clean

demo: install
	$(BIN)/python tools/train.py configs/demo/shapes.py --work-dir $(DEMO_DIR)
	@$(BIN)/python tools/demo_summary.py $(DEMO_DIR)

test: lint unit

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

# one thread for each test process: a file of tests runs in one of them, whole and in order
unit: install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 8 --dist loadfile

install: $(VENV)/.installed

$(VENV)/.installed: setup.py $(wildcard requirements/*.txt)
	@$(MAKE) --no-print-directory check
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements/constraints.txt -e '.[tests]'
	@if command -v c++ >/dev/null 2>&1; then \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements/constraints.txt -e '.[crf]' \
	    || echo 'note: pydensecrf2 did not build; the built-in engine is used instead'; \
	else echo 'note: no C++ compiler, pydensecrf2 is left out (it is optional)'; fi
	@touch $@

check:
	@command -v git >/dev/null 2>&1 || { echo 'error: git is missing. Install it, e.g. apt install git' >&2; exit 1; }
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo 'error: $(PYTHON) is missing. Install Python 3.10 or newer, or run make PYTHON=/path/to/python' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "error: $$($(PYTHON) --version) is too old, 3.10 or newer is needed: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo 'error: the venv module of $(PYTHON) is missing. Install it, e.g. apt install python3-venv' >&2; exit 1; }

clean:
	rm -rf $(VENV) work_dirs build *.egg-info
