"""Persons rendered offline into key pictures, morphed between them on the exact mesh."""

from visavis_render.avatar import AvatarDirectory
from visavis_render.backends.vector import use_cache
from visavis_render.config import Config
from visavis_render.engine import Avatar, Traits

TRAITS = Traits(viewer_can_draw=True)


def build(directory: AvatarDirectory, config: Config) -> Avatar:
    """The person of a directory that `tools/character` packed; every kernel is compiled when this returns."""
    use_cache(config.cache_dir.expanduser())
    # Imported late: a kernel fixes its cache when its module is imported.
    from visavis_render.backends.atlas.assets import load
    from visavis_render.backends.atlas.avatar import AtlasAvatar

    return AtlasAvatar(load(directory), directory)
