#!/bin/sh
# Sets up the peer's own environment, bench/peer/.venv, from the pinned packages. Run it once, from anywhere.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
bin=$here/../../.venv/bin
[ -x "$bin/uv" ] || { echo "set visavis up first: make setup" >&2; exit 1; }
index=${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-$("$bin/python" -m pip config get global.index-url 2>/dev/null || true)}}
[ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
"$bin/uv" venv -q --allow-existing --python "$bin/python" "$here/.venv"
"$bin/uv" pip sync -q --python "$here/.venv/bin/python" "$here/requirements.txt"
"$here/.venv/bin/python" -c 'import importlib.metadata as m; print("pipecat-ai", m.version("pipecat-ai"), "is ready in bench/peer/.venv")'
