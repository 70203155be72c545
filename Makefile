# make run     set up, run the quickstart, and say where the report is
# make test    set up, run every test but those of CI and the slow, gpu and network ones
# make test-ci what CI runs besides: tests that take seconds to a minute each
# make attacks the table of attacks on the sandbox, as the present user: attack, tier, user, outcome
# make check   format, lint and types
SHELL := /bin/bash
.DEFAULT_GOAL := run
.PHONY: run setup test test-ci test-slow test-network attacks check pyright lock clean env native

RECIPE ?= recipes/quickstart.yaml
WORKERS ?= 2
PYRIGHT := .venv/bin/pyright --pythonpath .venv/bin/python
# A file stays in one process, so that what its tests share is made once.
PYTEST := .venv/bin/python -m pytest -q -n $(WORKERS) --dist loadfile

run: env
	@.venv/bin/hpcraft run $(RECIPE)

# .venv/ with the locked packages, and the system's compilers where apt can bring them.
setup:
	@setup/system.sh --retry
	@setup/python.sh
	@echo "setup: ready; .venv/bin/hpcraft doctor says what this machine can do"

# The same, silent when there is nothing to do, and without a second attempt at what apt refused.
env:
	@setup/system.sh
	@setup/python.sh

# The native half of the tokenizer, in place, after its sources were edited.
native: env
	@.venv/bin/python -W ignore -c "from setuptools import setup; setup(script_args=['-q', 'build_ext', '--inplace'])"

test: env
	@$(PYTEST) -m "not ci and not slow and not gpu and not network"

test-ci: env
	@$(PYTEST) -m "ci and not slow and not gpu and not network"

test-slow: env
	@$(PYTEST) -m "slow and not gpu and not network"

# Downloads from the package mirrors that apt and pip are set to.
test-network: env
	@$(PYTEST) -m network

attacks: env
	@.venv/bin/python -m tests.sandbox.attacks.runner

check: env
	@.venv/bin/ruff format --check
	@.venv/bin/ruff check
	@.venv/bin/mypy
	@$(PYRIGHT)

pyright: env
	@$(PYRIGHT)

# Newest versions that pyproject.toml allows; a new torch only by TORCH=VERSION.
lock:
	@setup/python.sh --lock

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
