"""All settings of this service: ASR_* variables, read once in __main__."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from rpckit.settings import ServerSettings


class Config(BaseSettings):
    """Frozen; passed down as an argument, never imported as a global."""

    model_config = SettingsConfigDict(env_prefix="ASR_", env_nested_delimiter="__", frozen=True)

    server: ServerSettings = ServerSettings(listen_address="127.0.0.1:50051")
    backend: Literal["moonshine", "whisper", "fake"] = "moonshine"
    models_dir: Path = Path("models")
    # whisper: a directory of a CTranslate2 model; relative ones are in models_dir.
    whisper_model: Path = Path("faster-whisper-base")
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = Field(default=1, ge=1, le=64)
    max_sessions: int = Field(default=4, ge=1, le=64)
    # Speech between two partials; None = the backend's own.
    partial_interval_ms: int | None = Field(default=None, ge=100, le=5000)
    # Silence after the last speech sample that makes a pause.
    pause_ms: int = Field(default=120, ge=100, le=2000)
    # Audio before the onset that is decoded with it.
    pre_roll_ms: int = Field(default=400, ge=0, le=1000)
    # VAD probability from which on a window is speech.
    speech_threshold: float = Field(default=0.5, ge=0.1, le=0.9)
