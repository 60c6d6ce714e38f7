#!/bin/sh
# ./make.sh NAME [options of character.render]: render what is missing, then pack for the renderer.
set -eu
cd "$(dirname "$0")"
name="$1"
shift
nice -n 19 .venv/bin/python -W ignore -m character.render "$name" "$@"
.venv/bin/python -m character.pack "$name" "../../services/render/visavis_render/avatars/$name"
