"""All settings of this service: GATEWAY_* variables, read once in __main__."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Config(BaseSettings):
    """Frozen; passed down as an argument, never imported as a global."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    asr_target: str = "127.0.0.1:50051"
    brain_target: str = "127.0.0.1:50052"
    tts_target: str = "127.0.0.1:50053"
    render_target: str = "127.0.0.1:50054"
    nats_url: str = ""
    max_sessions: int = Field(default=2, ge=1, le=64)
    max_session_s: int = Field(default=3600, ge=10)
    connect_timeout_s: float = Field(default=15, ge=0.1)
    vanish_timeout_s: float = Field(default=10, ge=0.5)
    # What applications may see on NATS: the words of a turn, or only that it happened.
    publish_words: bool = False
    # Persona files (docs/personas.md) beside those that ship.
    personas_dir: Path | None = None
    # What ${NAME} stands for in the headers of a persona's tools.
    tool_secrets: dict[str, SecretStr] = {}
    # The embedding model of personas with knowledge, and where their vectors are kept.
    models_dir: Path = Path("models")
    knowledge_dir: Path = Path("~/.cache/visavis")
    default_persona: str = "mira"
    video_size_px: int = Field(default=512, ge=128, le=1024, multiple_of=2)
    video_rate_hz: int = Field(default=25, ge=5, le=60)
    video_bitrate_bps: int = Field(default=800_000, ge=50_000, le=5_000_000)
    ice_servers: list[str] = []
    # End of turn: the shortest and the longest pause that ends one, counted from the last speech sample.
    shortest_wait_ms: int = Field(default=150, ge=50, le=5000)
    longest_wait_ms: int = Field(default=2500, ge=100, le=10_000)
