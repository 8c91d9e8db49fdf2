# make lab              open the notebooks in JupyterLab
# make lab TORCH=no     the same without PyTorch and its gigabytes; what trains networks says what is missing
# make test             everything: unit tests, every cell, JupyterLab in a browser
# make test FAST=yes    what one runs after each edit, in under a minute
# make test JOB=site    what takes minutes and is left out above: pages, site, cluster, tools, classroom, or all
# make check            style, types, and whether each .ipynb is what its .py says
# make build            each .ipynb from its .py
# make site             the notebooks and their sliders as a folder for any web host, in build/site; it needs Node
# make bench            the measurements
# The first call makes .venv, with python3 or the one that is given: make lab PYTHON=python3.12
PYTHON ?= python3
TORCH ?= yes
FAST ?= no
JOB ?= none
JOBS := pages site cluster tools classroom
BIN := .venv/bin
# sliders are answered some 30 ms sooner: see the module
PROMPT := --ServerApp.kernel_websocket_connection_class=ngdm_helpers.course.server.Prompt

.PHONY: lab test build check site bench help anew

ifneq ($(filter-out yes no,$(TORCH) $(FAST)),)
$(error TORCH and FAST are yes or no, got TORCH=$(TORCH) FAST=$(FAST))
endif

ifneq ($(filter-out none all $(JOBS),$(JOB)),)
$(error JOB is all or one of: $(JOBS); got JOB=$(JOB))
endif

# "a b c" as "a or b or c", the marks that pytest looks for
any = $(subst $() , or ,$(strip $(1)))

lab: .venv/installed$(if $(filter no,$(TORCH)),-without-torch)
	$(BIN)/jupyter lab $(PROMPT) $(LAB_OPTIONS) notebooks

test: .venv/installed-test
ifeq ($(JOB),none)
	$(BIN)/pytest $(if $(filter yes,$(FAST)),-m "not (slow or $(call any,$(JOBS)))" tests)
else
	$(BIN)/pytest -m "$(call any,$(if $(filter all,$(JOB)),$(JOBS),$(JOB)))" tests
endif

build: .venv/installed
	$(BIN)/ngdm build

check: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/ngdm check

site: .venv/installed-site
	$(BIN)/ngdm site $(SITE_OPTIONS)

bench: .venv/installed-test
	$(BIN)/python -m benchmarks.trajectories
	$(BIN)/python -m benchmarks.machines
	$(BIN)/python -m benchmarks.moves
	$(BIN)/python -m benchmarks.slider
	$(BIN)/python -m benchmarks.training
	$(BIN)/python -m benchmarks.vgg16_step

help:
	@sed -n 's/^# \(make\)/\1/p' Makefile

# The version of a Python, such as 3.12; nothing if there is none or it is too old for the project.
version = $(shell $(1) -c 'import sys; sys.version_info < (3, 11) or print("%d.%d" % sys.version_info[:2])' 2>/dev/null)

# .venv is made anew if its Python is gone or too old, and if PYTHON is given and is of another version.
VENV_HAS := $(call version,$(BIN)/python)
WANTED := $(if $(filter file,$(origin PYTHON)),$(VENV_HAS),$(call version,$(PYTHON)))
ifeq ($(and $(VENV_HAS),$(filter $(VENV_HAS),$(WANTED))),)
.venv/bin/python .venv/installed .venv/installed-without-torch .venv/installed-site .venv/installed-test: anew
endif

.venv/bin/python:
	$(if $(call version,$(PYTHON)),,$(error $(PYTHON) $(NO_USE), and Python 3.11 or newer is needed: \
	make lab PYTHON=python3.12))
	rm -rf .venv
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

NO_USE = $(or $(addprefix is Python ,$(shell $(PYTHON) -c 'import sys; print(sys.version.split()[0])' 2>/dev/null)),does not run)

# A stamp for each kind of install; a larger one counts as the smaller ones too. Each has JupyterLab, which the extras
# lecture and teacher bring.
.venv/installed .venv/installed-without-torch .venv/installed-site .venv/installed-test: pyproject.toml | .venv/bin/python

# --no-compile: compiling all files is half of the time, and Python compiles what it imports when it does.
.venv/installed-without-torch:
	$(BIN)/python -m pip install --no-compile -e ".[lecture,teacher]"
	touch $@

.venv/installed-site:
	$(BIN)/python -m pip install --no-compile -e ".[lecture,site,teacher]"
	touch .venv/installed-without-torch $@

.venv/installed:
	$(BIN)/python -m pip install -e ".[lecture,teacher,torch]"
	touch .venv/installed-without-torch $@

.venv/installed-test:
	$(BIN)/python -m pip install -e ".[test]"
	touch .venv/installed-without-torch .venv/installed-site .venv/installed $@
