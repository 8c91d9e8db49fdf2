# lab: open the notebooks · test: everything · build: .py → .ipynb · check: style and pairs · bench: the measurements
PYTHON ?= python3
BIN := .venv/bin

.PHONY: lab test build check bench

lab: .venv/installed
	$(BIN)/jupyter lab $(LAB_OPTIONS) notebooks

test: .venv/installed-test
	$(BIN)/pytest

build: .venv/installed
	$(BIN)/ngdm build

check: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/ngdm check

bench: .venv/installed-test
	$(BIN)/python -m benchmarks.trajectories
	$(BIN)/python -m benchmarks.machines
	$(BIN)/python -m benchmarks.slider
	$(BIN)/python -m benchmarks.training
	$(BIN)/python -m benchmarks.vgg16_step

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install -e .
	touch $@

.venv/installed-test: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install -e ".[test]"
	touch .venv/installed $@
