"""All settings of this service: RENDER_* variables, read once in __main__."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from rpckit.settings import ServerSettings

from visavis_render.animator.lips import LipTuning


class Config(BaseSettings):
    """Frozen; passed down as an argument, never imported as a global."""

    model_config = SettingsConfigDict(env_prefix="RENDER_", env_nested_delimiter="__", frozen=True)

    server: ServerSettings = ServerSettings(listen_address="127.0.0.1:50054")
    # Name of an avatar, or the path of its directory.
    avatar: str = Field(default="mira", min_length=1, max_length=1000)
    # Names of further avatars that are loaded before serving; others at their first session.
    preload: tuple[str, ...] = Field(default=(), max_length=16)
    # A directory of avatar directories of your own.
    avatars_dir: Path | None = None
    # How every avatar behaves; empty = each in its own way.
    profile: Literal["", "warm", "neutral", "receptionist", "still"] = ""
    # What is set here wins over the avatar's own.
    lips: LipTuning = LipTuning()
    max_sessions: int = Field(default=4, ge=1, le=64)
    cache_dir: Path = Path("~/.cache/visavis/numba")
    idle_timeout_s: float = Field(default=60.0, ge=1.0, le=3600.0)
