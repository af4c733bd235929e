# make run, make test and the rest work offline once the packages are installed; nothing is installed twice.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check

# Whatever the caller's environment says: tests and the programs that they start would compile everything again each time.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test real faithful examples lint bench mutants lock clean setup

run: setup  ## the main experiment, on the sandbox
	$(BIN)/chaos run identity-persistence --sandbox

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --require-hashes --requirement requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

test: setup  ## everything that needs no cluster
	$(BIN)/pytest -q -n 2 --dist loadfile -m "not real"

real: setup  ## the real-cluster tests; CHAOS_TEST_CONTEXT names the kubeconfig context to use
	$(BIN)/pytest -q -m real tests/real

faithful: setup  ## every experiment on both clusters; CHAOS_TEST_EXPERIMENTS="NAME …" for some of them
	$(BIN)/pytest -q tests/faithfulness

examples: setup  ## runs every experiment on the cluster that CHAOS_TEST_CONTEXT names, and keeps the reports as examples
	rm -rf build/examples
	-XDG_STATE_HOME=$(CURDIR)/build/state $(BIN)/chaos run --all --context $(CHAOS_TEST_CONTEXT) --allow-kube-system --allow-nodes \
		$${CHAOS_TEST_CUT_NODE:+--cut-node "$$CHAOS_TEST_CUT_NODE" --join-node "$$CHAOS_TEST_JOIN_NODE"} \
		--reports build/examples
	$(BIN)/python tools/keep_examples.py build/examples
	$(BIN)/python tools/update_questions.py
	$(BIN)/python tools/update_readme.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup  ## the figures that the project promises, as a table
	$(BIN)/python benchmarks/run.py

mutants: setup  ## flips each condition of the checkers; ONLY="PART-OF-A-PATH …" for some modules
	$(BIN)/python tools/mutants.py $(ONLY)

lock: setup  ## newest versions that pyproject.toml allows, with hashes, for every supported Python
	$(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-annotate \
		--python-version 3.11 --group dev pyproject.toml --output-file requirements.lock \
		--custom-compile-command "make lock"

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
