"""All settings of this service: BRAIN_* variables, read once in __main__."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from rpckit.settings import ServerSettings

SMALL = Path("qwen2.5-coder-0.5b-instruct/qwen2.5-coder-0.5b-instruct-spoken.gguf")
LARGE = Path("qwen2.5-coder-1.5b-instruct/qwen2.5-coder-1.5b-instruct-spoken.gguf")
# In place of a model's file: the largest candidate that this machine runs fast enough.
AUTO = Path("auto")


class Config(BaseSettings):
    """Frozen; passed down as an argument, never imported as a global."""

    model_config = SettingsConfigDict(
        env_prefix="BRAIN_", env_nested_delimiter="__", frozen=True, protected_namespaces=()
    )

    server: ServerSettings = ServerSettings(listen_address="127.0.0.1:50052")
    backend: Literal["llama", "openai", "fake"] = "llama"
    nats_url: str = ""
    slots: int = Field(default=2, ge=1, le=64)
    max_token_count: int = Field(default=60, ge=1, le=1000)
    context_token_count: int = Field(default=4096, ge=512, le=131072)

    models_dir: Path = Path("models")
    model_file: Path = SMALL
    # What `auto` chooses from, smallest first; how soon it must answer; where measured speeds are kept.
    candidates: tuple[Path, ...] = Field(default=(SMALL, LARGE), min_length=1, max_length=16)
    answer_within_s: float = Field(default=1.2, gt=0, le=30)
    speeds_file: Path | None = None
    threads: int = Field(default=1, ge=1, le=64)
    batch_token_count: int = Field(default=4, ge=4, le=512)

    base_url: str = Field(default="http://127.0.0.1:11434/v1", pattern=r"^https?://")
    api_key: SecretStr = SecretStr("")
    model: str = Field(default="qwen2.5:1.5b-instruct", min_length=1)
    warm_up: bool = False

    temperature: float = Field(default=0, ge=0, le=2)
    top_p: float = Field(default=0.9, gt=0, le=1)
    connect_timeout_s: float = Field(default=2, gt=0, le=60)
    first_token_timeout_s: float = Field(default=20, gt=0, le=300)
    next_token_timeout_s: float = Field(default=5, gt=0, le=60)
    # Requests to the model's server that are sent again when it fails before its first token.
    retry_count: int = Field(default=1, ge=0, le=5)
    tool_timeout_s: float = Field(default=20, gt=0, le=300)
