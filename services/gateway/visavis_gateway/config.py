"""All settings of this service: GATEWAY_* variables, read once in __main__."""

import re
import ssl
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from visavis_gateway.reach import parse_advertised
from visavis_gateway.video import Codec, Video

PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
ORIGIN = re.compile(r"\*|https?://[A-Za-z0-9.\[\]:-]+")


def parse_ports(text: str) -> range:
    """`8190-8197` or `8190` as a range; empty for an empty text. Raises ValueError."""
    if not text:
        return range(0)
    found = PORTS.fullmatch(text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1024 <= first <= last <= 65535:
        raise ValueError("must be a port or a range of ports, FIRST-LAST, from 1024 to 65535")
    return range(first, last + 1)


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
    # How long what was said is kept for a viewer whose call broke off; 0 = not at all.
    resume_within_s: float = Field(default=900, ge=0, le=86_400)
    # Where it is kept, sealed, so that it outlives this process.
    resume_dir: Path = Path("~/.cache/visavis/calls")
    # A certificate and its key (PEM): the page is served over HTTPS.
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    # Whose pages may embed this gateway: origins like https://example.org, or * for all.
    allowed_origins: list[str] = []
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
    # While nothing happens; every n-th frame of video_rate_hz, so this is met only nearly.
    video_idle_rate_hz: int = Field(default=12, ge=1, le=60)
    video_bitrate_bps: int = Field(default=800_000, ge=50_000, le=5_000_000)
    # The one wanted; a viewer that offers only the other one gets that.
    video_codec: Codec = "vp8"
    ice_servers: list[str] = []
    # Where the media of calls come in: any port, or one of these, one for each call.
    udp_ports: str = ""
    # What viewers are told in place of the machine's own addresses (reach.py).
    advertised_address: str = ""
    # End of turn: the shortest and the longest pause that ends one, counted from the last speech sample.
    shortest_wait_ms: int = Field(default=150, ge=50, le=5000)
    longest_wait_ms: int = Field(default=2500, ge=100, le=10_000)

    @property
    def video(self) -> Video:
        """The picture of sessions that ask for nothing else."""
        return Video(self.video_size_px, self.video_rate_hz, self.video_bitrate_bps, self.video_codec)

    @field_validator("udp_ports")
    @classmethod
    def enough_ports(cls, text: str, info: ValidationInfo) -> str:
        count, calls = len(parse_ports(text)), info.data.get("max_sessions", 1)
        if text and count < calls:
            raise ValueError(
                f"{count} ports are too few for GATEWAY_MAX_SESSIONS={calls}: each call needs one"
            )
        return text

    @field_validator("advertised_address")
    @classmethod
    def reachable(cls, text: str) -> str:
        parse_advertised(text)
        return text

    @property
    def udp_port_range(self) -> range:
        """The ports of `udp_ports`; empty = any."""
        return parse_ports(self.udp_ports)

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, origins: list[str]) -> list[str]:
        for origin in origins:
            if not ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin: * or http(s)://host[:port], without a path")
        return [origin.lower() for origin in origins]

    @model_validator(mode="after")
    def _certificate_has_its_key(self) -> Self:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("GATEWAY_TLS_CERT_FILE and GATEWAY_TLS_KEY_FILE go together")
        if self.tls_cert_file is None or self.tls_key_file is None:
            return self
        for path in (self.tls_cert_file, self.tls_key_file):
            if not path.is_file():
                raise ValueError(f"there is no file {path}")
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                self.tls_cert_file,
                self.tls_key_file,
                password="",  # else it would ask at the terminal
            )
        except OSError as error:  # ssl's own errors, too
            raise ValueError(
                f"{self.tls_cert_file} and {self.tls_key_file} must be a certificate and its key, PEM, "
                f"the key without a passphrase ({error.strerror or error})"
            ) from None
        return self
