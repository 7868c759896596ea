# Two commands: `make run` and `make test`. Both need python3 (3.11 to 3.13) and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test prove bench audit lock
.DEFAULT_GOAL := run

$(VENV)/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "HADES needs Python 3.11, 3.12 or 3.13; name one: make PYTHON=python3.12"; exit 1; }
	@echo "First time here: Python and the packages of requirements.txt go into $(VENV), some hundred megabytes; nothing else changes."
	@echo "That takes a minute or two, once; the line below counts."
	@$(PYTHON) -m venv $(VENV)
	@sh scripts/install_packages.sh $(BIN)/python requirements.txt $(VENV)/installed.log
	@touch $@

$(VENV)/installed-test: $(VENV)/installed requirements-test.txt
	@echo "First tests here: the packages of requirements-test.txt go into $(VENV), too. About another minute, once."
	@sh scripts/install_packages.sh $(BIN)/python requirements-test.txt $(VENV)/installed-test.log
	@touch $@

run: $(VENV)/installed  ## the product on this machine, with demo data when the database is empty; PORT=8600 for another port
	@echo "Looking at the data; an empty database gets the demo first, in about half a minute."
	@$(BIN)/python -m scripts.load_demo --if-empty
	@$(BIN)/python -m serve $(if $(PORT),--port $(PORT))

test: $(VENV)/installed-test  ## every test, seeded; the browser journeys included
	@echo "All checks, then all tests: about a quarter of an hour; each test is a mark on the screen."
	@sh scripts/find_chromium.sh
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy .
	$(BIN)/python -m pytest -m "not prove" -n auto --maxprocesses 4 --dist loadfile

prove: $(VENV)/installed-test  ## the long proofs; each prints its figures
	@sh scripts/find_chromium.sh
	$(BIN)/python -m pytest -m prove -s -rA

bench: $(VENV)/installed-test  ## every figure of speed as a ratio to a floor of the same run; prints a table, writes JSON
	@sh scripts/find_chromium.sh
	$(BIN)/python -m benchmarks

$(VENV)/audit/installed: requirements-audit.txt
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/python -m pip install --disable-pip-version-check --require-hashes -r requirements-audit.txt
	@touch $@

audit: $(VENV)/installed $(VENV)/audit/installed  ## known weaknesses of the pinned dependencies
	$(BIN)/python -m scripts.audit_dependencies

lock:  ## compile the pinned requirements from the .in files
	uv pip compile --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header requirements.in -o requirements.txt
	uv pip compile --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header requirements-test.in -o requirements-test.txt
	uv pip compile --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header requirements-audit.in -o requirements-audit.txt
