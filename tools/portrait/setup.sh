#!/bin/sh
# The environment that finds a face in a photograph (MediaPipe, 1 GB). Run once, only for `visavis avatar create PICTURE`.
# PYTHON names a Python 3.9 to 3.12.
set -eu
cd "$(dirname "$0")"
test -x .venv/bin/python || "${PYTHON:-python3.11}" -m venv .venv
.venv/bin/python -m pip install -q --disable-pip-version-check -r requirements.txt
.venv/bin/python -c "import mediapipe"
echo "ready: visavis avatar create portrait.jpg --consent \"who agreed, and how\""
