"""All settings of this service: TTS_* variables, read once in __main__."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from rpckit.settings import ServerSettings


class Config(BaseSettings):
    """Frozen; passed down as an argument, never imported as a global."""

    model_config = SettingsConfigDict(env_prefix="TTS_", env_nested_delimiter="__", frozen=True)

    server: ServerSettings = ServerSettings(listen_address="127.0.0.1:50053")
    backend: Literal["fake", "hibari", "kokoro"] = "hibari"
    models_dir: Path = Path("models")
    # kokoro: by torch and the publisher's checkpoint, or by the int8 export; auto = torch where it can.
    kokoro_runtime: Literal["auto", "torch", "onnx"] = "auto"
    # kokoro by torch.
    device: Literal["auto", "cpu", "cuda"] = "auto"
    # Empty = the backend's own.
    default_voice: str = Field(default="", max_length=64)
    max_streams: int = Field(default=8, ge=1, le=256)
    threads: int = Field(default=1, ge=1, le=16)
    # How long a caller may send nothing, or read nothing, before its stream ends.
    idle_timeout: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(hours=1))] = timedelta(seconds=60)
    nats_url: str = ""
