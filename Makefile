# make run, make test and the rest work offline once the packages are installed; nothing is installed twice.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --python-version 3.11 \
	--custom-compile-command "make lock"

# Whatever the caller's environment says: tests and the programs that they start would compile everything again each time.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test coverage faults real faithful examples lint licences workflows bench mutants lock sbom sbom-release audit dist-check clean setup

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

coverage: setup  ## lines and branches that `make test` runs; twice its time
	rm -rf build/coverage
	$(BIN)/coverage run -m pytest -q -n 2 --dist loadfile -m "not real"
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage json --quiet -o build/coverage/figures.json
	$(BIN)/python tools/coverage_figures.py build/coverage/figures.json

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

lint: setup licences workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

licences: setup  ## of what the tool needs to run, against those that pyproject.toml allows
	$(BIN)/python -m tools.licences

workflows: setup  ## workflows and Renovate's configuration, against their schemas
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yaml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.renovate renovate.json

faults: setup  ## a hundred runs whose API server fails, in virtual time
	$(BIN)/python -m benchmarks.api_faults --runs 34

bench: setup  ## the figures that the project promises, as a table
	$(BIN)/python benchmarks/run.py

mutants: setup  ## flips each condition of the checkers; ONLY="PART-OF-A-PATH …" for some modules
	$(BIN)/python tools/mutants.py $(ONLY)

lock: setup  ## newest versions that pyproject.toml allows, with hashes, for every supported Python; locks/ has parts of it
	$(LOCK) --upgrade --group dev pyproject.toml --output-file requirements.lock
	$(LOCK) --constraint requirements.lock --extra metrics pyproject.toml --output-file locks/run.lock
	$(LOCK) --constraint requirements.lock --group pyproject.toml:build --output-file locks/build.lock
	$(LOCK) --upgrade --constraint requirements.lock --group pyproject.toml:audit --output-file locks/audit.lock

sbom: setup  ## CycloneDX, of what is installed here
	$(BIN)/python -m tools.sbom build/sbom.cdx.json

sbom-release: setup  ## the same of an environment with the wheel of build/dist and what it needs, and nothing else
	$(BIN)/uv --quiet venv --clear build/release
	$(BIN)/uv --quiet pip install --python build/release --require-hashes --requirement locks/run.lock
	$(BIN)/uv --quiet pip install --python build/release --no-deps --no-index build/dist/*.whl
	$(BIN)/python -m tools.sbom build/sbom-release.cdx.json --packages build/release/lib/python3*/site-packages

audit: setup  ## known weaknesses of what is locked; exit code 1 where there are some, 4 where there was no feed to ask
	@$(BIN)/python -m tools.audit

dist-check: setup  ## builds wheel and sdist, looks at what is in them, and tries each in an empty environment
	$(BIN)/python -m tools.check_dist

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
