"""The machine-readable mark of a session: tells programs what the label tells people."""

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from visavis.render.v1 import render_service_pb2 as pb

from visavis_gateway.engine import Persona

# IPTC's word for media that a trained model has made, as other systems look for it.
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


@dataclass(frozen=True, slots=True)
class Face:
    """Whose face is shown, as the render service told; empty where it did not."""

    name: str = ""
    title: str = ""
    renderer: str = ""
    licence: str = ""
    author: str = ""

    @classmethod
    def of(cls, credits: pb.AvatarCredits) -> "Face":
        """As told by the service."""
        return cls(credits.name, credits.title, credits.renderer, credits.licence, credits.author)


@dataclass(frozen=True, slots=True)
class Mind:
    """Which model answers, and why that one where the brain service chose it; empty until it has told."""

    name: str = ""
    why: str = ""


class Mark:
    """One session's manifest, whoever is seen in it."""

    def __init__(self, session_id: str) -> None:
        self._session_id = session_id
        self._started_time = datetime.now(UTC).isoformat(timespec="seconds")
        self.face = Face()
        self.mind = Mind()

    def manifest(self, persona: Persona) -> dict[str, Any]:
        """What a program may want to know of this call (docs/viewer.md, section 7)."""
        face = self.face
        return {
            "ai_generated": True,
            "digital_source_type": SOURCE_TYPE,
            "generator": f"visavis {version('visavis-gateway')}",
            "session_id": self._session_id,
            "started_time": self._started_time,
            "language": persona.language_code,
            "label": persona.label,
            "disclosure": persona.disclosure,
            "persona": {"name": persona.name, "title": persona.title},
            "avatar": {
                "name": face.name or persona.avatar,
                "title": face.title,
                "renderer": face.renderer,
                "licence": face.licence,
                "author": face.author,
            },
            "voice": persona.voice,
            "model": {"name": self.mind.name, "why": self.mind.why},
        }
