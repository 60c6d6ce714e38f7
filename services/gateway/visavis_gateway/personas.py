"""The personas of this gateway: two that ship, and those of GATEWAY_PERSONAS_FILE (TOML)."""

import tomllib
from pathlib import Path

from visavis_gateway.engine import Persona

MIRA = Persona(
    name="mira",
    title="Mira",
    prompt=(
        "You are Mira, a friendly and curious person who talks with people on a video call. "
        "You are warm, calm and helpful."
    ),
    greeting="Hi, I'm Mira. What would you like to talk about?",
    avatar="",  # whoever render shows by itself: RENDER_AVATAR, mira unless set
)
# Measures itself: a row of clicks, one a second, and a white flash with each (docs/performance.md).
CLAPPER = Persona(
    name="clapper",
    title="Clapper (test signal)",
    prompt="You are a test signal.",
    greeting=" ".join(["click"] * 20),
    voice="clicks",
    avatar="clapper",
    still_there_s=0,
    openers=(),
)
FIELDS = frozenset(Persona.__dataclass_fields__)


def load_personas(path: Path | None) -> dict[str, Persona]:
    """All personas by name. Exits with a message that names file, persona and field when one is wrong."""
    personas = {persona.name: persona for persona in (MIRA, CLAPPER)}
    if path is None:
        return personas
    try:
        table = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SystemExit(f"personas file {path}: {error}") from None
    for name, fields in table.items():
        personas[name] = _persona(path, name, fields)
    return personas


def _persona(path: Path, name: str, fields: object) -> Persona:
    if not isinstance(fields, dict):
        raise SystemExit(f"personas file {path}: {name} must be a table")
    unknown = set(fields) - FIELDS
    if unknown:
        raise SystemExit(
            f"personas file {path}: {name} has unknown fields {sorted(unknown)}; known: {sorted(FIELDS)}"
        )
    numbers = {"still_there_s", "goodbye_s"}
    wrong = [
        key for key, value in fields.items() if not isinstance(value, int | float if key in numbers else str)
    ]
    missing = {"prompt", "greeting"} - set(fields)
    if wrong or missing:
        raise SystemExit(
            f"personas file {path}: {name}: {sorted(wrong) or sorted(missing)} must be text, seconds a number"
        )
    return Persona(**{"title": name.title(), **fields, "name": name})
