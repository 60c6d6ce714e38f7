"""Name -> avatar. Each backend is imported only when chosen."""

from importlib import import_module

from rpckit.errors import NotFound

from visavis_render.config import Config
from visavis_render.engine import Avatar

AVATARS = {
    "mira": "visavis_render.backends.vector",
    "clapper": "visavis_render.backends.clapper",
    "fake": "visavis_render.backends.fake",
}


def require_avatar(name: str) -> None:
    """NotFound, with the names that exist, unless there is such an avatar."""
    if name not in AVATARS:
        raise NotFound(f"no avatar {name!r}; there are {', '.join(sorted(AVATARS))}")


def load_avatar(name: str, config: Config) -> Avatar:
    """Import and build one; may take a second, or ten when it compiles, so call it off the event loop."""
    require_avatar(name)
    avatar: Avatar = import_module(AVATARS[name]).build(name, config)
    return avatar
