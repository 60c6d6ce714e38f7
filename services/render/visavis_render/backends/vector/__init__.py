"""Illustrated characters, drawn with numpy and numba alone."""

import logging
from pathlib import Path
from typing import Any

import numba

from visavis_render.avatar import AvatarDirectory
from visavis_render.config import Config
from visavis_render.engine import Avatar, Traits

log = logging.getLogger(__name__)
compiler: Any = numba.config

TRAITS = Traits(viewer_can_draw=True)
SHIPPED = Path(__file__).parent / "backgrounds"


def use_cache(folder: Path) -> None:
    """Keep compiled code in `folder`, unless NUMBA_CACHE_DIR says where. Before any kernel is imported."""
    if not compiler.CACHE_DIR:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SystemExit(
                f"RENDER_CACHE_DIR: {folder} can't be made ({error.strerror}): make room, or name another"
            ) from None
        compiler.CACHE_DIR = str(folder)
    if not any(Path(compiler.CACHE_DIR).rglob("*.nbi")):
        log.info("compiling the face, once")


def backgrounds(directory: AvatarDirectory) -> list[str]:
    """Names of the backgrounds that ship, and of those in the avatar's own directory."""
    folders = (SHIPPED, directory.path / SHIPPED.name)
    return sorted({path.stem for folder in folders for path in folder.glob("*.json")})


def build(directory: AvatarDirectory, config: Config) -> Avatar:
    """Load and bake a character; every kernel is compiled when this returns."""
    use_cache(config.cache_dir.expanduser())
    # Imported late: a kernel fixes its cache when its module is imported.
    from visavis_render.backends.vector.avatar import VectorAvatar

    return VectorAvatar(directory)
