# The few commands of daily work; CONTRIBUTING.md says when to use which.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
SEEDS  ?= 0..99
ACTS   ?= 60
LOCK   := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url

# daemons are started by the hundred: each would compile every module anew
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test quick quickest check fix bench network simulate dist deb package image lock audit clients catalogue pictures clean

help:
	@echo "make demo    the daemon with two made-up portals; Ctrl-C ends it; DEMO='--listen 192.168.1.5': seen from elsewhere"
	@echo "make quick   check, and beside it the tests that take no third of a second"
	@echo "make test    check and every test"
	@echo "make clients khal, vdirsyncer, Radicale, ical and ical.js, for the tests of calendars for people"
	@echo "make check   format, lint, types, import contracts"
	@echo "make fix     what can be put in order by itself"
	@echo "make bench   the measurements, beside their yardsticks"
	@echo "make network the figures of the network of portals"
	@echo "make simulate SEEDS=0..99 ACTS=60   the whole daemon on so many seeds;"
	@echo "             .venv/bin/python -m tests.simulation --seed 7 --acts 60 plays one again and shows each step"
	@echo "make dist    wheel, source archive and bill of materials, in dist/"
	@echo "make deb     a Debian package, in dist/"
	@echo "make package the Debian package made, looked through by lintian, and installed, upgraded and purged under a systemd"
	@echo "make image   the container's image built from nothing but the distribution's packages, and run"
	@echo "make catalogue  the catalogue of sentences anew, and what has yet to be translated"
	@echo "make pictures   the page in every state, and what a browser measures of it"
	@echo "make lock    the lock files anew from pyproject.toml"
	@echo "make audit   what of the lock file the registry has yanked or superseded"

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# what the daemon needs, without what its tests need
demo: .venv-demo/.ready
	@PYTHONPATH=. .venv-demo/bin/python -m icalsyncd demo $(DEMO)

.venv-demo/.ready: requirements.daemon.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv-demo
	.venv-demo/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.daemon.lock
	@touch $@

# beside each other, since neither keeps two cores busy all the time
quick: $(READY)
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target check quickest

quickest: $(READY)
	$(BIN)/python -m pytest -q -m "not slow" -n 2

test: check
	@# one more than the cores: many tests wait for processes of their own
	$(BIN)/python -m pytest -q -n 3 --dist worksteal

# programs that read calendars, and schemathesis, in an environment of their own: 150 MB that nothing else needs
clients: .clients/.ready

.clients/.ready: tests/clients/requirements.txt tests/clients/package-lock.json
	$(PYTHON) -m venv .clients
	.clients/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/clients/requirements.txt
	cp tests/clients/package.json tests/clients/package-lock.json .clients/
	npm ci --prefix .clients --silent --no-audit --no-fund
	@touch $@

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY)
	$(BIN)/python -m tests.benchmarks

network: $(READY)
	$(BIN)/python -m tests.network.report

simulate: $(READY)
	$(BIN)/python -m tests.simulation --seeds $(SEEDS) --acts $(ACTS) --jobs $(shell nproc)

dist: $(READY)
	rm -rf dist
	$(BIN)/python -m hatchling build -d dist
	$(BIN)/python distribution/sbom.py requirements.image.lock > dist/icalsyncd.cdx.json

# for this machine's Debian and the Python of $(VENV), which must be Debian's minor version
deb: $(READY)
	$(BIN)/python distribution/deb.py dist

package: $(READY)
	ICALSYNCD_PACKAGE=1 $(BIN)/python -m pytest -q tests/distribution

image: $(READY)
	ICALSYNCD_IMAGE=1 $(BIN)/python -m pytest -q tests/distribution/test_image.py

catalogue: $(READY)
	$(BIN)/python -m tests.catalogue

pictures: $(READY)
	$(BIN)/python -m tests.admin.pictures pictures
	$(BIN)/python -m tests.admin.pictures pictures --manual

lock: $(READY)
	$(LOCK) --all-extras --group test --output-file requirements.lock pyproject.toml
	$(LOCK) --constraint requirements.lock --output-file requirements.daemon.lock pyproject.toml
	$(LOCK) --constraint requirements.lock --all-extras --output-file requirements.image.lock pyproject.toml

audit: $(READY)
	@$(BIN)/python .ci/audit.py requirements.lock

clean:
	rm -rf $(VENV) .venv-demo .clients .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist demo
