"""Renderer -> avatar. Each backend is imported only when chosen.

A backend is a module with TRAITS (`engine.Traits`) and `build(directory, config) -> Avatar`.
"""

from importlib import import_module
from typing import Any

from visavis_render.avatar import MANIFEST, AvatarDirectory
from visavis_render.config import Config
from visavis_render.engine import Avatar, Traits

RENDERERS = {
    "vector": "visavis_render.backends.vector",
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


def load_avatar(directory: AvatarDirectory, config: Config) -> Avatar:
    """Import and build one; may take a second, or ten when it compiles, so call it off the event loop."""
    avatar: Avatar = _backend(directory).build(directory, config)
    return avatar
