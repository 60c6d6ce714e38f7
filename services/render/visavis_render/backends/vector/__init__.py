"""Illustrated characters, drawn with numpy and numba alone."""

import logging
from pathlib import Path

from numba import config as numba_config

from visavis_render.config import Config
from visavis_render.engine import Avatar

log = logging.getLogger(__name__)


def use_cache(folder: Path) -> None:
    """Keep compiled code in `folder`, unless NUMBA_CACHE_DIR says where. Before any kernel is imported."""
    if not numba_config.CACHE_DIR:
        folder.mkdir(parents=True, exist_ok=True)
        numba_config.CACHE_DIR = str(folder)
    if not any(Path(numba_config.CACHE_DIR).rglob("*.nbi")):
        log.info("compiling the face, once")


def build(name: str, config: Config) -> Avatar:
    """Load and bake a character; every kernel is compiled when this returns."""
    use_cache(config.cache_dir.expanduser())
    # Imported late: a kernel fixes its cache when its module is imported.
    from visavis_render.backends.vector.avatar import VectorAvatar

    return VectorAvatar(name)
