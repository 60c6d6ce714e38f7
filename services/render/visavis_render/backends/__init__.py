"""Renderer -> avatar. Each backend is imported only when chosen.

A backend is a module with TRAITS (`engine.Traits`), `build(directory, config) -> Avatar` and, when it has
backgrounds, `backgrounds(directory) -> list of names`; `directory.background` is the one to draw.
"""

from dataclasses import replace
from importlib import import_module
from typing import Any

from rpckit.errors import NotFound

from visavis_render.avatar import MANIFEST, AvatarDirectory
from visavis_render.config import Config
from visavis_render.engine import Avatar, Traits

RENDERERS = {
    "vector": "visavis_render.backends.vector",
    "atlas": "visavis_render.backends.atlas",
    "clapper": "visavis_render.backends.clapper",
    "fake": "visavis_render.backends.fake",
}


def _backend(directory: AvatarDirectory) -> Any:
    renderer = directory.manifest.renderer
    if renderer not in RENDERERS:
        directory.fail(MANIFEST, f"renderer: must be one of {', '.join(sorted(RENDERERS))}")
    return import_module(RENDERERS[renderer])


def traits_of(directory: AvatarDirectory) -> Traits:
    """What the avatar's renderer needs and can do."""
    traits: Traits = _backend(directory).TRAITS
    return traits


def with_background(directory: AvatarDirectory, name: str) -> AvatarDirectory:
    """The avatar before another background; NotFound with the names that exist."""
    known: list[str] = getattr(_backend(directory), "backgrounds", lambda _: [])(directory)
    if name and name not in known:
        there = f"; there are {', '.join(known)}" if known else ""
        raise NotFound(f"no background {name!r} for the avatar {directory.name}{there}")
    return replace(directory, background=name) if name else directory


def load_avatar(directory: AvatarDirectory, config: Config) -> Avatar:
    """Import and build one; may take a second, or ten when it compiles, so call it off the event loop."""
    avatar: Avatar = _backend(directory).build(directory, config)
    return avatar
