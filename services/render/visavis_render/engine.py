"""What showing a face means here: its state, who draws it, who encodes it. No grpc, no numba, no codec."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

# Planar 4:2:0, BT.601 limited range: (3/2 height, width) bytes; Y, then U, then V.
I420 = NDArray[np.uint8]
Codec = Literal["vp8", "h264"]
MIN_SIZE_PX, MAX_SIZE_PX = 128, 1024


class Viseme(Enum):
    """The 15 mouth shapes of the Oculus set, by their names in media.proto."""

    SIL = 1
    PP = 2
    FF = 3
    TH = 4
    DD = 5
    KK = 6
    CH = 7
    SS = 8
    NN = 9
    RR = 10
    AA = 11
    E = 12
    I = 13  # noqa: E741 - the shape's name
    O = 14  # noqa: E741
    U = 15


class Behaviour(Enum):
    """What the avatar is doing."""

    IDLE = 1
    LISTENING = 2
    THINKING = 3
    SPEAKING = 4


class Emotion(Enum):
    """How it feels."""

    NEUTRAL = 1
    HAPPY = 2
    SAD = 3
    SURPRISED = 4
    CONCERNED = 5
    THOUGHTFUL = 6


class Gesture(Enum):
    """A bodily accent."""

    NOD = 1
    SHAKE = 2
    BROW_RAISE = 3
    TILT = 4


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Degrees: to the viewer's right, down, clockwise as the viewer sees it."""

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Gaze:
    """Eyes in the head: -1..1 to the viewer's right and up; 1 is about 25 degrees."""

    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class FaceState:
    """Everything a renderer needs to draw one instant. Weights are 0..1; absent means 0."""

    visemes: Mapping[Viseme, float] = field(default_factory=dict)
    # ARKit names: what is felt and meant, without the mouth shapes of speech.
    expression: Mapping[str, float] = field(default_factory=dict)
    # ARKit-52: speech, expression, blink and gaze together, for faces that know nothing of visemes.
    arkit: Mapping[str, float] = field(default_factory=dict)
    head: HeadPose = field(default_factory=HeadPose)
    gaze: Gaze = field(default_factory=Gaze)
    blink: float = 0.0
    breath: float = 0.0
    # The cue in the middle of the time that this frame is on the screen, without lead or co-articulation: for
    # measuring.
    sounding: Viseme | None = None
    # How far loose hair is behind the head, in the head's own degrees.
    trail: HeadPose = field(default_factory=HeadPose)

    def is_finite(self) -> bool:
        """No weight and no angle is NaN or infinite: a face that can be drawn."""
        weights = (self.visemes, self.expression, self.arkit)
        total = sum(sum(each.values()) for each in weights) + self.blink + self.breath
        for pose in (self.head, self.trail):
            total += pose.yaw_deg + pose.pitch_deg + pose.roll_deg
        return math.isfinite(total + self.gaze.x + self.gaze.y)


@dataclass(frozen=True, slots=True)
class Traits:
    """What a renderer needs and can do."""

    # "parameters": a FaceState is all it looks at; "audio": it must be given the sound too.
    needs: Literal["parameters", "audio"] = "parameters"
    # How far ahead cues are best known; audio never waits for it.
    lookahead_us: int = 250_000
    device: Literal["cpu", "gpu"] = "cpu"
    min_size_px: int = MIN_SIZE_PX
    max_size_px: int = MAX_SIZE_PX
    # Its avatars are `ViewerDrawn`: a viewer can draw them by itself.
    viewer_can_draw: bool = False


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that a viewer needs to draw an avatar."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Kit:
    """All that a viewer needs to draw an avatar, but the label; description holds what JSON can."""

    description: Mapping[str, Any]
    files: tuple[Asset, ...] = ()


class Renderer(Protocol):
    """Draws one session at one size. Calls block for milliseconds and never overlap."""

    def draw(self, face: FaceState) -> I420:
        """The picture; valid until the next call."""
        ...


class Avatar(Protocol):
    """A loaded character, shared by all sessions."""

    def open(self, size_px: int, label: str) -> Renderer:
        """A renderer; the first one of a size may take a second, the others milliseconds."""
        ...


class ViewerDrawn(Protocol):
    """An avatar that a viewer can draw."""

    def kit(self) -> Kit:
        """The same at every call; the first one may take a second."""
        ...


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """The bitstream of one picture."""

    data: bytes
    keyframe: bool


class Encoder(Protocol):
    """Encodes one session's pictures. Calls block for milliseconds and never overlap."""

    def encode(self, picture: I420, pts_us: int, keyframe: bool) -> EncodedPicture:
        """Exactly one encoded picture for this one."""
        ...

    def follow(self, bitrate_bps: int) -> bool:
        """Take a new rate in mid-stream; False when only another encoder could."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class VideoSpec:
    """The encoded video."""

    size_px: int = 512
    frame_rate_hz: int = 25
    bitrate_bps: int = 800_000
    codec: Codec = "vp8"
