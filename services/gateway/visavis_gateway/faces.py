"""Faces that viewers draw by themselves: the files that they fetch, and the states that they are sent.

Files are known by the hash of their bytes, so that a browser keeps them from call to call.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rpckit.errors import NotFound
from visavis.media.v1 import media_pb2
from visavis.render.v1 import render_service_pb2 as pb

from visavis_gateway import names

INDEX = "face.json"
MAX_STORED_BYTES = 128 << 20
MAX_KIT_BYTES = 32 << 20
MEDIA_TYPES = ("application/json", "image/webp", "image/png")
DIGITS = 4  # of a weight or an angle: finer can't be seen


@dataclass(frozen=True, slots=True)
class FaceFile:
    """What a viewer fetches."""

    media_type: str
    data: bytes


class FaceStore:
    """Files of all sessions by their SHA-256; those that were wanted longest ago make room."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, FaceFile] = OrderedDict()
        self._size = 0

    def put(self, media_type: str, data: bytes) -> str:
        """Keep a file; its digest."""
        digest = hashlib.sha256(data).hexdigest()
        if digest not in self._files:
            self._files[digest] = FaceFile(media_type, data)
            self._size += len(data)
        self._files.move_to_end(digest)
        while self._size > MAX_STORED_BYTES:
            _, old = self._files.popitem(last=False)
            self._size -= len(old.data)
        return digest

    def get(self, digest: str) -> FaceFile:
        """Raises NotFound."""
        if digest not in self._files:
            raise NotFound("no such file")
        self._files.move_to_end(digest)
        return self._files[digest]


class DrawnFace:
    """One session's face where the viewer draws it."""

    def __init__(
        self, store: FaceStore, tell: Callable[[dict[str, Any]], None], send: Callable[[str], None]
    ) -> None:
        self._store = store
        self._tell = tell
        self._send = send
        self._parts: dict[str, bytearray] = {}
        self._coming: dict[str, str] = {}
        self.files: dict[str, str] = {}  # name -> digest; empty while render makes them

    def take_asset(self, part: pb.FaceAsset) -> None:
        """A part of a file; with the last one of the index the viewer learns of a new face."""
        data = self._parts.setdefault(part.name, bytearray())
        data += part.data
        if sum(map(len, self._parts.values())) > MAX_KIT_BYTES:
            self._parts.clear()  # no face is so large: it stays the old one
        if not part.complete:
            return
        media_type = part.media_type if part.media_type in MEDIA_TYPES else "application/octet-stream"
        self._coming[part.name] = self._store.put(media_type, bytes(self._parts.pop(part.name, b"")))
        if part.name == INDEX:
            self._change(self._coming)

    def _change(self, files: dict[str, str]) -> None:
        self._coming, self._parts = {}, {}
        if files != self.files:
            self.files = files
            self._tell({"type": "face_kit", "files": files})

    def take_face(self, face: pb.FaceFrame) -> None:
        """Pass on a state at once: the viewer shows it at its pts."""
        names.frames.add(1)
        self._send(json.dumps(to_message(face), separators=(",", ":")))


def to_message(face: pb.FaceFrame) -> dict[str, Any]:
    """A state of the face as the viewer reads it; zeros are left out of the weights."""
    message: dict[str, Any] = {
        "type": "face",
        "pts_us": face.pts_us,
        "visemes": {viseme_name(each.viseme): _short(each.weight) for each in face.visemes},
        "expression": {each.name: _short(each.weight) for each in face.expression},
        "head": _angles(face.head),
        "trail": _angles(face.trail),
        "gaze": [_short(face.gaze_x), _short(face.gaze_y)],
        "blink": _short(face.blink),
        "breath": _short(face.breath),
    }
    if face.sounding:
        message["sounding"] = viseme_name(face.sounding)
    return message


def viseme_name(viseme: media_pb2.Viseme.ValueType) -> str:
    """`VISEME_AA` -> `aa`."""
    return media_pb2.Viseme.Name(viseme).removeprefix("VISEME_").lower()


def _angles(pose: pb.HeadPose) -> list[float]:
    return [_short(pose.yaw_deg), _short(pose.pitch_deg), _short(pose.roll_deg)]


def _short(value: float) -> float:
    return round(value, DIGITS)
