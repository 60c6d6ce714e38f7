# Everything a newcomer needs: `make run`, `make test`. `make help` lists the rest.
PYTHON ?= python3
BIN := .venv/bin
PROTOS := $(shell cd protos && find . -name '*.proto' | sed 's#^\./##')
PACKAGES := rpckit services/asr services/brain services/tts services/render services/gateway cli

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: setup  ## set up, fetch the models, start everything on http://localhost:8080 (ARGS="--port 9000")
	@$(BIN)/visavis up $(ARGS)

test: setup  ## set up, fetch the models, run every test
	@$(BIN)/visavis models pull --with tests
	@$(BIN)/python -m pytest -q

check: setup  ## what a change must pass: protos, format, lint, types, layers, tests
	$(BIN)/buf lint
	$(BIN)/ruff format --check . && $(BIN)/ruff check .
	$(BIN)/mypy rpckit/rpckit $(foreach s,asr brain tts render gateway,services/$(s)/visavis_$(s)) cli/visavis_cli
	@$(MAKE) --no-print-directory test

setup: .venv/.ready  ## the virtual environment, the locked packages, the generated stubs

.venv/.ready: requirements.txt $(PACKAGES:%=%/pyproject.toml) $(PROTOS:%=protos/%)
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "visavis needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	@echo "setting up .venv (once; about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv
	@index="$${PIP_INDEX_URL:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null)}"; \
	  $${index:+env UV_DEFAULT_INDEX="$$index"} $(BIN)/uv pip install -q --python $(BIN)/python -r requirements.txt
	@$(MAKE) --no-print-directory gen
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation $(PACKAGES:%=-e ./%)
	@touch $@

gen:  ## build gen/ from protos/
	@rm -rf gen && mkdir gen
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m grpc_tools.protoc -Iprotos --python_out=gen --grpc_python_out=gen \
	  --mypy_out=quiet:gen --mypy_grpc_out=quiet:gen $(PROTOS)
	@$(BIN)/python -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "visavis_gen.pth").write_text(str(pathlib.Path("gen").resolve()))'

lock: setup  ## requirements.in -> requirements.txt
	$(BIN)/uv pip compile -q --python-version 3.11 --no-annotate --no-header requirements.in -o requirements.txt

format:  ## format and fix what can be fixed
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

clean:  ## remove what setup made, but not the models
	rm -rf .venv gen

.PHONY: help run test check setup gen lock format clean
