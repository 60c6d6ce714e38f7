"""Proto <-> domain, with every range checked."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import TypeVar

from rpckit.errors import InvalidInput, require
from visavis.media.v1 import media_pb2 as media
from visavis.render.v1 import render_service_pb2 as pb

from visavis_render.animator.schedule import MAX_DURATION_US, Cue
from visavis_render.avatar import AvatarDirectory
from visavis_render.engine import Behaviour, Codec, Emotion, Gaze, Gesture, VideoSpec, Viseme

E = TypeVar("E", bound=Enum)
CODECS: dict[int, Codec] = {pb.VIDEO_CODEC_VP8: "vp8", pb.VIDEO_CODEC_H264: "h264"}
MAX_PTS_US = 1 << 50  # 35 years
BEHAVIOURS, EMOTIONS = dict(pb.Behaviour.items()), dict(media.Emotion.items())
GESTURES, VISEMES = dict(media.Gesture.items()), dict(media.Viseme.items())


def _enum(target: type[E], names: Mapping[str, int], prefix: str, field: str, number: int) -> E:
    """A proto enum value as ours, by name."""
    for item in target:
        if names[prefix + item.name] == number:
            return item
    raise InvalidInput(f"{field} must be one of {', '.join(prefix + item.name for item in target)}")


def behaviour_of(message: pb.SetBehaviour) -> Behaviour:
    return _enum(Behaviour, BEHAVIOURS, "BEHAVIOUR_", "behaviour.behaviour", message.behaviour)


def emotion_of(message: pb.SetEmotion) -> tuple[Emotion, float]:
    """The emotion and its intensity, 0 to 1."""
    require(0.0 <= message.intensity <= 1.0, "emotion.intensity must be 0 to 1")
    return _enum(Emotion, EMOTIONS, "EMOTION_", "emotion.emotion", message.emotion), message.intensity


def gesture_of(message: pb.PlayGesture) -> Gesture:
    return _enum(Gesture, GESTURES, "GESTURE_", "gesture.gesture", message.gesture)


def gaze_of(message: pb.SetGaze) -> Gaze:
    """Where to look, -1 to 1 each."""
    require(-1.0 <= message.x <= 1.0, "gaze.x must be -1 to 1")
    require(-1.0 <= message.y <= 1.0, "gaze.y must be -1 to 1")
    return Gaze(message.x, message.y)


def pts_of(field: str, pts_us: int) -> int:
    """An instant on the session clock."""
    require(0 <= pts_us <= MAX_PTS_US, f"{field} must be 0 to {MAX_PTS_US}")
    return pts_us


def cues_of(cues: Sequence[media.VisemeCue]) -> tuple[list[Cue], int]:
    """The cues, and how many intensities had to be brought into 0..1."""
    result: list[Cue] = []
    clamped = 0
    for cue in cues:
        require(
            0 < cue.duration_us <= MAX_DURATION_US,
            f"visemes.cues.duration_us must be 1 to {MAX_DURATION_US}",
        )
        require(abs(cue.offset_us) <= MAX_PTS_US, f"visemes.cues.offset_us must be within {MAX_PTS_US}")
        viseme = _enum(Viseme, VISEMES, "VISEME_", "visemes.cues.viseme", cue.viseme)
        intensity = 0.0 if math.isnan(cue.intensity) else min(1.0, max(0.0, cue.intensity))
        clamped += intensity != cue.intensity
        result.append(Cue(viseme, cue.offset_us, cue.duration_us, intensity))
    return result, clamped


def spec_of(video: pb.VideoFormat, before: VideoSpec) -> VideoSpec:
    """The video asked for; zero fields stay as before."""
    size = video.width_px or before.size_px
    height = video.height_px or size
    rate = video.frame_rate_hz or before.frame_rate_hz
    bitrate = video.bitrate_bps or before.bitrate_bps
    codec = CODECS.get(video.codec) if video.codec else before.codec
    if codec is None:
        raise InvalidInput("format.codec must be VIDEO_CODEC_VP8 or VIDEO_CODEC_H264")
    require(128 <= size <= 1024 and size % 2 == 0, "format.width_px must be even, 128 to 1024")
    require(height == size, "format.height_px must equal format.width_px")
    require(5 <= rate <= 60, "format.frame_rate_hz must be 5 to 60")
    require(50_000 <= bitrate <= 5_000_000, "format.bitrate_bps must be 50000 to 5000000")
    return replace(before, size_px=size, frame_rate_hz=rate, bitrate_bps=bitrate, codec=codec)


def is_drawn_by_viewer(output: pb.RenderOutput.ValueType) -> bool:
    """Whether a session asks for states of the face instead of pictures."""
    known = pb.RenderOutput.values()
    require(output in known, "output must be RENDER_OUTPUT_VIDEO or RENDER_OUTPUT_FACE")
    return output == pb.RENDER_OUTPUT_FACE


def to_format(spec: VideoSpec) -> pb.VideoFormat:
    """The video as it is."""
    return pb.VideoFormat(
        codec=pb.VIDEO_CODEC_VP8 if spec.codec == "vp8" else pb.VIDEO_CODEC_H264,
        width_px=spec.size_px,
        height_px=spec.size_px,
        frame_rate_hz=spec.frame_rate_hz,
        bitrate_bps=spec.bitrate_bps,
    )


def credits_of(directory: AvatarDirectory) -> pb.AvatarCredits:
    """Whose face it is."""
    manifest = directory.manifest
    return pb.AvatarCredits(
        name=directory.name,
        title=manifest.name,
        renderer=manifest.renderer,
        licence=manifest.licence,
        author=manifest.author,
    )
