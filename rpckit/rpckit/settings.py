"""Settings every server has, and a loader that refuses misspelt variables."""

import os
from typing import TypeVar

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import BaseSettings

S = TypeVar("S", bound=BaseSettings)


class ServerSettings(BaseModel, frozen=True, extra="forbid"):
    """Where and how a service listens. Port 0 takes a free one."""

    listen_address: str = "127.0.0.1:0"
    shutdown_grace_s: float = Field(default=5, ge=0, le=300)


def load(cls: type[S]) -> S:
    """Read `cls` from the environment.

    Exits with a message that names the variable when one with its prefix is unknown (pydantic-settings
    ignores those even with extra="forbid") or when a value is out of range.
    """
    prefix = cls.model_config.get("env_prefix", "")
    known = {f"{prefix}{name}".upper() for name in cls.model_fields}
    unknown = [
        key
        for key in os.environ
        if prefix and key.upper().startswith(prefix) and key.upper().split("__")[0] not in known
    ]
    if unknown:
        raise SystemExit(f"unknown settings: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
    try:
        return cls()
    except ValidationError as error:
        lines = [
            f"{prefix}{'__'.join(str(part) for part in e['loc'])}".upper()
            + f": {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        ]
        raise SystemExit("invalid settings: " + "; ".join(lines)) from None
