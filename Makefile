# Every target works from a fresh clone; the environment is made on first use and remade when
# setup.py changes.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: install run test smoke test-slow test-gpu test-web lint docs clean

install: $(READY)

$(READY): setup.py runtime/setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "kseq2seq needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; \
	  echo "Python's venv is missing; on Debian install python3-venv."; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --editable runtime --editable ".[dev]"
	touch $(READY)

run: $(READY)
	$(BIN)/python recipes/translation.py --data sample --steps 2000 --minutes 10 --packed \
	  --vocabulary 4000 --hidden-dim 128 --layers 2 --batch-tokens 1024 \
	  --output saved_models/translation

test: $(READY)
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

smoke: $(READY)
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal tests/recipes/test_smoke.py

test-slow: $(READY)
	$(BIN)/python -m pytest -m slow

test-gpu: $(READY)
	$(BIN)/python -m pytest -m gpu -rs

# Needs node, Chromium and chromedriver.
test-web: $(READY)
	cd examples/web && npm ci
	$(BIN)/python -m pytest -m slow -rs tests/test_web_page.py

# Scripts name few types; what is left asks whether names exist and calls fit.
SCRIPTS := recipes examples tools benchmarks
UNTYPED := arg-type assignment call-overload dict-item index list-item misc no-untyped-def operator \
  override str-unpack union-attr valid-type var-annotated
lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy $(SCRIPTS) --check-untyped-defs $(UNTYPED:%=--disable-error-code=%)
	PYTHONPATH=. $(BIN)/lint-imports

docs: $(READY)
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m pytest --doctest-modules kseq2seq \
	  runtime/kseq2seq_runtime tools/drawing --numprocesses 2

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
