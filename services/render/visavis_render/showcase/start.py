"""Begins a new avatar: a directory of one's own, ready to be edited, from one that ships."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

from rpckit.errors import InvalidInput

from visavis_render.avatar import MANIFEST, AvatarDirectory, by_name
from visavis_render.backends.vector.rig.files import FILE, complete

NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")


def create(name: str, base: str, into: Path, author: str) -> Path:
    """Make `into`/`name` from the shipped avatar `base`; refuses to write over anything."""
    if not NAME.fullmatch(name):
        raise InvalidInput("an avatar's name is 1 to 32 of a-z, 0-9, - and _, and begins with a letter")
    directory = by_name(base)
    target = into / name
    if target.exists():
        raise InvalidInput(f"{target} is there already")
    shutil.copytree(directory.path, target)
    try:
        _write_manifest(directory, target, name, author)
        if (target / FILE).is_file():
            (target / FILE).write_text(readable(complete(directory, FILE)), "utf-8")
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return target


def _write_manifest(directory: AvatarDirectory, target: Path, name: str, author: str) -> None:
    """The base's avatar.toml under the new name."""
    about = f"Begun from {directory.manifest.name} ({directory.manifest.licence})."
    fields = {
        "name": name.replace("-", " ").replace("_", " ").title(),
        "author": author or "unknown",
        "about": about,
    }
    lines = (directory.path / MANIFEST).read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        field = line.partition(" = ")[0]
        if field in fields:
            lines[number] = f"{field} = {json.dumps(fields[field])}"
    (target / MANIFEST).write_text("\n".join(lines) + "\n", "utf-8")


def readable(sections: dict[str, Any]) -> str:
    """JSON to edit by hand: a line for each entry of a section."""
    return "{\n" + ",\n".join(f" {json.dumps(k)}: {_section(v)}" for k, v in sections.items()) + "\n}\n"


def _section(value: Any) -> str:
    compact = json.dumps(value)
    if len(compact) < 100 or not isinstance(value, dict | list):
        return compact
    if isinstance(value, list):
        return "[\n" + ",\n".join(f"  {json.dumps(item)}" for item in value) + "\n ]"
    lines = (f"  {json.dumps(name)}: {_entry(item)}" for name, item in value.items())
    return "{\n" + ",\n".join(lines) + "\n }"


def _entry(value: Any) -> str:
    if isinstance(value, list) and len(json.dumps(value)) > 100 and isinstance(value[0], dict):
        return "[\n" + ",\n".join(f"   {json.dumps(item)}" for item in value) + "\n  ]"
    return json.dumps(value)
