"""A short clip: the avatar waits, listens, thinks, says a sentence, is glad, and looks about."""

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from visavis_render.animator import Animator
from visavis_render.animator.schedule import Cue
from visavis_render.avatar import AvatarDirectory, size_range
from visavis_render.backends import traits_of
from visavis_render.engine import Avatar, Behaviour, Emotion, FaceState, Gesture, Viseme
from visavis_render.manner import Manner
from visavis_render.showcase.speech import Speech

RATE_HZ, SIZE_PX, SEED = 25, 512, 5
SPEAKS_US = 4_000_000
AFTER_US = 3_500_000
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
X264 = {"preset": "veryfast", "crf": "21", "bf": "0"}
# A picture without sound still shows the mouth: this is what it seems to say.
SILENT = (
    *((Viseme.KK, 60), (Viseme.E, 80), (Viseme.NN, 60), (Viseme.O, 170), (Viseme.PP, 80), (Viseme.AA, 110)),
    *((Viseme.I, 60), (Viseme.NN, 60), (Viseme.PP, 70), (Viseme.SS, 80), (Viseme.FF, 60), (Viseme.U, 120)),
)


def silent_speech(rate_hz: int = 24_000) -> Speech:
    """Mouth shapes without sound."""
    cues, t = [], 20_000
    for viseme, ms in SILENT * 3:
        cues.append(Cue(viseme, t, ms * 1000, 0.85))
        t += ms * 1000
    return Speech(np.zeros(t * rate_hz // 1_000_000, np.int16), rate_hz, tuple(cues))


def faces(manner: Manner, speech: Speech) -> Iterator[FaceState]:
    """One for each frame of the clip."""
    animator = Animator(SEED, manner.profile, manner.lips, RATE_HZ)
    ends_us = SPEAKS_US + speech.duration_us
    for at_us, behaviour in (
        (900_000, Behaviour.LISTENING),
        (2_900_000, Behaviour.THINKING),
        (SPEAKS_US, Behaviour.SPEAKING),
        (ends_us, Behaviour.IDLE),
    ):
        animator.behaviours.set(behaviour, at_us, 0)
    animator.emotions.set((Emotion.HAPPY, 0.8), ends_us - 600_000, 0)
    animator.gestures.set(Gesture.NOD, ends_us + 700_000, 0)
    animator.gestures.set(Gesture.TILT, ends_us + 1_800_000, 0)
    animator.restore([Cue(c.viseme, SPEAKS_US + c.start_us, c.duration_us, c.intensity) for c in speech.cues])
    for number in range((ends_us + AFTER_US) * RATE_HZ // 1_000_000):
        yield animator.face_at(number * 1_000_000 // RATE_HZ)


def write_clip(
    directory: AvatarDirectory, avatar: Avatar, manner: Manner, speech: Speech | None, path: Path
) -> Path:
    """Draw and write the clip; the file says that face and voice are synthetic."""
    speech = speech or silent_speech()
    low, high = size_range(directory, traits_of(directory))
    size = min(high, max(low, SIZE_PX))
    renderer = avatar.open(size, "")
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as out:
        manifest = directory.manifest
        out.metadata.update(
            title=f"{manifest.name}, an avatar of visavis",
            comment="AI-generated: the face and the voice are synthetic. Made by visavis avatar preview.",
            copyright=f"{manifest.licence}, {manifest.author}",
            description=json.dumps({"ai_generated": True, "digital_source_type": SOURCE_TYPE}),
        )
        video = out.add_stream("libx264", rate=RATE_HZ, options=X264)
        video.width = video.height = size
        video.pix_fmt = "yuv420p"
        sound = out.add_stream("aac", rate=speech.rate_hz)
        sound.bit_rate = 96_000
        _write_sound(out, sound, speech)
        for number, face in enumerate(faces(manner, speech)):
            frame = av.VideoFrame.from_ndarray(renderer.draw(face), format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, RATE_HZ)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path


def _write_sound(out: Any, stream: Any, speech: Speech) -> None:
    before, after = (np.zeros(us * speech.rate_hz // 1_000_000, np.int16) for us in (SPEAKS_US, AFTER_US))
    pcm = np.concatenate([before, speech.pcm, after])
    for start in range(0, len(pcm), 1024):
        frame = av.AudioFrame.from_ndarray(pcm[None, start : start + 1024], format="s16", layout="mono")
        frame.sample_rate = speech.rate_hz
        frame.pts, frame.time_base = start, Fraction(1, speech.rate_hz)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))
