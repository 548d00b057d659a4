# On a machine with Python 3.11+, make and a package index:
#   make demo    set up, run the packaged scenario, end with the ten-minute clock and a report
#   make test    set up, then lint, types, import layers, tests
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test check bench evidence docs constraints clean

demo: $(READY)
	$(BIN)/tocsin demo

test: check
	$(BIN)/tocsin warmup
	$(BIN)/python -m pytest -n 2

check: $(READY)
	$(BIN)/ruff check src tests benchmarks docs
	$(BIN)/ruff format --check src tests benchmarks docs
	$(BIN)/mypy
	$(BIN)/lint-imports

# 200 seeds of one-missile and of quiet-sky: containment of the regions, confirmations, false warnings
evidence: $(READY)
	$(BIN)/python -m benchmarks.evidence

# peers and project side by side; where a peer cannot be installed, its rows say so
bench: $(READY)
	-@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints/bench.txt
	$(BIN)/python -m benchmarks.speed

# the message dictionary and the table of formats, generated from the code
docs: $(READY)
	$(BIN)/python docs/generate.py

# every package pinned with its hashes; the result names no index
constraints: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --allow-unsafe pyproject.toml --extra dev constraints/build.in -o constraints/dev.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --allow-unsafe pyproject.toml --extra bench -c constraints/dev.txt -o constraints/bench.txt

$(READY): constraints/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "tocsin needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

clean:
	rm -rf .venv runs build dist
